"""Inspect with own images: an upload, a shot or a drawing goes through the network, whatever it is."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import streamlit as st
from PIL import Image, ImageDraw
from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from cnnlab.datasets.own.network_input import Layout, network_input, read
from cnnlab.ui.inspect import own
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import FIRST, LAST
from tests.pages.stubs import NotingEngine

PROBABILITIES = np.array([0.01, 0.02, 0.6, 0.3, 0.01, 0.01, 0.02, 0.01, 0.01, 0.01], np.float32)


@pytest.fixture
def answering(engine: NotingEngine) -> NotingEngine:
    """An engine that says 2 to every picture that is given, and the truth to every test image."""
    labels = recorded.test_labels()

    def feature_maps(image: int | np.ndarray, **_: Any) -> dict[str, Any]:
        given = isinstance(image, np.ndarray)
        return {
            "maps": np.ones((8, 8, 32), np.float32),
            "probabilities": PROBABILITIES if given else np.eye(10, dtype=np.float32)[labels[image]],
            "image": image,
            "label": None if given else int(labels[image]),
        }

    engine.answers["feature_maps"] = feature_maps
    return engine


@pytest.fixture(autouse=True)
def run() -> Any:
    """A finished training of digits."""
    return recorded.finished()


def seven(left: int = 60) -> bytes:
    """A PNG of 256×256 pixels: a seven in black ink on white paper."""
    sheet = Image.new("RGB", (256, 256), "white")
    ImageDraw.Draw(sheet).line([(left, 50), (left + 120, 50), (left + 50, 220)], "black", 18)
    return png(sheet)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def choose(app: AppTest, source: str) -> AppTest:
    app.segmented_control(key="w-inspect-source").set_value(source).run()
    assert not app.exception
    return app


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Give files to the page's uploader, all at once."""
    (uploader,) = app.file_uploader
    uploader.set_value([(name, content, "image/png") for name, content in files]).run()
    assert not app.exception
    return app


def asked(engine: NotingEngine) -> Any:
    """The image of the last question."""
    return engine.asked[-1][1]["image"]


def turned(content: bytes) -> np.ndarray:
    """What the network of the digits should see."""
    return network_input(read(content), (8, 8, 1), Layout(1.0)).pixels


