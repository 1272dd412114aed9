"""Inspect, Microscope: what is asked for a layer, what the browser is given, and what cannot be magnified."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from cnnlab.errors import RunError
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import LAST, MISTAKES
from tests.pages.stubs import NotingEngine
from tests.pages.test_inspect import open_tab, values

STRONGEST = 5


def of_layer(layer: str, image: int) -> np.ndarray:
    """Feature maps in which channel 5 has the largest value by magnitude, a negative one."""
    made = values(layer, image)
    made[..., STRONGEST].flat[0] = -9.0
    return made


def magnified(run_id: str, step: int, image: int, layer_name: str, channel: int) -> dict[str, Any]:
    """A made-up answer of the task, as it would be for this layer."""
    dense, first = layer_name.startswith("dense"), layer_name == "conv2d"
    shape = (512,) if dense else (8, 8, 1 if first or "pooling" in layer_name else 32)
    draw = np.random.default_rng(channel)
    window = {"rows": 3, "columns": 3, "stride": 1, "padding": "same", "dilation": 1}
    kernel = (512,) if dense else (3, 3, shape[2])
    return {
        "operation": "dense" if dense else "max" if "pooling" in layer_name else "convolution",
        "channel": channel,
        "image": datasets.load("digits").test.images[image],
        "input": draw.normal(size=shape).astype(np.float32),
        "input_channel": 0,
        "kernel": draw.normal(size=kernel).astype(np.float32),
        "window": {} if dense else window,
        "steps": [{"layer": layer_name, "kind": "bias", "numbers": {"bias": 0.5}}],
        "outputs": {layer_name: of_layer(layer_name, image)[..., channel : channel + 1].astype(np.float32)},
        "logits": draw.normal(size=10).astype(np.float32) if layer_name == "dense_1" else None,
    }


@pytest.fixture
def answering(engine: NotingEngine) -> NotingEngine:
    data = datasets.load("digits").test
    engine.answers["feature_maps"] = lambda run_id, step, image, layer_name: {
        "maps": of_layer(layer_name, image),
        "probabilities": recorded.answers(MISTAKES)[image],
        "image": data.images[image],
        "label": int(data.labels[image]),
    }
    engine.answers["microscope"] = magnified
    return engine


@pytest.fixture
def opened(open_page: OpenPage, answering: NotingEngine) -> AppTest:
    """Inspect with its tab Microscope open, on the first layer of a finished run."""
    recorded.finished()
    app = open_page("inspect", image="7")
    open_tab(app, "Microscope")
    return app


def choose(app: AppTest, layer: str) -> dict[str, Any]:
    """Choose a layer; what the component is given then."""
    app.button_group(key="w-layer").set_value(layer).run()
    assert not app.exception
    return screen.component(app, "w-microscope")


def numbers(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def asked(engine: NotingEngine) -> tuple[int, int, str, int]:
    """Step, image, layer and channel of the last question."""
    task, arguments = engine.asked[-1]
    assert task == "microscope"
    return tuple(arguments[name] for name in ("step", "image", "layer_name", "channel"))  # type: ignore[return-value]


def test_it_opens_at_the_channel_with_the_largest_value(opened: AppTest, answering: NotingEngine) -> None:
    assert asked(answering) == (LAST, 7, "conv2d", STRONGEST)
    assert opened.number_input(key="w-microscope-conv2d-32").value == STRONGEST
    assert screen.says(opened, "**Map**, from 0 to 31")


@pytest.mark.parametrize("layer", ["conv2d", "conv2d_1", "max_pooling2d", "dense", "dense_1"])
def test_the_browser_is_given_every_number(layer: str, opened: AppTest, answering: NotingEngine) -> None:
    given = choose(opened, layer)
    _, image, _, channel = asked(answering)
    answer = magnified("", LAST, image, layer, channel)
    assert (given["layer"], given["operation"], given["channel"]) == (layer, answer["operation"], channel)
    assert base64.b64decode(given["image"]) == answer["image"].tobytes()
    np.testing.assert_array_equal(numbers(given["input"]), answer["input"].ravel())
    assert given["inputShape"] == list(answer["input"].shape)
    np.testing.assert_array_equal(numbers(given["kernel"]), answer["kernel"].ravel())
    ((name, output),) = given["outputs"]
    assert name == layer
    np.testing.assert_array_equal(numbers(output), answer["outputs"][layer].ravel())
    (step,) = json.loads(given["steps"])
    assert step == {"layer": layer, "kind": "bias", "numbers": {"bias": 0.5}, "function": ""}
    assert not [key for key, value in given.items() if isinstance(value, dict)]


def test_each_row_knows_its_pixels_of_the_image(opened: AppTest) -> None:
    given = choose(opened, "conv2d_1")
    assert given["source"] == "conv2d"
    # Two 3×3 convolutions, padding same, on 8×8 pixels: five rows, cut at the edges.
    assert given["seesRows"] == [0, 3, 0, 4, 0, 5, 1, 6, 2, 7, 3, 8, 4, 8, 5, 8]
    dense = choose(opened, "dense")
    assert dense["laidOut"] == [4, 4, 32]
    assert dense["seesRows"] == [0, 4, 0, 6, 2, 8, 4, 8]
    assert choose(opened, "dense_1")["laidOut"] == []


def test_another_channel_is_asked_for(opened: AppTest, answering: NotingEngine) -> None:
    before = screen.component(opened, "w-microscope")["id"]
    opened.number_input(key="w-microscope-conv2d-32").set_value(30).run()
    assert asked(answering)[3] == 30
    assert screen.component(opened, "w-microscope")["id"] != before


def test_the_output_s_units_are_classes(opened: AppTest, answering: NotingEngine) -> None:
    given = choose(opened, "dense_1")
    greatest = int(of_layer("dense_1", 7).argmax())
    assert asked(answering)[3] == greatest
    assert given["names"] == [str(digit) for digit in range(10)]
    assert len(numbers(given["logits"])) == 10
    opened.selectbox(key="w-microscope-dense_1-10").set_value(4).run()
    assert asked(answering)[3] == 4


def test_the_channel_stays_while_the_image_changes(opened: AppTest, answering: NotingEngine) -> None:
    opened.number_input(key="w-microscope-conv2d-32").set_value(30).run()
    opened.number_input(key="w-image").set_value(8).run()
    assert asked(answering) == (LAST, 8, "conv2d", 30)


@pytest.mark.parametrize(
    ("layer", "said"),
    [("flatten", "Lays all values out as one vector"), ("dropout", "nothing in prediction")],
)
def test_a_layer_that_is_not_looked_into_says_what_it_does(
    layer: str, said: str, opened: AppTest, answering: NotingEngine
) -> None:
    opened.button_group(key="w-layer").set_value(layer).run()
    assert not opened.exception
    assert screen.says(opened, said)
    assert screen.says(opened, "The microscope has no single sum to show here.")
    assert "w-microscope" not in screen.components(opened)


def test_an_answer_that_does_not_come_is_said_in_one_line(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    def refuse(**_: Any) -> None:
        raise RunError("The worker is away.")

    answering.answers["microscope"] = refuse
    recorded.finished()
    app = open_page("inspect")
    open_tab(app, "Microscope")
    assert screen.error(app) == "The worker is away."
