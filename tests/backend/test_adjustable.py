"""Dropout and noise of a running training, against Keras's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnlab.backend import adjustable
from cnnlab.backend.build import build
from cnnlab.spec import presets
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import Conv2D, Flatten, ResidualBlock

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


@pytest.mark.parametrize("strides", [2, 3])
@pytest.mark.parametrize("size", [7, 28])
def test_a_strided_kernel_of_one_pixel_is_trained_as_keras_computes_it(strides: int, size: int) -> None:
    layers = (Conv2D(filters=4, kernel_size=1, strides=strides, padding="same"), Flatten())
    architecture = Architecture(input_shape=(size, size, 3), classes=2, layers=layers)
    trained, plain = build(architecture, seed=1, adjustable=True), build(architecture, seed=1)
    images = np.random.default_rng(0).random((5, size, size, 3)).astype(np.float32)
    np.testing.assert_allclose(trained(images), plain(images), rtol=1e-5, atol=1e-6)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(trained(images, training=True) ** 2)
    gradients = tape.gradient(loss, trained.trainable_variables)
    # By hand: the kernel of a 1×1 convolution is a dense layer on each pixel that it steps on.
    dense = plain.layers[-1]
    with tf.GradientTape() as tape:
        pixels = tf.nn.relu(images[:, ::strides, ::strides] @ plain.layers[1].kernel[0, 0])
        loss = tf.reduce_sum(dense(tf.reshape(pixels, (5, -1))) ** 2)
    expected = tape.gradient(loss, plain.layers[1].kernel.value)
    np.testing.assert_allclose(gradients[0], expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("size", [28, 33])
def test_a_residual_block_with_a_stride_is_trained_without_harm(size: int) -> None:
    layers = (ResidualBlock(filters=8, strides=2), ResidualBlock(filters=8, strides=3), Flatten())
    architecture = Architecture(input_shape=(size, size, 3), classes=2, layers=layers)
    model = build(architecture, seed=1, adjustable=True)
    images = np.random.default_rng(0).random((1, size, size, 3)).astype(np.float32)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(images, training=True) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        assert all(np.isfinite(gradient).all() for gradient in gradients)
