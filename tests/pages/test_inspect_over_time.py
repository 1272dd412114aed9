"""Inspect, Over time: the course of a training in one component, asked for once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import FIRST, LAST
from tests.pages.stubs import NotingEngine

EARLY = np.array([0.1, 0.2, 0, 0, 0, 0.7, 0, 0, 0, 0], np.float32)


def course(steps: Sequence[int], layer_name: str, **_: Any) -> dict[str, Any]:
    """A layer whose values are the step, and a network that is sure of a 5 in the end."""
    maps = np.stack([np.full((4, 4, 32), step, np.float32) for step in steps])
    return {
        "read": list(steps),
        "damage": (),
        "maps": maps if layer_name.startswith("conv") else maps[:, 0, 0],
        "channels": 40,
        "probabilities": np.stack([EARLY, np.eye(10, dtype=np.float32)[5]]),
        "kernels": maps[:, :3, :3] / -LAST if layer_name.startswith("conv") else None,
        "filters": 32 if layer_name.startswith("conv") else 0,
    }


@pytest.fixture
def answering(engine: NotingEngine) -> NotingEngine:
    """An engine that answers with the course above."""
    data = datasets.load("digits").test
    engine.answers["over_time"] = course
    engine.answers["feature_maps"] = lambda image, layer_name, **_: {
        "maps": np.ones((8, 8, 32) if layer_name.startswith("conv") else 512, np.float32),
        "probabilities": EARLY,
        "image": data.images[0],
        "label": int(data.labels[image]) if isinstance(image, int) else None,
    }
    return engine


def opened(app: AppTest) -> AppTest:
    app.session_state["w-inspect-tabs"] = "Over time"
    app.run()
    assert not app.exception
    return app


def questions(engine: NotingEngine) -> list[dict[str, Any]]:
    return [arguments for task, arguments in engine.asked if task == "over_time"]


def test_the_course_of_the_layer_is_given_whole(open_page: OpenPage, answering: NotingEngine) -> None:
    run = recorded.finished()
    app = opened(open_page("inspect"))
    assert questions(answering) == [
        {"run_id": run.id, "steps": [FIRST, LAST], "image": 0, "layer_name": "conv2d"}
    ]
    given = screen.component(app, "w-over-time-conv2d")
    assert given["epochs"] == [1.0, 2.0]
    assert given["initial"] == 1
    np.testing.assert_allclose(given["probabilities"], [EARLY, np.eye(10)[5]], atol=1e-5)
    assert given["names"] == list(datasets.info("digits").class_names)
    assert given["actual"] == int(recorded.test_labels()[0])
    (maps,), (kernels,) = given["maps"], given["kernels"]
    assert (maps["tiles"], maps["leftOut"], maps["title"]) == (32, 8, "Feature maps of conv2d")
    assert maps["ends"] == [[FIRST, FIRST], [LAST, LAST]]
    assert (kernels["low"], kernels["high"]) == (-1, 1)
    assert kernels["ends"] == [[-0.5, -0.5], [-1, -1]]


def test_it_is_asked_for_once_and_follows_the_chosen_epoch(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = opened(open_page("inspect"))
    app.select_slider(key=f"w-step-{run.id}").set_value(FIRST).run()
    assert screen.component(app, "w-over-time-conv2d")["initial"] == 0
    assert len(questions(answering)) == 1
    app.number_input(key="w-image").set_value(3).run()
    assert [each["image"] for each in questions(answering)] == [0, 3]


def test_a_layer_without_kernels_shows_its_values_alone(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = open_page("inspect")
    app.button_group(key="w-layer").set_value("flatten").run()
    given = screen.component(opened(app), "w-over-time-flatten")
    assert given["kernels"] == []
    assert given["maps"][0]["title"] == "Values of flatten"
    assert (given["maps"][0]["width"], given["maps"][0]["height"]) == (1, 1)


def test_kernels_over_several_channels_are_said_to_be_a_mean(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = open_page("inspect")
    app.button_group(key="w-layer").set_value("conv2d_1").run()
    (kernels,) = screen.component(opened(app), "w-over-time-conv2d_1")["kernels"]
    assert kernels["title"] == "Kernels of conv2d_1, mean over 32 channels"


def test_one_kept_epoch_is_no_course(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.ended("stopped")
    app = opened(open_page("inspect"))
    assert screen.says(app, "Only one epoch's weights are kept so far.")
    assert questions(answering) == []


def test_a_worker_that_cannot_answer_is_said_in_words(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    del answering.answers["over_time"]
    app = opened(open_page("inspect"))
    assert screen.error(app) == "Nobody answers 'over_time' here."


def test_a_damaged_file_is_named_and_the_other_epochs_play(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    message = "The file weights-21.npz is damaged."
    answering.answers["over_time"] = lambda steps, layer_name, **_: {
        **course([LAST], layer_name),
        "damage": (message,),
        "probabilities": np.eye(10, dtype=np.float32)[[5]],
    }
    recorded.finished()
    app = opened(open_page("inspect"))
    assert message in [warning.value for warning in app.warning]
    assert screen.component(app, "w-over-time-conv2d")["epochs"] == [2.0]
