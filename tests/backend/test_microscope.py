"""Every number of the microscope against TensorFlow: the browser's own arithmetic, run by Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnlab.backend import load
from cnnlab.backend import microscope as backend
from cnnlab.backend.build import build
from cnnlab.backend.microscope import microscope
from cnnlab.datasets import Dataset
from cnnlab.errors import RunError
from cnnlab.runs import RunRow
from cnnlab.spec import presets
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Layer,
    MaxPooling2D,
    ResidualBlock,
    SeparableConv2D,
)
from cnnlab.spec.places import OPERATIONS, can_magnify, laid_out, places
from tests.spec.strategies import specs

MATHS = Path(backend.__file__).parents[1] / "ui" / "components" / "microscope_math.mjs"

WORK = """
import { createInterface } from "node:readline";
import { fieldOf, prepared, retrace, softmaxed, weighed } from "%s";
const image = (shape, values) => ({ height: shape[0], width: shape[1], channels: shape[2], values });
const kernelOf = (shape, values) => ({ rows: shape[0], columns: shape[1], channels: shape[2], values });
const valueOf = ({ sum, trail }, layer) => trail.findLast(({ step }) => step.layer === layer)?.after ?? sum;
function answered({ operation, input, shape, kernel, kernelShape, window, steps, layers, view, of }) {
  if (operation === "softmax") return [...softmaxed(input).shares];
  if (operation === "field") return fieldOf(view, of, ...window);
  if (operation === "dense") {
    const found = weighed(input, kernel, steps);
    return layers.map((layer) => [valueOf(found, layer)]);
  }
  const lens = prepared({ operation, input: image(shape, input), window, steps,
    kernel: kernel && kernelOf(kernelShape, kernel) });
  const values = layers.map(() => []);
  for (let k = 0; k < lens.plan.places; k += 1) {
    const width = lens.plan.across.output;
    const found = retrace(lens, Math.floor(k / width), k %% width);
    layers.forEach((layer, j) => values[j].push(valueOf(found, layer)));
  }
  return values;
}
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(answered(JSON.parse(line))));
}
"""


class Browser:
    """Node with the browser's arithmetic in it, one process for all questions."""

    def __init__(self, node: str, script: Path) -> None:
        self.process = subprocess.Popen(
            [node, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **question: Any) -> Any:
        """The arithmetic's answer to one question."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def outputs(self, found: dict[str, Any]) -> dict[str, np.ndarray]:
        """What it makes of the task's answer, for each layer that the answer has an output of."""
        kernel, layers = found["kernel"], list(found["outputs"])
        values = self.ask(
            operation=found["operation"],
            input=found["input"].ravel().tolist(),
            shape=found["input"].shape,
            kernel=None if kernel is None else kernel.ravel().tolist(),
            kernelShape=None if kernel is None else kernel.shape,
            window=found["window"],
            steps=found["steps"],
            layers=layers,
        )
        return {name: np.array(each) for name, each in zip(layers, values, strict=True)}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    node = shutil.which("node")
    if node is None:
        assert os.environ.get("CI") != "true", "Node is missing: .ci/run installs it."
        pytest.skip("There is no Node on this machine; tests/test_components_js.py says what to do.")
    script = tmp_path_factory.mktemp("microscope") / "work.mjs"
    script.write_text(WORK % MATHS.as_uri(), encoding="utf-8")
    browser = Browser(node, script)
    yield browser
    browser.process.stdin.close()  # type: ignore[union-attr]
    browser.process.stdout.close()  # type: ignore[union-attr]
    browser.process.wait(timeout=20)


def magnified(architecture: Architecture, seed: int, layer: str, channel: int) -> dict[str, Any]:
    """The task's answer for a network with random weights and a random image, without a run."""
    model = build(architecture, seed=seed)
    draw = np.random.default_rng(seed)
    for variable in model.variables:
        values = draw.normal(0, 0.5, variable.shape)
        variable.assign(np.abs(values) + 0.1 if variable.name == "moving_variance" else values)
    every = keras.Model(model.input, [each.output for each in model.layers[1:]])
    with pytest.MonkeyPatch.context() as patch:
        design = presets.preset("digits").design.replace(architecture=architecture)
        run = load.Loaded(model, every, design, 0)
        patch.setattr(backend, "loaded", lambda run_id, step: run)
        pixels = draw.integers(0, 256, architecture.input_shape).astype(np.uint8)
        return microscope("", 0, pixels, layer, channel)


def assert_agrees(browser: Browser, found: dict[str, Any]) -> None:
    """The browser's numbers lie within 1e-5 of the map's largest magnitude and 1e-4 of each value."""
    for name, values in browser.outputs(found).items():
        expected = found["outputs"][name].ravel()
        largest = float(np.abs(expected).max())
        np.testing.assert_allclose(values.ravel(), expected, rtol=1e-4, atol=1e-5 * largest, err_msg=name)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Architecture, str, int]:
    """A small network, one of its layers that the microscope knows, and a channel of it."""
    windows = (Conv2D, DepthwiseConv2D, SeparableConv2D, MaxPooling2D, AveragePooling2D)
    kinds = (*windows, BatchNormalization, Activation)
    layers = [draw(specs(kind, small=True)) for kind in draw(st.lists(st.sampled_from(kinds), max_size=3))]
    end = draw(st.sampled_from([(Flatten(),), (GlobalMaxPooling2D(),), (GlobalAveragePooling2D(),)]))
    dense = draw(st.lists(specs(Dense, small=True), max_size=1))
    shape = (draw(st.integers(6, 20)), draw(st.integers(6, 20)), draw(st.integers(1, 4)))
    network = Architecture(input_shape=shape, classes=3, layers=(*layers, *end, *dense))
    while network.trace().problems:
        mend = network.trace().problems[0].mend
        network = network.with_layers(mend.layers if mend else network.layers[1:])
    known = [name for name, place in places(network).items() if can_magnify(place.layer)]
    name = draw(st.sampled_from(known))
    count = places(network)[name].row.output_shape[-1]  # type: ignore[index]
    return network, name, draw(st.integers(0, count - 1))


