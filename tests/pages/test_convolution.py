"""Convolution: which image or example the browser is given, and what is said of one that cannot be shown."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cnnlab.analysis.convolution import EXAMPLES
from cnnlab.ui import convolution_images
from tests.pages import screen
from tests.pages.conftest import OpenPage


def given(app: AppTest) -> dict[str, Any]:
    return screen.component(app, "convolution")


def choose(app: AppTest, source: str) -> AppTest:
    return app.segmented_control(key="w-cv-source").set_value(source).run()


def pixels(data: dict[str, Any]) -> np.ndarray:
    shape = data["height"], data["width"], data["channels"]
    return np.frombuffer(base64.b64decode(data["bytes"]), np.uint8).reshape(shape)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_the_page_opens_with_a_photograph_of_64_pixels(open_page: OpenPage) -> None:
    app = open_page("convolution")
    assert not app.exception
    data = given(app)
    assert (data["height"], data["width"], data["channels"]) == (43, 64, 3)
    assert "example" not in data


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_worked_example_is_one_click(name: str, open_page: OpenPage) -> None:
    app = choose(open_page("convolution"), name)
    example, data = EXAMPLES[name], given(app)
    assert data["numbers"] == [value for row in example.image for value in row]
    assert data["example"]["settings"] == example.settings
    assert screen.says(app, example.story)


def test_an_address_opens_a_worked_example(open_page: OpenPage) -> None:
    assert given(open_page("convolution", example="t3"))["numbers"] == [2, 3, 0, 2, 1.5, 0.5]
    app = open_page("convolution", example="t9")
    assert "bytes" in given(app)
    assert screen.error(app).startswith("There is no example 't9'. Known are t2")


def test_another_size_is_another_picture(open_page: OpenPage) -> None:
    app = open_page("convolution")
    app.selectbox(key="w-cv-side").set_value(224).run()
    assert (given(app)["height"], given(app)["width"]) == (149, 224)


def test_an_image_of_the_designs_data_set(open_page: OpenPage) -> None:
    from cnnlab import datasets

    app = choose(open_page("convolution"), "data")
    app.number_input(key="w-cv-index").set_value(7).run()
    np.testing.assert_array_equal(pixels(given(app)), datasets.load("digits").images[7])


def test_an_upload_is_shown_upright_and_small(open_page: OpenPage) -> None:
    app = choose(open_page("convolution"), "upload")
    sideways = Image.new("RGB", (300, 100), "red")
    exif = sideways.getexif()
    exif[0x0112] = 6  # held upright
    file = io.BytesIO()
    sideways.save(file, "JPEG", exif=exif)
    app.file_uploader(key="w-cv-upload").set_value(("held.jpg", file.getvalue(), "image/jpeg")).run()
    assert (given(app)["height"], given(app)["width"]) == (64, 21)
    assert not screen.says(app, "Until then")


@pytest.mark.parametrize("source", ["upload", "camera", "draw"])
def test_until_a_picture_has_come_the_window_slides_over_the_photograph(
    source: str, open_page: OpenPage
) -> None:
    app = open_page("convolution")
    photograph = given(app)["id"]
    choose(app, source)
    assert screen.says(app, "Until then, the window slides over a photograph:")
    assert given(app)["id"] == photograph


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no picture", "bad.png: not a picture that can be read. Choose another picture."),
        (png(Image.new("1", (9000, 9000))), "bad.png: larger than 50 megapixels: it has 9,000×9,000. "),
        (png(Image.new("RGB", (50, 50), "blue"))[:-40], "bad.png: damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_answered_in_one_line(
    content: bytes, said: str, open_page: OpenPage
) -> None:
    app = choose(open_page("convolution"), "upload")
    app.file_uploader(key="w-cv-upload").set_value(("bad.png", content, "image/png")).run()
    assert not app.exception
    assert screen.error(app).startswith(said)
    assert screen.says(app, "Until then")


@pytest.mark.parametrize(
    ("image", "colour"),
    [
        (Image.new("CMYK", (20, 10), (0, 255, 255, 0)), [254, 0, 0]),
        (Image.fromarray(np.full((10, 20), 65_535, np.uint16)), [255, 255, 255]),
        (Image.new("P", (20, 10)), [0, 0, 0]),
        (Image.new("RGBA", (20, 10), (0, 0, 0, 0)), [255, 255, 255]),
        (Image.new("L", (1, 1), 77), [77, 77, 77]),
    ],
    ids=["CMYK", "16 bits", "palette", "transparent", "1×1"],
)
def test_any_kind_of_picture_becomes_8_bits_of_colour(image: Image.Image, colour: list[int]) -> None:
    file = io.BytesIO()
    image.save(file, "TIFF" if image.mode == "CMYK" else "PNG")
    shown = convolution_images.opened(file.getvalue(), "any", 64)
    assert shown is not None
    assert shown.dtype == np.uint8
    assert np.abs(shown[0, 0].astype(int) - colour).max() <= 1


def test_what_was_chosen_stays_when_the_page_is_left(open_page: OpenPage) -> None:
    app = choose(open_page("convolution"), "t2")
    app.switch_page("pages/runs.py").run()
    app.switch_page("pages/convolution.py").run()
    assert given(app)["numbers"][0] == 10
