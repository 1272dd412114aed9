"""Keras models from plain data."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest

from cnnlab.backend import build
from cnnlab.errors import SpecError
from cnnlab.spec import presets
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import Conv2D
from cnnlab.spec.training import TrainingConfig


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_is_built_with_the_names_and_parameters_of_its_trace(name: str) -> None:
    architecture = presets.get(name)
    trace = architecture.trace()
    model = build.build(architecture)
    assert [layer.name for layer in model.layers[1:]] == [row.name for row in trace.rows]
    assert [layer.output.shape[1:] for layer in model.layers[1:]] == [row.output_shape for row in trace.rows]
    assert model.count_params() == trace.total_parameters


def test_the_output_is_logits_in_float32() -> None:
    model = build.build(presets.get("digits"))
    assert model.layers[-1].activation is keras.activations.linear
    assert {variable.dtype for variable in model.weights} == {"float32"}


def test_a_seed_gives_the_same_weights_whatever_was_built_before() -> None:
    architecture = presets.get("digits")
    first = build.build(architecture, seed=3).get_weights()
    build.build(presets.get("lenet5"), seed=9)
    build.build(architecture)
    second = build.build(architecture, seed=3).get_weights()
    other = build.build(architecture, seed=4).get_weights()
    assert all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_the_random_numbers_of_a_notebook_are_left_alone() -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    build.build(presets.get("digits"), seed=0)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_a_problem_is_said_in_the_words_of_the_trace() -> None:
    broken = Architecture(input_shape=(8, 8, 1), classes=10, layers=(Conv2D(kernel_size=9),))
    with pytest.raises(SpecError) as error:
        build.build(broken)
    assert str(error.value) == broken.trace().problems[0].message


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD", "RMSprop", "Muon"])
def test_the_optimizer_has_the_configuration_s_arguments(name: str) -> None:
    config = TrainingConfig(optimizer=name, learning_rate=0.02, momentum=0.7, weight_decay=0.03)
    optimizer = build.optimizer(config)
    found = optimizer.get_config()
    assert type(optimizer).__name__ == name
    assert found["learning_rate"] == pytest.approx(0.02)
    if name in ("SGD", "Muon"):
        assert found["momentum"] == 0.7
    assert found.get("weight_decay") == (0.03 if name == "AdamW" else None)
