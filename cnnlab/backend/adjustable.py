"""Layers of a model that is trained here, in place of Keras's own of the same name and weights.

Dropout and noise have a strength that is changed while a compiled training runs, without compiling it anew.
It is a plain TensorFlow variable beside the layer: no weight, counted and saved by nobody. A strided 1×1
convolution has a gradient that does not crash. All compute what Keras's own do; a model that is looked at,
exported or handed out has Keras's own layers.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from cnnlab.spec.layers import Layer


class _Adjustable(keras.layers.Layer):
    """What the three share: a strength in place of the number that Keras fixes when it traces the layer."""

    field: str = "rate"
    """Keras's name for the strength."""
    strength: tf.Variable
    seed_generator: keras.random.SeedGenerator

    def __init__(self, **arguments: Any) -> None:
        strength = arguments[self.field]
        # Keras makes no random generator for a strength of 0, and this one may rise later.
        super().__init__(**arguments | {self.field: strength or 0.5})
        self.strength = tf.Variable(strength, trainable=False, dtype=tf.float32)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The layer's output; the input itself in prediction."""
        if not training:
            return inputs
        return self._disturbed(inputs, tf.cast(self.strength, inputs.dtype))

    def _disturbed(self, inputs: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
        shape = self._noise_shape(tf.shape(inputs))
        noise = keras.random.uniform(shape, dtype=inputs.dtype, seed=self.seed_generator)
        return tf.where(noise >= strength, inputs / (1 - strength), tf.zeros([], inputs.dtype))

    def _noise_shape(self, shape: tf.Tensor) -> tf.Tensor:
        return shape


class Dropout(_Adjustable, keras.layers.Dropout):
    """Keras's Dropout with a rate that can be changed."""


class SpatialDropout2D(_Adjustable, keras.layers.SpatialDropout2D):
    """Keras's SpatialDropout2D with a rate that can be changed."""

    def _noise_shape(self, shape: tf.Tensor) -> tf.Tensor:
        return tf.stack([shape[0], 1, 1, shape[3]])


class GaussianNoise(_Adjustable, keras.layers.GaussianNoise):
    """Keras's GaussianNoise with a standard deviation that can be changed."""

    field = "stddev"

    def _disturbed(self, inputs: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
        noise = keras.random.normal(tf.shape(inputs), dtype=inputs.dtype, seed=self.seed_generator)
        return inputs + strength * noise


class PointwiseConv2D(keras.layers.Conv2D):
    """A Conv2D with a 1×1 kernel and a stride, which reads only the pixels that it steps on.

    TensorFlow 2.21 with oneDNN writes beyond its memory in the gradient of such a kernel (seen with float32
    and bfloat16, on maps from 10×10): the process dies, or worse, does not.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """The same convolution, with the stride taken first."""
        rows, columns = self.strides
        return keras.ops.conv(inputs[:, ::rows, ::columns], kernel, strides=1, padding="valid")


KINDS: dict[str, type[keras.layers.Layer]] = {
    kind.__name__: kind for kind in (Dropout, SpatialDropout2D, GaussianNoise)
}
"""The adjustable layers by the names of Keras's own."""


def class_for(layer: Layer) -> type[keras.layers.Layer] | None:
    """The class that stands for a layer while it is trained; None where Keras's own does."""
    window = layer.window()
    if layer.kind == "Conv2D" and window is not None and window.kernel == 1 < window.stride:
        return PointwiseConv2D
    return KINDS.get(layer.kind)


def set_dropout(model: keras.Model, rate: float) -> int:
    """Give every Dropout and SpatialDropout2D of a model this rate from the next step on.

    Args:
        model: built with `adjustable=True`.
        rate: share of values set to zero, 0–0.95.

    Returns:
        How many layers were changed.
    """
    layers = [layer for layer in model.layers if isinstance(layer, Dropout | SpatialDropout2D)]
    for layer in layers:
        layer.strength.assign(rate)
    return len(layers)


def dropout_rate(model: keras.Model) -> float | None:
    """The rate of the first dropout of a model built with `adjustable=True`; None where it has none."""
    layers = (layer for layer in model.layers if isinstance(layer, Dropout | SpatialDropout2D))
    return next((float(layer.strength.numpy()) for layer in layers), None)
