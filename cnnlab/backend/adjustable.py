"""Dropout and noise whose strength is changed while a compiled training runs, without compiling it anew.

The strength is a plain TensorFlow variable beside the layer: it is no weight, is counted and saved by nobody,
and the layers otherwise compute what Keras's own of the same name do. A model that is looked at, exported or
handed out has Keras's own layers.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


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


KINDS: dict[str, type[keras.layers.Layer]] = {
    kind.__name__: kind for kind in (Dropout, SpatialDropout2D, GaussianNoise)
}
"""The adjustable layers by the names of Keras's own."""


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
