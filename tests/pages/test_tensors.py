"""From picture to tensor: the numbers on the page are those of the image that is shown."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from tests.pages import screen
from tests.pages.conftest import LIMIT_SECONDS, OpenPage


def page(dataset: str) -> None:
    from cnnlab.ui import tensor_panel

    tensor_panel.panel(dataset)


def opened(dataset: str) -> AppTest:
    return AppTest.from_function(page, args=(dataset,), default_timeout=LIMIT_SECONDS).run()


def numbers(app: AppTest, key: str) -> list[float]:
    """What stands in the cells of a grid."""
    return [float(text) for text in screen.figure(app, key)["data"][1]["text"]]


def shapes(app: AppTest, first: str) -> list[str]:
    """The shapes in the table whose first column has this title."""
    return [row["Shape"].strip("`").replace("\u00a0", " ") for row in screen.table(app, first)]


def test_the_windows_numbers_are_shown_before_and_after_the_division() -> None:
    app = opened("digits")
    assert not app.exception
    before, after = numbers(app, "w-tensor-before"), numbers(app, "w-tensor-after")
    assert len(before) == 25
    np.testing.assert_allclose(after, np.array(before) / 255, atol=5e-4)
    data = datasets.load("digits", seed=0, validation_share=0.1)
    image = data.train.images[data.train.labels == 0][0, :, :, 0]
    windows = np.lib.stride_tricks.sliding_window_view(image, (5, 5)).reshape(-1, 25)
    assert before in windows.astype(float).tolist()


def test_the_label_of_the_chosen_class_becomes_a_one_at_its_place() -> None:
    app = opened("digits")
    app.selectbox(key="w-tensor-class-digits").set_value(7).run()
    assert screen.says(app, "**Label:** 7 → 7 → one-hot")
    assert numbers(app, "w-tensor-label") == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert screen.component(app, "w-tensor-image")["pictures"][0]["title"] == "7"


def test_another_image_has_other_numbers() -> None:
    app = opened("digits")
    before = numbers(app, "w-tensor-before")
    app.button(key="w-tensor-another").click().run()
    assert numbers(app, "w-tensor-before") != before


def test_a_grey_image_gets_its_channel_axis_and_ranks_go_from_0_to_4() -> None:
    app = opened("digits")
    assert shapes(app, "Step") == ["(8, 8)", "(8, 8, 1)", "(64, 8, 8, 1)"]
    assert [row["Rank"] for row in screen.table(app, "Rank")] == [
        "**0 · scalar:** the pixel in row 1, column 1",
        "**1 · vector:** the label, one-hot",
        "**2 · matrix:** one channel of the image",
        "**3 · image:** the image, all its channels",
        "**4 · batch:** 64 images for one training step",
    ]
    assert shapes(app, "Rank") == ["()", "(10,)", "(8, 8)", "(8, 8, 1)", "(64, 8, 8, 1)"]


@pytest.mark.usefixtures("shapes")
def test_a_colour_image_has_three_channels_to_choose_from() -> None:
    app = opened("shapes")
    assert shapes(app, "Step") == ["(32, 32, 3)", "(64, 32, 32, 3)"]
    red = numbers(app, "w-tensor-before")
    app.button_group(key="w-tensor-channel").set_value(2).run()
    assert not app.exception
    assert numbers(app, "w-tensor-before") != red


def test_without_the_images_there_is_a_word_in_their_place() -> None:
    app = opened("mnist")
    assert not app.exception
    assert screen.says(app, "once the data set is on this machine")


def test_the_data_page_shows_it(open_page: OpenPage) -> None:
    app = open_page("data")
    assert "w-tensor-image" not in screen.components(app)
    app.session_state["w-data-tab"] = "As the network sees them"
    app.run()
    assert not app.exception
    assert "w-tensor-image" in screen.components(app)
