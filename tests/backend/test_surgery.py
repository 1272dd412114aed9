"""Edited networks against Keras models whose weights were changed by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from cnnlab.backend import surgery
from cnnlab.backend.evaluate import evaluate
from cnnlab.backend.load import loaded, model
from cnnlab.backend.surgery import edited_accuracy, edited_maps
from cnnlab.datasets import Dataset
from cnnlab.errors import RunError, SpecError
from cnnlab.runs import RunFiles, RunRow, get_store
from cnnlab.spec.design import Design
from cnnlab.spec.layers import BatchNormalization, Conv2D, DepthwiseConv2D, Flatten, SeparableConv2D

Change = Callable[[dict[str, np.ndarray]], None]

PAINTED = ((0.5, -1.0, 0.25), (2.0, 0.0, -0.5), (-0.125, 1.0, 1.5))


def _off(weights: dict[str, np.ndarray]) -> None:
    weights["conv2d/kernel"][..., 2] = 0
    weights["conv2d/bias"][2] = 0


def _scaled(weights: dict[str, np.ndarray]) -> None:
    weights["conv2d/kernel"][..., 1] *= -1.5


def _painted(weights: dict[str, np.ndarray]) -> None:
    weights["conv2d/kernel"][:, :, 0, 3] = PAINTED


def _unit(weights: dict[str, np.ndarray]) -> None:
    weights["dense/kernel"][:, 7] = 0
    weights["dense/bias"][7] = 0


def _all(weights: dict[str, np.ndarray]) -> None:
    for change in (_off, _scaled, _painted, _unit):
        change(weights)


OFF = {"kind": "SwitchOff", "layer": "conv2d", "filter": 2}
SCALED = {"kind": "Scale", "layer": "conv2d", "filter": 1, "factor": -1.5}
REPAINTED = {"kind": "Repaint", "layer": "conv2d", "filter": 3, "channel": 0, "values": PAINTED}
UNIT = {"kind": "SwitchOff", "layer": "dense", "filter": 7}

CASES = pytest.mark.parametrize(
    ("edits", "change"),
    [
        ([OFF], _off),
        ([SCALED], _scaled),
        ([REPAINTED], _painted),
        ([UNIT], _unit),
        ([OFF, SCALED, REPAINTED, UNIT], _all),
    ],
    ids=["switch off", "scale", "repaint", "unit", "all"],
)


def by_hand(run: RunRow, change: Change, step: int | None = None) -> keras.Model:
    """The run's model with its weights changed by hand."""
    found = model(run.id, step)
    weights = {f"{layer.name}/{w.name}": w for layer in found.layers for w in layer.weights}
    values = {name: weight.numpy() for name, weight in weights.items()}
    change(values)
    for name, weight in weights.items():
        weight.assign(values[name])
    return found


def predicted(found: keras.Model, data: Dataset) -> np.ndarray:
    """Logits of the test images."""
    return np.asarray(found.predict(data.test.images.astype(np.float32) / 255, verbose=0))


@CASES
def test_maps_and_probabilities_are_those_of_a_model_changed_by_hand(
    edits: list[dict[str, Any]], change: Change, finished: RunRow, data: Dataset
) -> None:
    plain, changed = model(finished.id), by_hand(finished, change)
    pixels = data.test.images[17:18].astype(np.float32) / 255
    differs = []
    for row in finished.design.architecture.trace().rows:
        found = edited_maps(finished.id, None, 17, row.name, edits)
        for key, whole in (("before", plain), ("after", changed)):
            part = keras.Model(whole.input, whole.get_layer(row.name).output)
            assert found[key].dtype == np.float32
            np.testing.assert_allclose(found[key], part.predict(pixels, verbose=0)[0], rtol=1e-5, atol=1e-6)
            logits = whole.predict(pixels, verbose=0)[0]
            np.testing.assert_allclose(
                found[f"probabilities_{key}"], keras.ops.softmax(logits), rtol=1e-4, atol=1e-6
            )
        differs.append(not np.array_equal(found["before"], found["after"]))
    # What stands before the first edited layer is the same; that layer is not.
    assert differs.index(True) == (4 if change is _unit else 0)


@CASES
def test_the_accuracy_of_each_class_is_that_of_a_model_changed_by_hand(
    edits: list[dict[str, Any]], change: Change, finished: RunRow, data: Dataset
) -> None:
    found = edited_accuracy(finished.id, None, edits)
    labels = data.test.labels
    np.testing.assert_array_equal(found["images"], np.bincount(labels, minlength=10))
    for key, network in (("right_before", model(finished.id)), ("right_after", by_hand(finished, change))):
        right = predicted(network, data).argmax(axis=1) == labels
        np.testing.assert_array_equal(found[key], np.bincount(labels[right], minlength=10))


