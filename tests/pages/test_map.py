"""Evaluate's tab Map: known points, as the page shows and tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cnnlab.errors import RunError
from cnnlab.runs import get_store
from cnnlab.ui.components.images import Picture
from cnnlab.ui.components.scatter import levels
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import FIRST, LAST, MISTAKES
from tests.pages.stubs import NotingEngine


def first_mistake() -> tuple[int, int, int]:
    """The first of the mistakes, which are all as sure: image, class and answer."""
    labels, called = recorded.test_labels(), recorded.answers(MISTAKES).argmax(axis=1)
    image = int(np.flatnonzero(called != labels)[0])
    return image, int(labels[image]), int(called[image])


def points() -> np.ndarray:
    """A row a class: images of class k stand at height k, one beside the other."""
    labels = recorded.test_labels()
    return np.stack([np.arange(len(labels)) / 1000, labels], axis=1).astype(np.float32)


@pytest.fixture
def answering(engine: NotingEngine) -> NotingEngine:
    """An engine that lays the images out in rows, and by t-SNE only every second one in columns."""
    st.cache_data.clear()

    def projection(run_id: str, step: int, method: str, limit: int, seed: int) -> dict[str, Any]:
        if method == "PCA":
            return {
                "images": np.arange(len(points())),
                "points": points(),
                "shares": (0.5, 0.12),
                "width": 512,
            }
        some = points()[::2]
        return {
            "images": np.arange(0, len(points()), 2),
            "points": some[:, ::-1],
            "shares": None,
            "width": 512,
        }

    engine.answers["projection"] = projection
    return engine


def opened(open_page: OpenPage) -> AppTest:
    app = open_page("evaluate")
    app.session_state["w-evaluate-tabs"] = "Map"
    app.run()
    assert not app.exception
    return app


def choose(app: AppTest, image: int) -> None:
    app.number_input(key="w-map-image").set_value(image).run()
    assert not app.exception


def test_every_test_image_is_a_dot_with_its_class_and_answer(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    sent = screen.component(opened(open_page), "w-map")
    answers = recorded.answers(MISTAKES)
    assert sent["images"] == list(range(359))
    assert sent["labels"] == recorded.test_labels().tolist()
    assert sent["called"] == answers.argmax(axis=1).tolist()
    assert set(sent["sure"]) == {91, 55}
    assert sent["names"] == list("0123456789")
    assert (min(sent["y"]), max(sent["y"])) == (0, 10_000)
    assert max(sent["x"]) == round(0.358 / 9 * 10_000), "one scale for both directions"
    assert answering.asked == [
        (
            "projection",
            {"run_id": run.id, "step": LAST, "method": "PCA", "limit": 2_000, "seed": 0},
        )
    ]


def test_the_map_is_told_in_words_and_to_screen_readers(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page)
    assert screen.says(
        app, "Of 100 images **100** have an image of their own class as nearest neighbour here"
    )
    assert screen.says(app, "here; by chance it would be 10.")
    assert screen.says(
        app,
        "The two directions hold **62%** of the variance of the images' 512 values (50% to the right, 12% "
        "upwards).",
    )
    assert screen.says(app, "that they are called: **0** of 12.")
    assert screen.says(app, "359 test images. Each is 512 values, those of the layer before the output")
    label = screen.component(app, "w-map")["label"]
    assert label.startswith("Map of 359 test images of 10 classes by PCA; 12 of them have a ring because")
    assert "Of 100 images 100 have an image of their own class" in label


def test_the_surest_mistake_is_shown_first_with_its_way_to_inspect(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = opened(open_page)
    image, actual, called = first_mistake()
    assert app.number_input(key="w-map-image").value == image
    assert screen.component(app, "w-map")["selected"] == image
    assert screen.says(app, f"Test image **{image}**: **{actual}**, called **{called}** (55.0% sure)")
    assert screen.links(app, "Open in Inspect") == [f"run={run.id}&image={image}"]


def test_another_image_is_shown_with_its_nearest_on_the_map(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page)
    labels = recorded.test_labels()
    image = int(np.flatnonzero(labels == 4)[-1])
    choose(app, image)
    assert screen.component(app, "w-map")["selected"] == image
    assert screen.says(app, f"Test image **{image}**: **4**, rightly called so (91.0% sure)")
    shown = screen.component(app, f"w-map-neighbours-{image}")["pictures"]
    assert [int(each["id"]) for each in shown] == np.flatnonzero(labels == 4)[-7:-1][::-1].tolist()


def test_a_chosen_dot_is_shown_and_a_neighbour_opens_in_inspect(
    open_page: OpenPage, answering: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dots(_: np.ndarray, *, on_select: Callable[[int], None], **__: Any) -> None:
        st.button("dot", key="dot-40", on_click=on_select, args=(40,))

    def buttons(pictures: list[Picture], **_: Any) -> str | None:
        return pictures[2].id if st.button("third", key="third") else None

    monkeypatch.setattr("cnnlab.ui.map_panel.scatter", dots)
    monkeypatch.setattr("cnnlab.ui.map_panel.images", buttons)
    run = recorded.finished()
    app = opened(open_page)
    app.button(key="dot-40").click().run()
    assert app.number_input(key="w-map-image").value == 40
    assert screen.says(app, "Test image **40**:")
    labels = recorded.test_labels()
    same = np.flatnonzero(labels == labels[40])
    nearest = sorted((each for each in same if each != 40), key=lambda each: abs(each - 40))
    app.button(key="third").click().run()
    assert app.query_params["run"] == run.id
    assert abs(int(app.query_params["image"]) - 40) == abs(nearest[2] - 40)


def test_t_sne_is_asked_for_when_it_is_chosen_and_each_map_once(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = opened(open_page)
    for method in ("t-SNE", "PCA", "t-SNE"):
        app.button_group(key="w-map-method").set_value(method).run()
        assert not app.exception
    assert [arguments["method"] for _, arguments in answering.asked] == ["PCA", "t-SNE"]
    sent = screen.component(app, "w-map")
    assert sent["images"] == list(range(0, 359, 2))
    assert sent["labels"] == recorded.test_labels()[::2].tolist()
    assert screen.says(app, "180 of 359 test images, drawn by lot.")
    assert not screen.says(app, "of the variance")
    app.select_slider(key=f"w-step-{run.id}").set_value(FIRST).run()
    assert answering.asked[-1][1]["step"] == FIRST


def test_an_image_that_is_not_on_the_map_is_shown_and_said_so(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page)
    app.button_group(key="w-map-method").set_value("t-SNE").run()
    choose(app, 7)
    assert screen.says(app, "This image is not among those on the map.")
    assert screen.says(app, "Test image **7**:")
    assert not [key for key in screen.components(app) if key.startswith("w-map-neighbours")]


@pytest.mark.parametrize("kind", ["perfect", "constant"])
def test_odd_predictors_have_a_map_too(kind: str, open_page: OpenPage, answering: NotingEngine) -> None:
    run = recorded.finished()
    labels = recorded.test_labels()
    answers = np.eye(10, dtype=np.float32)[np.ones_like(labels) if kind == "constant" else labels]
    get_store().files(run.id).write_evaluation(LAST, answers, labels, 0.5)
    still = {
        "images": np.arange(359),
        "points": np.zeros((359, 2), np.float32),
        "shares": (0.0, 0.0),
        "width": 512,
    }
    answering.answers["projection"] = lambda **_: still
    app = opened(open_page)
    assert screen.says(
        app, "All images have the same 512 values: the network tells none of them from another."
    )
    sent = screen.component(app, "w-map")
    assert set(sent["x"]) == set(sent["y"]) == {0}
    assert sent["selected"] == (0 if kind == "perfect" else int(np.flatnonzero(labels != 1)[0]))


def test_what_went_wrong_is_said_in_words_and_pca_stays(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page)

    def refused(**_: Any) -> None:
        raise RunError("t-SNE: expected 5 or more test images. Received 4. Choose PCA.")

    answering.answers["projection"] = refused
    app.button_group(key="w-map-method").set_value("t-SNE").run()
    assert screen.error(app) == "t-SNE: expected 5 or more test images. Received 4. Choose PCA."
    assert "w-map" not in screen.components(app)
    app.button_group(key="w-map-method").set_value("PCA").run()
    assert not app.error
    assert "w-map" in screen.components(app)


def test_points_travel_as_whole_numbers_of_one_scale() -> None:
    x, y = levels(np.array([[-1.0, 5], [1, 5], [0, 6]], np.float32))
    assert (x, y) == ([0, 10_000, 5_000], [0, 0, 5_000])
    assert levels(np.full((2, 2), 3.0)) == ([0, 0], [0, 0])
