"""The spec's arithmetic against Keras: shapes, weights, problems, names, schedules and exported source."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlab import datasets
from cnnlab.backend import build
from cnnlab.spec import presets
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import (
    KINDS,
    Composite,
    Conv2D,
    Dense,
    Flatten,
    Layer,
    MaxPooling2D,
    ResidualBlock,
    SeparableConv2D,
    numbered,
)
from cnnlab.spec.source import keras_source
from cnnlab.spec.training import TrainingConfig
from tests.spec.strategies import architectures, designs, mended, shapes, specs

pytestmark = pytest.mark.slow

# Building a model takes some 50 ms, which is no sign of a test that draws badly.


PRIMITIVE = {name: kind for name, kind in KINDS.items() if not issubclass(kind, Composite)}
COMPOSITE = {name: kind for name, kind in KINDS.items() if issubclass(kind, Composite)}
CANNOT = "size would be|Computed output|negative|`strides > 1` not supported"
"""What Keras says of a layer that the spec has a fault for."""


def keras_layer(layer: Layer) -> keras.layers.Layer:
    return getattr(keras.layers, layer.kind)(**build.arguments(layer))


def executed(source: str) -> keras.Model:
    """The `model` that a script defines."""
    return names_of(source)["model"]


def noting(names: dict[str, Any], method: str) -> Callable[..., None]:
    """A method that notes under its name what it is called with, and does nothing else."""

    def note(_model: keras.Model, *arguments: Any, **named: Any) -> None:
        names[method] = {"arguments": arguments, **named}

    return note


def names_of(source: str, *, images: int | None = None, shape: tuple[int, ...] = ()) -> dict[str, Any]:
    """What a script defines, executed without its training.

    Args:
        source: the script.
        images: training images that each data set is given, of this shape; None: the script loads its data.
        shape: of one image.
    """
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        for method in ("fit", "evaluate"):
            patch.setattr(keras.Model, method, noting(names, method))
        if images is not None:
            part = SimpleNamespace(
                images=np.zeros((images, *shape), np.uint8), labels=np.zeros(images, np.int64)
            )
            data = SimpleNamespace(train=part, validation=part, test=part)
            patch.setattr(datasets, "load", lambda *_, **__: data)
            for own in ("mnist", "fashion_mnist", "cifar10"):
                patch.setattr(
                    getattr(keras.datasets, own), "load_data", lambda: 2 * ((part.images, part.labels),)
                )
        exec(compile(source, "exported", "exec"), names)
    return names


@pytest.mark.parametrize("kind", PRIMITIVE.values(), ids=PRIMITIVE)
@given(data=st.data(), map_shape=shapes(), units=st.integers(1, 50))
def test_a_layer_has_the_output_shape_of_keras_or_a_problem_where_keras_fails(kind, data, map_shape, units):
    layer = data.draw(specs(kind, small=True))
    shape = (units,) if kind.rank == 1 else map_shape
    fault = layer.fault(shape)
    if fault is None:
        assert keras_layer(layer).compute_output_shape((None, *shape)) == (None, *layer.output_shape(shape))
    elif fault.code == "dilation" and kind is not Conv2D:
        # TensorFlow happens to compute it on a processor; Keras says in words that it may not be asked for.
        assert "strides > 1` is" in getattr(keras.layers, layer.kind).__doc__
    elif fault.code == "softmax":
        with pytest.warns(UserWarning, match="The softmax operation will always return the value 1"):
            keras_layer(layer)(np.zeros((2, *shape), np.float32))
    else:
        with pytest.raises(ValueError, match=CANNOT):
            keras_layer(layer)(keras.Input(shape))


@pytest.mark.parametrize("kind", PRIMITIVE.values(), ids=PRIMITIVE)
@settings(max_examples=20)
@given(data=st.data(), map_shape=shapes(), units=st.integers(1, 50))
def test_a_layer_has_the_weights_of_keras(kind, data, map_shape, units):
    layer = data.draw(specs(kind, small=True))
    shape = (units,) if kind.rank == 1 else map_shape
    fault = layer.fault(shape)
    if fault is not None:
        # The last mend is the one that always fits: padding "same", no gaps, sigmoid.
        _, (layer,) = fault.mends[-1]
        assert layer.fault(shape) is None
    built = keras_layer(layer)
    built.build((None, *shape))
    # A layer's own weights: a seed generator's state is Keras's book-keeping and counted by nobody.
    assert [(weight.name, weight.shape) for weight in built.weights] == list(
        layer.weight_shapes(shape).items()
    )
    assert {weight.name for weight in built.non_trainable_weights} <= layer.not_trainable
    assert {weight.name for weight in built.trainable_weights}.isdisjoint(layer.not_trainable)


@pytest.mark.parametrize("kind", COMPOSITE.values(), ids=COMPOSITE)
@settings(max_examples=20)
@given(data=st.data(), map_shape=shapes(8))
def test_a_composite_layer_is_in_keras_what_its_parts_say(kind, data, map_shape):
    layer = data.draw(specs(kind, small=True))
    assert layer.fault(map_shape) is None
    trace = Architecture(input_shape=map_shape, classes=2, layers=(layer, Flatten())).trace()
    model = build.build(Architecture(input_shape=map_shape, classes=2, layers=(layer, Flatten())))
    row = trace.rows[0]
    assert model.get_layer(row.name).output.shape == (None, *layer.output_shape(map_shape))
    assert row.output_shape == layer.output_shape(map_shape)
    assert (row.macs, row.activation_bytes) == (
        layer.macs(map_shape),
        sum(part.activation_bytes for part in row.parts),
    )
    found = {part.name: model.get_layer(part.name) for part in row.parts}
    assert {name: each.output.shape[1:] for name, each in found.items()} == {
        part.name: part.output_shape for part in row.parts
    }
    weights = {
        f"{name}/{weight.name}": weight.shape for name, each in found.items() for weight in each.weights
    }
    assert weights == row.weight_shapes
    assert list(weights.values()) == list(layer.weight_shapes(map_shape).values())
    trainable = [weight for each in found.values() for weight in each.trainable_weights]
    assert row.trainable_parameters == sum(weight.value.numpy().size for weight in trainable)
    assert row.parameters == sum(each.count_params() for each in found.values())


def pixels_seen(model: keras.Model, name: str, size: int) -> tuple[int, int]:
    """How wide and high the pixels are whose gradient the middle value of a layer has."""
    for weight in model.trainable_weights:
        weight.assign(np.ones(weight.shape, np.float32))
    image = tf.Variable(np.ones((1, size, size, 1), np.float32))
    part = keras.Model(model.input, model.get_layer(name).output)
    with tf.GradientTape() as tape:
        values = part(image)
        middle = values[0, values.shape[1] // 2, values.shape[2] // 2, 0]
    seen = np.nonzero(tape.gradient(middle, image).numpy()[0, :, :, 0])
    return tuple(int(axis.max() - axis.min()) + 1 for axis in seen)


@settings(max_examples=12)
@given(
    layers=st.lists(
        st.one_of(
            st.builds(
                ResidualBlock,
                filters=st.integers(1, 2),
                kernel_size=st.integers(1, 3),
                strides=st.integers(1, 2),
                batch_normalization=st.just(False),
            ),
            st.builds(
                Conv2D, filters=st.just(1), kernel_size=st.integers(1, 3), dilation_rate=st.integers(1, 3)
            ),
            st.builds(SeparableConv2D, filters=st.just(2), kernel_size=st.integers(1, 3)),
        ),
        min_size=1,
        max_size=2,
    )
)
def test_the_receptive_field_is_what_has_a_gradient(layers):
    # So large that the middle value's pixels lie inside: at an edge fewer are seen.
    architecture = Architecture(input_shape=(64, 64, 1), classes=2, layers=(*layers, Flatten()))
    # As it is trained: TensorFlow may crash in the gradient of a 1×1 kernel with a stride.
    model = build.build(architecture, adjustable=True)
    for row in architecture.trace().rows[: len(layers)]:
        for part in row.primitives:
            assert pixels_seen(model, part.name, 64) == part.receptive_field


@pytest.mark.parametrize("kind", PRIMITIVE.values(), ids=PRIMITIVE)
def test_fields_and_defaults_are_those_of_keras(kind):
    parameters = inspect.signature(getattr(keras.layers, kind.__name__).__init__).parameters
    fields = list(kind().keras_arguments())
    # Exported source gives by position what Keras has no default for: these come first, in Keras's order.
    by_position = [name for name in fields if name not in kind.keras_defaults]
    assert list(parameters)[1 : 1 + len(by_position)] == by_position
    for name, default in kind.keras_defaults.items():
        # Keras writes "no activation" as None, and the stride of a convolution as a pair.
        pair = (default, default) if default else None
        written = {"activation": None, "strides": pair, "dilation_rate": pair}.get(name, default)
        assert parameters[name].default == written


@settings(max_examples=60)
@given(architectures().map(mended))
def test_the_executed_source_is_the_network_of_the_trace(architecture):
    trace = architecture.trace()
    model, built = executed(keras_source(architecture)), build.build(architecture)
    assert model.input_shape == (None, *architecture.input_shape)
    rows = [part for row in trace.rows for part in row.primitives]
    names = [layer.name for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    assert sorted(names) == sorted(row.name for row in rows)
    for row in rows:
        layer = model.get_layer(row.name)
        assert layer.output.shape[1:] == row.output_shape
        assert layer.count_params() == row.parameters
        assert {weight.name: weight.shape for weight in layer.weights} == row.weight_shapes
        assert_it_is_built_alike(layer, built.get_layer(row.name))
    assert model.count_params() == trace.total_parameters
    trainable = sum(int(weight.value.numpy().size) for weight in model.trainable_weights)
    assert trainable == trace.trainable_parameters
    assert model.layers[-1].activation is keras.activations.linear


def assert_it_is_built_alike(one: keras.layers.Layer, two: keras.layers.Layer) -> None:
    """Two layers have the same class and configuration, penalties and initializers included."""
    assert type(one) is type(two)
    configs = [layer.get_config() for layer in (one, two)]
    for config in configs:
        del config["dtype"]
    assert configs[0] == configs[1]


@settings(max_examples=15)
@given(designs())
def test_the_executed_source_of_a_design_trains_as_configured(design):
    design = design.replace(architecture=mended(design.architecture))
    config, images = design.training, 1000
    names = names_of(keras_source(design), images=images, shape=design.architecture.input_shape)
    optimizer = names["model"].optimizer
    assert type(optimizer).__name__ == config.optimizer
    for name, value in config.optimizer_arguments().items():
        assert getattr(optimizer, name) == value
    assert_it_trains_at_the_rates_of(config, names, images)


@pytest.mark.parametrize("schedule", ["cosine", "step", "constant"])
def test_a_script_counts_the_steps_of_the_data_that_it_loads(schedule):
    design = presets.preset("digits").design
    design = design.replace(training=design.training.replace(schedule=schedule))
    names = names_of(keras_source(design))
    data = datasets.load("digits", seed=0, validation_share=0.1)
    images = len(data.train)
    assert names.get("steps_per_epoch", 21) == -(-images // 64) == 21
    assert_it_trains_at_the_rates_of(design.training, names, images)
    x_train, y_train = names["fit"]["arguments"]
    assert (x_train.shape, x_train.dtype, x_train.max()) == ((images, 8, 8, 1), np.float32, 1.0)
    assert np.array_equal(y_train, data.train.labels)
    assert np.array_equal(names["fit"]["validation_data"][1], data.validation.labels)
    assert np.array_equal(names["evaluate"]["arguments"][1], data.test.labels)


@pytest.mark.parametrize(("seed", "share"), [(0, 0.1), (7, 0.25), (3, 0.0)])
def test_a_script_of_digits_has_the_very_images_of_the_run_without_cnnlab(seed, share):
    design = presets.preset("digits").design
    config = design.training.replace(seed=seed, validation_share=share)
    source = keras_source(design.replace(training=config))
    assert "cnnlab" not in source
    names = names_of(source)
    data = datasets.load("digits", seed=seed, validation_share=share)
    for part, name in (
        (data.train, "train"),
        (data.test, "test"),
        *([(data.validation, "val")] if share else []),
    ):
        assert np.array_equal(names[f"y_{name}"], part.labels)
        assert np.abs(names[f"x_{name}"] - part.images / 255).max() < 1 / 255  # ours have 8 bits


def test_a_script_sets_as_many_images_of_keras_apart_as_a_run_does():
    design = presets.preset("mnist_5x5").design
    names = names_of(keras_source(design), images=1005, shape=(28, 28))
    assert len(names["x_val"]) == round(0.1 * 1005)
    assert len(names["x_train"]) == 1005 - len(names["x_val"])
    assert names["x_train"].shape[1:] == (28, 28, 1)
    assert_it_trains_at_the_rates_of(design.training, names, len(names["x_train"]))


def assert_it_trains_at_the_rates_of(config: TrainingConfig, names: dict[str, Any], images: int) -> None:
    """The executed script's optimizer, epochs and batches are those of the configuration."""
    optimizer = names["model"].optimizer
    assert (names["fit"]["epochs"], names["fit"]["batch_size"]) == (config.epochs, config.batch_size)
    per_epoch = config.steps_per_epoch(images)
    total = config.epochs * per_epoch
    for step in {0, 1, total // 10, total // 3, total // 2, total - 1}:
        optimizer.iterations.assign(step)
        ours = config.learning_rate_at(step, total, per_epoch)
        assert float(optimizer.learning_rate) == pytest.approx(
            ours, rel=1e-3, abs=1e-6 * config.learning_rate
        )


@pytest.mark.parametrize("name", presets.names())
def test_a_presets_source_runs(name):
    design = presets.preset(name).design
    model = names_of(keras_source(design), images=40, shape=design.architecture.input_shape)["model"]
    assert model.count_params() == presets.get(name).trace().total_parameters


@pytest.mark.parametrize("kind", PRIMITIVE.values(), ids=PRIMITIVE)
def test_names_are_those_that_keras_gives_by_itself(kind):
    keras.backend.clear_session()
    assert [keras_layer(kind()).name for _ in range(3)] == numbered([kind] * 3)


def test_what_keras_does_to_a_map_in_a_dense_layer_is_what_the_problem_says():
    problem = Architecture(input_shape=(8, 8, 3), classes=2, layers=(Dense(units=5),)).trace().problems[0]
    assert "Keras would apply it to each pixel alone" in problem.message
    assert keras.layers.Dense(5).compute_output_shape((None, 8, 8, 3)) == (None, 8, 8, 5)


def test_a_stride_of_none_is_the_pool_size():
    assert MaxPooling2D(pool_size=3).window().stride == keras.layers.MaxPooling2D(3).strides[0]


def test_the_optimizers_are_those_of_keras_but_one():
    for name in set(TrainingConfig.controls()["optimizer"].options) - {"Muon"}:
        config = TrainingConfig(optimizer=name)
        getattr(keras.optimizers, name)(learning_rate=config.learning_rate, **config.optimizer_arguments())