def test_the_accuracy_before_is_that_of_the_kept_evaluation(finished: RunRow) -> None:
    kept = evaluate(finished.id)
    files = RunFiles(finished.id)
    upside_down = np.roll(kept.probabilities, 1, axis=1)
    files.write_evaluation(kept.step, upside_down, kept.labels, kept.loss)
    found = edited_accuracy(finished.id, None, [SCALED])
    right = upside_down.argmax(axis=1) == kept.labels
    np.testing.assert_array_equal(found["right_before"], np.bincount(kept.labels[right], minlength=10))


def test_weights_of_an_earlier_step_can_be_edited(finished: RunRow, data: Dataset) -> None:
    found = edited_maps(finished.id, 0, 3, "dense_1", [OFF])
    expected = predicted(by_hand(finished, _off, step=0), data)[3]
    np.testing.assert_allclose(found["after"], expected, rtol=1e-5, atol=1e-6)


def test_neither_the_kept_model_nor_the_record_is_altered(finished: RunRow) -> None:
    def record() -> dict[str, str]:
        folder = RunFiles(finished.id).folder
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*.*")}

    evaluate(finished.id)
    cached = loaded(finished.id)
    weights, files = [w.numpy().tobytes() for w in cached.model.variables], record()
    assert files
    for edits in ([OFF, SCALED, REPAINTED, UNIT], [{**OFF, "filter": 99}]):
        for ask in (
            lambda edits: edited_maps(finished.id, None, 0, "conv2d", edits),
            lambda edits: edited_accuracy(finished.id, None, edits),
        ):
            if edits[0]["filter"] == 99:
                with pytest.raises(SpecError):
                    ask(edits)
            else:
                ask(edits)
    assert loaded(finished.id) is cached
    assert [w.numpy().tobytes() for w in cached.model.variables] == weights
    assert record() == files
    assert get_store().run(finished.id) == finished


def test_a_request_leaves_nothing_for_the_next(finished: RunRow) -> None:
    first = edited_maps(finished.id, None, 5, "conv2d", [OFF])
    edited_maps(finished.id, None, 5, "conv2d", [SCALED, REPAINTED])
    again = edited_maps(finished.id, None, 5, "conv2d", [OFF])
    none = edited_maps(finished.id, None, 5, "conv2d", [])
    for key in first:
        np.testing.assert_array_equal(first[key], again[key])
    np.testing.assert_array_equal(none["after"], first["before"])


def test_a_filter_that_is_switched_off_is_a_map_of_zeros(finished: RunRow) -> None:
    found = edited_maps(finished.id, None, 5, "conv2d", [OFF])
    assert not found["after"][..., 2].any()
    others = [0, 1, 3]
    np.testing.assert_array_equal(found["after"][..., others], found["before"][..., others])


@pytest.mark.parametrize("filter", range(6))
def test_the_map_of_a_filter_is_the_one_that_its_edit_changes(
    filter: int, store: Any, design: Design
) -> None:
    """Of kinds whose kernels lie otherwise; batch normalization has weights of its own behind them."""
    layers = (
        Conv2D(filters=3, use_bias=False),
        BatchNormalization(),
        DepthwiseConv2D(depth_multiplier=2),
        SeparableConv2D(filters=6),
        Flatten(),
    )
    network = design.architecture.with_layers(layers)
    row = store.create_run(design.replace(architecture=network), owner="ada")
    draw = np.random.default_rng(1)
    arrays = {
        f"{part.name}/{name}": draw.uniform(0.1, 1, shape).astype(np.float32)
        for part in network.trace().rows
        for name, shape in part.weight_shapes.items()
    }
    RunFiles(row.id).write_weights(0, 0.0, arrays)
    for layer in ("conv2d", "depthwise_conv2d", "separable_conv2d"):
        if layer == "conv2d" and filter > 2:
            continue
        edit = {"kind": "Scale", "layer": layer, "filter": filter, "factor": 2.0}
        found = edited_maps(row.id, 0, 0, layer, [edit])
        changed = np.flatnonzero((found["before"] != found["after"]).any(axis=(0, 1)))
        assert changed.tolist() == [filter]


@pytest.mark.parametrize("ask", ["edited_maps", "edited_accuracy"])
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            {**OFF, "layer": "nowhere"},
            "Edit 1 (Switch off): no layer 'nowhere' has kernels. There are conv2d,",
        ),
        ({**OFF, "filter": 4}, "Edit 1 (Switch off): conv2d has filters 0 to 3. Received 4."),
        ({**SCALED, "factor": float("nan")}, "Edit 1: Scale, factor: expected a number from"),
    ],
    ids=["layer", "filter", "nan"],
)
def test_a_bad_edit_is_one_message(edit: dict[str, Any], message: str, ask: str, finished: RunRow) -> None:
    place = (0, "conv2d") if ask == "edited_maps" else ()
    with pytest.raises(SpecError) as caught:
        getattr(surgery, ask)(finished.id, None, *place, [edit])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_an_unknown_layer_is_said_in_words(finished: RunRow) -> None:
    with pytest.raises(RunError, match=r"no layer 'conv2d_7'. It has conv2d, max_pooling2d"):
        edited_maps(finished.id, None, 0, "conv2d_7", [OFF])
