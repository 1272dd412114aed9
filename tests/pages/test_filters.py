"""Inspect's tab Filters: known answers, as the page tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from cnnlab.errors import EngineError
from cnnlab.runs.excitation import Excitation
from cnnlab.ui.components.images import Picture
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import FIRST, LAST, MISTAKES
from tests.pages.stubs import NotingEngine

SIZES: dict[str, tuple[int, ...]] = {
    "conv2d": (8, 8, 32),
    "conv2d_1": (8, 8, 32),
    "flatten": (512,),
    "dense_1": (10,),
}
DEAD = {"conv2d": (3, 17), "conv2d_1": (), "flatten": tuple(range(0, 512, 2)), "dense_1": ()}
STRONGEST = 5


def answer(layer: str) -> Excitation:
    """Filter f's best image is f, the next f + 1 and so on; its place is row 2, column 4."""
    filters = SIZES[layer][-1]
    values = np.linspace(2, 1, 9, dtype=np.float32) * np.ones((filters, 1), np.float32)
    values[STRONGEST] *= 2
    values[list(DEAD[layer])] = 0
    return Excitation(
        images=(np.arange(filters)[:, None] % 300 + np.arange(9)).astype(np.int32),
        values=values,
        places=np.broadcast_to(np.array([2, 4], np.int32), (filters, 9, 2)).copy(),
        minimum=np.zeros(filters, np.float32),
        maximum=values[:, 0],
        active=np.where(values[:, 0] > 0, np.float32(0.25), np.float32(0)),
        count=359,
    )


@pytest.fixture
def answering(engine: NotingEngine) -> NotingEngine:
    """An engine that answers the tab's questions with what is known."""
    st.cache_data.clear()
    data = datasets.load("digits").test

    def feature_maps(run_id: str, step: int, image: int, layer_name: str) -> dict[str, Any]:
        return {
            "maps": np.ones(SIZES[layer_name], np.float32),
            "probabilities": recorded.answers(MISTAKES)[image],
            "image": data.images[image],
            "label": int(data.labels[image]),
        }

    def wanted(run_id: str, step: int, layer_name: str, filter_index: int, seed: int) -> dict[str, Any]:
        moved = filter_index not in DEAD[layer_name]
        return {
            "image": np.full((8, 8, 1), 0.5, np.float32),
            "value": 9.5 if moved else 0.0,
            "start": 0.125 if moved else 0.0,
            "place": (4, 4),
        }

    engine.answers["feature_maps"] = feature_maps
    engine.answers["excitation"] = lambda run_id, step, layer_name: answer(layer_name)
    engine.answers["wanted_image"] = wanted
    return engine


def opened(open_page: OpenPage, layer: str = "conv2d") -> AppTest:
    """The tab, for a layer."""
    app = open_page("inspect")
    if layer != "conv2d":
        app.button_group(key="w-layer").set_value(layer).run()
    app.session_state["w-inspect-tabs"] = "Filters"
    app.run()
    assert not app.exception
    return app


def choose(app: AppTest, layer: str, index: int) -> None:
    """Choose a filter, as a click on its tile does."""
    app.session_state[f"cnnlab-filter-{layer}"] = index
    app.run()
    assert not app.exception


def questions(engine: NotingEngine, task: str) -> list[dict[str, Any]]:
    return [arguments for asked, arguments in engine.asked if asked == task]


def test_dead_filters_are_counted_named_and_crossed_out(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page)
    assert screen.says(
        app, "32 filters · **2 dead** (never active on the 359 test images, crossed out): 3, 17"
    )
    grid = screen.component(app, "w-filters-conv2d")
    assert (grid["count"], grid["noun"], grid["height"], grid["width"]) == (32, "filter", 3, 3)
    assert [k for k, held in enumerate(grid["statistics"]) if held == [0, 0, 1]] == [3, 17]


def test_many_dead_units_are_counted_and_the_first_named(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page, "flatten")
    assert screen.says(app, "512 units · **256 dead**")
    assert screen.says(app, ": 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, … · each other tile")


def test_a_layer_whose_filters_all_live_says_so(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page, "conv2d_1")
    assert screen.says(
        app, "32 filters · none is dead · each tile: the part of a test image that excites it most"
    )
    assert screen.says(app, "most (slate: outside the image)"), "its padding is same"