@pytest.mark.slow
@given(network=networks(), seed=st.integers(0, 999))
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_the_browser_computes_what_tensorflow_computes(
    browser: Browser, network: tuple[Architecture, str, int], seed: int
) -> None:
    architecture, layer, channel = network
    assert_agrees(browser, magnified(architecture, seed, layer, channel))


ACTIVATIONS = [each for each in Conv2D.controls()["activation"].options]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_keras_s(browser: Browser, activation: str) -> None:
    layers = (Conv2D(filters=2, activation=activation, padding="same"), Flatten())
    network = Architecture(input_shape=(9, 7, 3), classes=2, layers=layers)
    assert_agrees(browser, magnified(network, 1, "conv2d", 1))


LAYERS: dict[str, tuple[Layer, ...]] = {
    "conv2d": (Conv2D(filters=3, kernel_size=3, strides=2, padding="same"),),
    "conv2d_1": (Conv2D(filters=2), Conv2D(filters=3, dilation_rate=3, padding="same", use_bias=False)),
    "depthwise_conv2d": (Conv2D(filters=2), DepthwiseConv2D(depth_multiplier=2, padding="same")),
    "separable_conv2d": (Conv2D(filters=2), SeparableConv2D(filters=3, depth_multiplier=2, padding="same")),
    "max_pooling2d": (MaxPooling2D(pool_size=3, strides=2, padding="same"),),
    "average_pooling2d": (AveragePooling2D(pool_size=3, strides=2, padding="same"),),
    "global_max_pooling2d": (Conv2D(filters=4), GlobalMaxPooling2D()),
    "global_average_pooling2d": (Conv2D(filters=4), GlobalAveragePooling2D()),
    "batch_normalization": (Conv2D(filters=4), BatchNormalization(scale=False)),
    "activation": (Conv2D(filters=4), Activation(activation="elu")),
    "dense": (Flatten(), Dense(units=4, activation="tanh")),
    "residual_block_conv2d": (ResidualBlock(filters=3),),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_each_kind_is_retraced(browser: Browser, layer: str) -> None:
    end = () if LAYERS[layer][-1].output_shape((9, 9, 4)).__len__() == 1 else (Flatten(),)
    network = Architecture(input_shape=(11, 9, 2), classes=3, layers=(*LAYERS[layer], *end))
    names = [name for name in places(network) if name.startswith(layer)]
    for channel in (0, 2):
        channels = places(network)[names[0]].row.output_shape[-1]  # type: ignore[index]
        found = magnified(network, 7, names[0], min(channel, channels - 1))
        assert found["input"].dtype == np.float32
        assert_agrees(browser, found)


def test_what_follows_a_convolution_is_told_to_the_next_weights(browser: Browser) -> None:
    layers = (
        Conv2D(filters=3, activation="linear"),
        BatchNormalization(),
        Dropout(),
        Activation(activation="linear"),
        Activation(),
        Conv2D(filters=2),
        Flatten(),
    )
    network = Architecture(input_shape=(9, 9, 1), classes=2, layers=layers)
    found = magnified(network, 3, "conv2d", 2)
    assert [(step["layer"], step["kind"]) for step in found["steps"]] == [
        ("conv2d", "bias"),
        ("batch_normalization", "normalization"),
        ("activation_1", "activation"),
    ]
    assert list(found["outputs"]) == ["conv2d", "batch_normalization", "activation_1"]
    assert_agrees(browser, found)


def test_only_the_chosen_channel_s_numbers_are_sent(finished: RunRow, data: Dataset) -> None:
    found = microscope(finished.id, 21, 17, "dense", 3)
    assert found["input"].shape == found["kernel"].shape == (36,)
    assert found["outputs"]["dense"].shape == (1,)
    assert found["logits"] is None
    np.testing.assert_array_equal(found["image"], data.test.images[17])
    pooled = microscope(finished.id, 21, 17, "max_pooling2d", 3)
    assert pooled["input"].shape == (6, 6, 1)
    assert pooled["input_channel"] == 3


def test_the_output_s_softmax_is_tensorflow_s(finished: RunRow, browser: Browser) -> None:
    found = microscope(finished.id, 21, 3, "dense_1", 4)
    shares = browser.ask(operation="softmax", input=found["logits"].tolist())
    np.testing.assert_allclose(shares, keras.ops.softmax(found["logits"]), rtol=1e-4, atol=1e-7)
    large = [200.0, 199.0, -300.0]
    shares = browser.ask(operation="softmax", input=large)
    np.testing.assert_allclose(shares, keras.ops.softmax(np.array(large)), rtol=1e-4, atol=1e-7)
    assert found["outputs"]["dense_1"] == pytest.approx(found["logits"][4])


def test_what_cannot_be_magnified_is_said_in_words(finished: RunRow) -> None:
    with pytest.raises(RunError, match=r"no layer 'conv2d_7'. It has conv2d, max_pooling2d"):
        microscope(finished.id, 21, 0, "conv2d_7", 0)
    with pytest.raises(RunError, match=r"Layer flatten: the microscope does not look into flatten."):
        microscope(finished.id, 21, 0, "flatten", 0)
    with pytest.raises(RunError, match=r"Layer conv2d has the channels 0 to 3. Received 4."):
        microscope(finished.id, 21, 0, "conv2d", 4)
    with pytest.raises(RunError, match=r"The test set has images 0 to 358. Received 359."):
        microscope(finished.id, 21, 359, "conv2d", 0)


FIELDS: dict[str, tuple[Layer, ...]] = {
    "plain": (Conv2D(filters=2), Conv2D(filters=1)),
    "same": (Conv2D(filters=2, kernel_size=5, padding="same", strides=2), Conv2D(filters=1, padding="same")),
    "pooled": (Conv2D(filters=2, dilation_rate=2), AveragePooling2D(), Conv2D(filters=1, padding="same")),
    "block": (ResidualBlock(filters=2, strides=2), Conv2D(filters=1, padding="same")),
}


@pytest.mark.parametrize("name", FIELDS)
def test_the_lit_pixels_are_those_that_have_a_gradient(browser: Browser, name: str) -> None:
    import tensorflow as tf

    layers = [
        each.replace(**{key: "linear" for key in ("activation",) if key in each.controls()})
        for each in FIELDS[name]
    ]
    network = Architecture(input_shape=(15, 13, 1), classes=2, layers=(*layers, Flatten()))
    model = build(network, seed=0)
    for variable in model.trainable_variables:
        variable.assign(tf.ones_like(variable))
    last = [each for each, place in places(network).items() if place.layer.kind == "Conv2D"][-1]
    part = keras.Model(model.input, model.get_layer(last).output)
    sees = places(network)[last].sees
    assert sees is not None
    rows, columns = part.output_shape[1:3]
    for row in range(rows):
        for column in range(columns):
            image = tf.ones((1, 15, 13, 1))
            with tf.GradientTape() as tape:
                tape.watch(image)
                value = part(image, training=False)[0, row, column, 0]
            seen = np.argwhere(tape.gradient(value, image).numpy()[0, ..., 0])
            expected = (*seen.min(axis=0), *(seen.max(axis=0) + 1))
            (top, bottom), (left, right) = sees[0][row], sees[1][column]
            assert (top, left, bottom, right) == expected
            lit = browser.ask(
                operation="field",
                view={"rows": sum(sees[0], ()), "columns": sum(sees[1], ())},
                of={"height": 15, "width": 13},
                window=[row, column],
            )
            assert lit == [top, left, bottom - top, right - left]


def test_a_value_behind_flatten_sees_the_whole_image(browser: Browser) -> None:
    network = Architecture(input_shape=(15, 13, 1), classes=2, layers=(Flatten(),))
    assert places(network)["dense"].sees is None
    lit = browser.ask(operation="field", view=None, of={"height": 15, "width": 13}, window=[0, 0])
    assert lit == [0, 0, 15, 13]


@pytest.mark.parametrize(
    ("layers", "source"),
    [
        ((Conv2D(), Flatten()), "conv2d"),
        ((Conv2D(), Flatten(), Dropout(), Flatten()), "conv2d"),
        ((Conv2D(), GlobalAveragePooling2D(), Flatten()), None),
        ((Conv2D(), Flatten(), Dense(), Flatten()), None),
    ],
    ids=["a map", "a map, twice", "means", "units"],
)
def test_only_a_flatten_that_took_a_map_laid_one_out(layers: tuple[Layer, ...], source: str | None) -> None:
    found = places(Architecture(input_shape=(8, 8, 1), classes=2, layers=layers))
    place = laid_out(found, list(found)[-1])
    assert (place and place.row.name) == source


def test_a_window_whose_values_all_lie_in_the_padding_sees_nothing() -> None:
    layers = (Conv2D(kernel_size=2, dilation_rate=64, padding="same"), Flatten())
    network = Architecture(input_shape=(5, 5, 1), classes=2, layers=layers)
    assert places(network)["conv2d"].sees == (((0, 0),) * 5, ((0, 0),) * 5)


def test_every_known_kind_is_a_kind_of_layer() -> None:
    from cnnlab.spec.layers import KINDS

    assert set(OPERATIONS) <= set(KINDS)
