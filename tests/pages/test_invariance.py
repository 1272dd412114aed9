"""Is it really invariant? One question an image and kind, the sweep in the browser, the finding in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from cnnlab.ui import words
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import LAST, MISTAKES
from tests.pages.stubs import NotingEngine

CALLED = {"right": (8, 7, 7, 7, 7, 7, 1)}


@pytest.fixture
def answering(engine: NotingEngine) -> NotingEngine:
    """An engine that says '7' from −2 to 2 pixels, '8' before and '1' behind; else always '7'."""
    st.cache_data.clear()
    data = datasets.load("digits").test

    def feature_maps(run_id: str, step: int, image: int, layer_name: str) -> dict[str, Any]:
        return {
            "maps": np.zeros((8, 8, 32), np.float32),
            "probabilities": recorded.answers(MISTAKES)[image],
            "image": data.images[image],
            "label": int(data.labels[image]),
        }

    def invariance(run_id: str, step: int, images: np.ndarray) -> dict[str, Any]:
        called = np.array(CALLED["right"] if len(images) == 7 else [7] * len(images))
        shares = np.full((len(images), 10), 0.01, np.float32)
        shares[np.arange(len(images)), called] = 0.91
        return {"probabilities": shares}

    engine.answers |= {"feature_maps": feature_maps, "invariance": invariance}
    return engine


def open_tab(open_page: OpenPage, image: int) -> AppTest:
    app = open_page("inspect", image=str(image))
    app.session_state["w-inspect-tabs"] = "Is it really invariant?"
    app.run()
    assert not app.exception
    return app


def questions(engine: NotingEngine) -> list[dict[str, Any]]:
    return [arguments for task, arguments in engine.asked if task == "invariance"]


def seven() -> int:
    """The first test image of a 7."""
    return int(np.flatnonzero(recorded.test_labels() == 7)[0])


def test_all_positions_are_asked_about_at_once_and_once(open_page: OpenPage, answering: NotingEngine) -> None:
    run = recorded.finished()
    app = open_tab(open_page, seven())
    (question,) = questions(answering)
    assert (question["run_id"], question["step"]) == (run.id, LAST)
    pixels = datasets.load("digits").test.images[seven()]
    assert question["images"].shape == (7, 8, 8, 1)
    np.testing.assert_array_equal(question["images"][3], pixels)
    np.testing.assert_array_equal(question["images"][4][:, 1:], pixels[:, :-1])
    app.run()
    assert len(questions(answering)) == 1
    app.number_input(key="w-image").set_value(seven() + 1).run()
    assert len(questions(answering)) == 2


def test_how_far_the_answer_stays_is_said(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = open_tab(open_page, seven())
    said = "Stays '7' from −2 to 2 pixels. Beyond: '8' at −3 pixels, '1' at 3 pixels."
    assert screen.says(app, f"**{words.plain(said)}**")
    given = screen.component(app, "w-invariance")
    assert given["words"] == said
    assert given["labels"][0] == "−3 pixels"
    assert given["neutral"] == 3
    assert given["stretches"] == [[0, 0, "8"], [1, 5, "7"], [6, 6, "1"]]
    assert given["top"][3][0] == ["7", pytest.approx(0.91), "right"]
    assert given["top"][0][0] == ["8", pytest.approx(0.91), "other"]
    ((name, role, shares),) = given["curves"]
    assert (name, role, len(shares)) == ("7", "right", 7)


def test_an_image_that_is_called_by_a_wrong_name_has_both_curves(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    three = int(np.flatnonzero(recorded.test_labels() == 3)[0])
    given = screen.component(open_tab(open_page, three), "w-invariance")
    assert [(name, role) for name, role, _ in given["curves"]] == [("7", "wrong"), ("3", "right")]


@pytest.mark.parametrize(
    ("kind", "count", "said"),
    [
        ("turn", 73, "Stays '7' over the whole range, −180° to 180°: at least 91% sure."),
        ("scale", 25, "Stays '7' over the whole range, 0.50× to 2.00×: at least 91% sure."),
    ],
)
def test_another_change_is_another_question(
    kind: str, count: int, said: str, open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = open_tab(open_page, seven())
    app.segmented_control(key="w-invariance-kind").set_value(kind).run()
    assert not app.exception
    assert len(questions(answering)[-1]["images"]) == count
    assert screen.says(app, words.plain(said))


def test_what_comes_in_can_be_the_other_side(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = open_tab(open_page, seven())
    app.selectbox(key="w-invariance-edge").set_value("around").run()
    pixels = datasets.load("digits").test.images[seven()]
    np.testing.assert_array_equal(questions(answering)[-1]["images"][5], np.roll(pixels, 2, axis=1))


def test_a_worker_that_cannot_answer_is_said_in_words(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    del answering.answers["invariance"]
    app = open_tab(open_page, seven())
    assert screen.error(app) == "Nobody answers 'invariance' here."
