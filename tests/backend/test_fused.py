"""The fused optimizers compute what Keras's do."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnlab.backend import build, fused
from cnnlab.spec.training import TrainingConfig

STEPS = 5
RATES = (1e-3, 2e-3, 3e-3, 2e-3, 1e-3)


def weights_after(optimizer: keras.optimizers.Optimizer) -> list[np.ndarray]:
    """Weights and the optimizer's state after some steps of a compiled function, each with its own rate."""
    rng = np.random.default_rng(0)
    weights = [keras.Variable(rng.normal(size=shape).astype("float32")) for shape in ((3, 3, 2, 4), (4,))]
    gradients = [
        [tf.constant(rng.normal(size=weight.shape).astype("float32")) for weight in weights]
        for _ in range(STEPS)
    ]
    optimizer.build(weights)

    @tf.function
    def steps() -> None:
        for rate, gradient in zip(RATES, gradients, strict=True):
            optimizer.learning_rate.assign(rate)
            optimizer.apply(gradient, weights)

    steps()
    return [variable.numpy() for variable in (*weights, *optimizer.variables)]


@pytest.mark.parametrize("name", sorted(fused.KINDS))
def test_a_fused_optimizer_computes_what_keras_does(name):
    config = TrainingConfig(optimizer=name, learning_rate=1e-3)
    ours = weights_after(build.optimizer(config))
    oracle = weights_after(getattr(keras.optimizers, name)(1e-3, **config.optimizer_arguments()))
    assert isinstance(build.optimizer(config), fused.KINDS[name])
    assert [value.shape for value in ours] == [value.shape for value in oracle]
    for one, other in zip(ours, oracle, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", sorted(fused.KINDS))
def test_a_fused_optimizer_has_keras_own_state(name):
    config = TrainingConfig(optimizer=name)
    ours, oracle = build.optimizer(config), getattr(keras.optimizers, name)()
    weight = keras.Variable(np.zeros(3, "float32"))
    for optimizer in (ours, oracle):
        optimizer.build([weight])
    assert [each.name for each in ours.variables] == [each.name for each in oracle.variables]