def test_the_strongest_filter_is_shown_first_with_its_nine_images(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page)
    assert screen.component(app, "w-filters-conv2d")["initial"] == STRONGEST
    assert screen.says(
        app, "**Filter 5** is above 0 somewhere in **25.0%** of the 359 test images and reaches **4**."
    )
    nine = screen.component(app, "w-nine-conv2d")
    labels = recorded.test_labels()
    assert [each["id"] for each in nine["pictures"]] == [str(image) for image in range(5, 14)]
    assert [each["title"] for each in nine["pictures"]] == [
        f"{value:.3g}" for value in np.linspace(4, 2, 9, dtype=np.float32)
    ]
    assert [each["caption"] for each in nine["pictures"]] == [str(label) for label in labels[5:14]]
    assert nine["height"] == nine["width"] == 112, "the whole image, with its field marked"


def test_the_receptive_field_can_be_cut_out(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page)
    app.button_group(key="w-filter-crop").set_value("Cut out").run()
    assert not app.exception
    nine = screen.component(app, "w-nine-conv2d")
    assert (nine["height"], nine["width"]) == (3, 3)


def test_units_see_the_whole_image_so_nothing_is_cut_out(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page, "dense_1")
    assert [group.key for group in app.button_group if group.key == "w-filter-crop"] == []
    assert screen.says(app, "**Unit 5** (5) is above 0 in **25.0%** of")
    assert screen.says(app, "10 units · none is dead · each tile: the test image that excites it most")
    assert screen.component(app, "w-filters-dense_1")["height"] == 8


def test_the_wanted_image_is_made_for_the_chosen_filter(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page)
    assert screen.says(app, "It reaches **9.5**; the noise gave 0.125.")
    choose(app, "conv2d", 11)
    asked = questions(answering, "wanted_image")
    assert [each["filter_index"] for each in asked] == [STRONGEST, 11]
    assert {(each["step"], each["layer_name"]) for each in asked} == {(LAST, "conv2d")}
    choose(app, "conv2d", STRONGEST)
    assert len(questions(answering, "wanted_image")) == 2, "what was made is kept"


def test_a_dead_filter_has_no_images_and_nothing_that_it_wants(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page)
    choose(app, "conv2d", 17)
    assert screen.says(app, "**Filter 17** is dead: it gives 0 everywhere, whatever the test image.")
    assert screen.says(app, "No change of the noise moves it: it stays at 0.")
    assert "w-nine-conv2d" not in screen.components(app)


def test_a_filter_that_is_constant_and_not_0_is_not_called_dead(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    def saturated(run_id: str, step: int, layer_name: str) -> Excitation:
        found = answer(layer_name)
        found.minimum[17] = found.maximum[17] = 1.0
        return found

    answering.answers["excitation"] = saturated
    recorded.finished()
    app = opened(open_page)
    assert screen.says(
        app, "32 filters · **2 constant** (the same everywhere, whatever the test image, crossed out): 3, 17"
    )
    choose(app, "conv2d", 17)
    assert screen.says(app, "**Filter 17** is constant: it gives 1 everywhere, whatever the test image.")


def test_a_click_on_an_image_looks_at_it(
    open_page: OpenPage, answering: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buttons(pictures: list[Picture], *, on_click: Callable[[str], None], **_: Any) -> None:
        for each in pictures:
            st.button(each.id, key=f"click-{each.id}", on_click=on_click, args=(each.id,))

    monkeypatch.setattr("cnnlab.ui.inspect.filters.images", buttons)
    recorded.finished()
    app = opened(open_page)
    app.button(key="click-9").click().run()
    assert not app.exception
    assert app.query_params["image"] == "9"
    assert app.number_input(key="w-image").value == 9


def test_the_weights_of_another_epoch_have_their_own_answer(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = opened(open_page)
    app.select_slider(key=f"w-step-{run.id}").set_value(FIRST).run()
    assert not app.exception
    assert {each["step"] for each in questions(answering, "excitation")} == {FIRST, LAST}
    assert questions(answering, "wanted_image")[-1]["step"] == FIRST


@pytest.mark.parametrize("task", ["excitation", "wanted_image"])
def test_a_worker_that_cannot_answer_is_said_in_words(
    task: str, open_page: OpenPage, answering: NotingEngine
) -> None:
    def lost(**_: Any) -> None:
        raise EngineError("The worker is gone.")

    answering.answers[task] = lost
    recorded.finished()
    app = opened(open_page)
    assert screen.error(app) == "The worker is gone."
    assert ("w-filters-conv2d" in screen.components(app)) == (task == "wanted_image")
