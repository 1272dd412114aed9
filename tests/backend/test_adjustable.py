"""Dropout and noise of a running training, against Keras's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnlab.backend import adjustable
from cnnlab.backend.build import build
from cnnlab.spec import presets

IMAGES = np.random.default_rng(0).random((4, 6, 6, 5)).astype(np.float32)
STRENGTHS = {"Dropout": 0.3, "SpatialDropout2D": 0.5, "GaussianNoise": 0.2}


def model_of(kind: type[keras.layers.Layer], strength: float) -> keras.Model:
    image = keras.Input(IMAGES.shape[1:])
    return keras.Model(
        image, kind(**{"stddev" if "Noise" in kind.__name__ else "rate": strength}, seed=3)(image)
    )


def compiled(model: keras.Model) -> tf.types.experimental.PolymorphicFunction:
    return tf.function(lambda images: model(images, training=True), autograph=False)


@pytest.mark.parametrize("kind", STRENGTHS)
def test_an_adjustable_layer_gives_what_keras_gives(kind: str) -> None:
    ours = model_of(adjustable.KINDS[kind], STRENGTHS[kind])
    keras_own = model_of(getattr(keras.layers, kind), STRENGTHS[kind])
    for _ in range(3):
        found, expected = compiled(ours)(IMAGES), compiled(keras_own)(IMAGES)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(ours(IMAGES, training=False), IMAGES)


@pytest.mark.parametrize("kind", STRENGTHS)
def test_a_strength_changes_the_next_step_without_compiling_anew(kind: str) -> None:
    model = model_of(adjustable.KINDS[kind], 0.0)
    step = compiled(model)
    np.testing.assert_array_equal(step(IMAGES), IMAGES)
    model.layers[1].strength.assign(0.9)
    changed = np.mean(step(IMAGES).numpy() != IMAGES)
    assert changed > 0.5
    assert step.experimental_get_tracing_count() == 1


def test_a_strength_is_no_variable_of_the_model() -> None:
    architecture = presets.get("cifar10_two_dense_dropout")
    plain, own = build(architecture, seed=1), build(architecture, seed=1, adjustable=True)
    assert [variable.shape for variable in own.variables] == [variable.shape for variable in plain.variables]
    assert own.count_params() == plain.count_params() == architecture.trace().total_parameters
    for one, two in zip(own.variables, plain.variables, strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_dropout_of_all_layers_is_set_at_once() -> None:
    own = build(presets.get("cifar10_two_dense_dropout"), adjustable=True)
    assert adjustable.dropout_rate(own) == pytest.approx(0.25)
    assert adjustable.set_dropout(own, 0.5) == 1
    assert adjustable.dropout_rate(own) == 0.5
    assert adjustable.dropout_rate(build(presets.get("cifar10"), adjustable=True)) is None
