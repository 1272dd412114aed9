"""The spec's arithmetic against Keras: shapes, weights, problems, names, schedules and exported source."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cnnlab.spec import presets
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import KINDS, Dense, Layer, MaxPooling2D, numbered
from cnnlab.spec.source import keras_source
from cnnlab.spec.training import TrainingConfig
from tests.spec.strategies import architectures, designs, mended, shapes, specs

pytestmark = pytest.mark.slow

# Building a model takes some 50 ms, which is no sign of a test that draws badly.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def keras_layer(layer: Layer) -> keras.layers.Layer:
    return getattr(keras.layers, layer.kind)(**layer.keras_arguments())


def executed(source: str) -> keras.Model:
    """The `model` that a script defines."""
    names: dict[str, Any] = {}
    exec(compile(source, "exported", "exec"), names)
    return names["model"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@unhurried
@given(data=st.data(), map_shape=shapes(), units=st.integers(1, 50))
def test_a_layer_has_the_output_shape_of_keras_or_a_problem_where_keras_fails(kind, data, map_shape, units):
    layer = data.draw(specs(kind, small=True))
    shape = (units,) if kind.rank == 1 else map_shape
    if layer.fault(shape) is None:
        assert keras_layer(layer).compute_output_shape((None, *shape)) == (None, *layer.output_shape(shape))
    else:
        with pytest.raises(ValueError, match="size would be|Computed output|negative"):
            keras_layer(layer).compute_output_shape((None, *shape))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(parent=unhurried, max_examples=20)
@given(data=st.data(), map_shape=shapes(), units=st.integers(1, 50))
def test_a_layer_has_the_weights_of_keras(kind, data, map_shape, units):
    layer = data.draw(specs(kind, small=True))
    shape = (units,) if kind.rank == 1 else map_shape
    assume(layer.fault(shape) is None)
    built = keras_layer(layer)
    built.build((None, *shape))
    # A layer's own weights: a seed generator's state is Keras's book-keeping and counted by nobody.
    assert [(weight.name, weight.shape) for weight in built.weights] == list(
        layer.weight_shapes(shape).items()
    )
    assert {weight.name for weight in built.non_trainable_weights} <= layer.not_trainable
    assert {weight.name for weight in built.trainable_weights}.isdisjoint(layer.not_trainable)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_fields_and_defaults_are_those_of_keras(kind):
    parameters = inspect.signature(getattr(keras.layers, kind.__name__).__init__).parameters
    fields = list(kind().keras_arguments())
    # Exported source gives by position what Keras has no default for: these come first, in Keras's order.
    by_position = [name for name in fields if name not in kind.keras_defaults]
    assert list(parameters)[1 : 1 + len(by_position)] == by_position
    for name, default in kind.keras_defaults.items():
        # Keras writes "no activation" as None, and the stride of a convolution as a pair.
        written = {"activation": None, "strides": (default, default) if default else None}.get(name, default)
        assert parameters[name].default == written


@settings(parent=unhurried, max_examples=60)
@given(architectures().map(mended))
def test_the_executed_source_is_the_network_of_the_trace(architecture):
    trace = architecture.trace()
    model = executed(keras_source(architecture))
    assert model.input_shape == (None, *architecture.input_shape)
    assert [layer.name for layer in model.layers] == [row.name for row in trace.rows]
    assert [layer.output.shape[1:] for layer in model.layers] == [row.output_shape for row in trace.rows]
    assert [layer.count_params() for layer in model.layers] == [row.parameters for row in trace.rows]
    for layer, row in zip(model.layers, trace.rows, strict=True):
        assert {weight.name: weight.shape for weight in layer.weights} == row.weight_shapes
    assert model.count_params() == trace.total_parameters
    trainable = sum(int(weight.value.numpy().size) for weight in model.trainable_weights)
    assert trainable == trace.trainable_parameters
    assert model.layers[-1].activation is keras.activations.linear


@settings(parent=unhurried, max_examples=15)
@given(designs())
def test_the_executed_source_of_a_design_trains_as_configured(design):
    design = design.replace(architecture=mended(design.architecture))
    config, images = design.training, 1000
    optimizer = executed(keras_source(design, train_images=images)).optimizer
    assert type(optimizer).__name__ == config.optimizer
    for name, value in config.optimizer_arguments().items():
        assert getattr(optimizer, name) == value
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
    model = executed(keras_source(presets.preset(name).design))
    assert model.count_params() == presets.get(name).trace().total_parameters


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_names_are_those_that_keras_gives_by_itself(kind):
    keras.backend.clear_session()
    assert [keras_layer(kind()).name for _ in range(3)] == numbered([kind] * 3)


def test_what_keras_does_to_a_map_in_a_dense_layer_is_what_the_problem_says():
    problem = Architecture(input_shape=(8, 8, 3), classes=2, layers=(Dense(units=5),)).trace().problems[0]
    assert "Keras would apply it to each pixel alone" in problem.message
    assert keras.layers.Dense(5).compute_output_shape((None, 8, 8, 3)) == (None, 8, 8, 5)


def test_a_stride_of_none_is_the_pool_size():
    assert MaxPooling2D(pool_size=3).window().stride == keras.layers.MaxPooling2D(3).strides[0]


def test_the_optimizers_are_those_of_keras():
    for name in TrainingConfig.controls()["optimizer"].options:
        config = TrainingConfig(optimizer=name)
        getattr(keras.optimizers, name)(learning_rate=config.learning_rate, **config.optimizer_arguments())