def test_an_upload_goes_through_the_network_as_digits_are(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    app = upload(choose(open_page("inspect"), "Upload"), ("my seven.png", seven()))
    np.testing.assert_array_equal(asked(answering), turned(seven()))
    assert "What the network sees of **my seven.png**" in screen.texts(app)
    assert screen.says(app, "Inverted to light on dark, cut out, made 8 of 8 pixels large")
    rows = screen.component(app, "w-probabilities")["rows"]
    name, _, percent, *_ = rows[0]
    assert (name, percent) == ("2", "60.0%")
    assert not any(actual for *_, actual in rows)


def test_of_several_uploads_one_is_chosen(open_page: OpenPage, answering: NotingEngine) -> None:
    app = upload(choose(open_page("inspect"), "Upload"), ("a.png", seven(20)), ("b.png", seven(110)))
    assert "What the network sees of **b.png**" in screen.texts(app)
    shelf = screen.component(app, "w-inspect-shelf-Upload")
    assert [each["title"] for each in shelf["pictures"]] == ["a.png", "b.png"]
    app.session_state["cnnlab-inspect-chosen"] = {"Upload": shelf["pictures"][0]["id"]}
    app.run()
    assert "What the network sees of **a.png**" in screen.texts(app)
    np.testing.assert_array_equal(asked(answering), turned(seven(20)))


def test_a_picture_stays_when_layer_epoch_or_page_change(
    open_page: OpenPage, answering: NotingEngine, run: Any
) -> None:
    app = upload(choose(open_page("inspect", image="5"), "Upload"), ("a.png", seven()))
    app.button_group(key="w-layer").set_value("conv2d_1").run()
    app.select_slider(key=f"w-step-{run.id}").set_value(FIRST).run()
    app.switch_page("pages/evaluate.py").run()
    app.switch_page("pages/inspect.py").run()
    assert not app.exception
    np.testing.assert_array_equal(asked(answering), turned(seven()))
    assert answering.asked[-1][1]["step"] == FIRST != LAST


def test_an_address_of_a_test_image_leads_to_the_test_set(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    app = upload(choose(open_page("inspect"), "Upload"), ("a.png", seven()))
    app.query_params["image"] = "7"
    app.run()
    assert asked(answering) == 7
    choose(app, "Upload")
    np.testing.assert_array_equal(asked(answering), turned(seven()))
    choose(app, "Test set")
    assert asked(answering) == 7


def test_what_cannot_be_read_is_said_and_the_rest_is_taken(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    app = choose(open_page("inspect"), "Upload")
    upload(app, ("a.png", seven()), ("*notes*.png", b"a text file"))
    assert screen.error(app) == ("\\*notes\\*.png: not a picture that can be read. Choose another picture.")
    assert "What the network sees of **a.png**" in screen.texts(app)
    choose(app, "Test set")
    assert not app.error


def test_without_a_picture_the_page_shows_a_test_image(open_page: OpenPage, answering: NotingEngine) -> None:
    app = choose(open_page("inspect"), "Upload")
    upload(app, ("notes.png", b"a text file"))
    assert asked(answering) == 0
    assert screen.says(app, "Until then, this is an image of the test set:")
    assert screen.components(app) == ["w-probabilities", "w-maps-conv2d"]


def test_the_newest_pictures_are_kept(
    open_page: OpenPage, answering: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "KEPT", 2)
    app = choose(open_page("inspect"), "Upload")
    upload(app, *[(f"{number}.png", seven(20 + number)) for number in range(3)])
    shelf = screen.component(app, "w-inspect-shelf-Upload")
    assert [each["title"] for each in shelf["pictures"]] == ["1.png", "2.png"]


def test_a_drawing_goes_through_the_network(
    open_page: OpenPage, answering: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*, key: str, label: str, on_drawn: Any) -> None:
        st.button(label, key=key, on_click=on_drawn, args=(seven(),))

    monkeypatch.setattr(own, "sketch", pressed)
    app = choose(open_page("inspect"), "Draw")
    assert asked(answering) == 0
    app.button(key="w-inspect-draw").click().run()
    assert not app.exception
    np.testing.assert_array_equal(asked(answering), turned(seven()))
    assert "What the network sees of **your drawing**" in screen.texts(app)


def test_a_picture_stays_though_the_browser_still_sends_the_box_that_it_replaced(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    app = open_page("inspect")
    box = app.number_input(key="w-image")._widget_state
    upload(choose(app, "Upload"), ("seven.png", seven()))
    states = app._tree.get_widget_states()
    states.widgets.append(box)
    app._run(states)
    assert not app.exception
    assert "image" not in app.query_params
    assert "What the network sees of **seven.png**" in screen.texts(app)


def test_the_page_says_what_the_webcam_needs(
    open_page: OpenPage, answering: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = choose(open_page("inspect"), "Webcam")
    assert screen.says(
        app, "Browsers open the webcam only over HTTPS or on localhost, and only if you allow it."
    )
    monkeypatch.setattr("cnnlab.ui.camera.urlsplit", lambda _: _Insecure())
    app.run()
    assert not app.exception
    assert [each.value.split(".")[0] for each in app.warning] == [
        "Browsers open the webcam only for pages with HTTPS, or on the machine itself"
    ]
    assert asked(answering) == 0


class _Insecure:
    scheme, hostname = "http", "lab.example.org"


def test_a_network_of_colours_gets_colours(open_page: OpenPage, answering: NotingEngine) -> None:
    from cnnlab.spec import presets

    design = presets.preset("shapes").design
    other = recorded.finished(name="shapes", design=design)
    answering.answers["feature_maps"] = lambda image, **_: {
        "maps": np.ones((4, 4, 2), np.float32),
        "probabilities": np.eye(design.architecture.classes, dtype=np.float32)[0],
        "image": image,
        "label": None if isinstance(image, np.ndarray) else 0,
    }
    app = upload(choose(open_page("inspect", run=other.id), "Upload"), ("a.png", seven()))
    assert asked(answering).shape == datasets.info("shapes").image_shape
    assert screen.says(app, "Resized to 32×32 pixels.")
