"""Activation maximisation: gradient ascent on an image's pixels until a filter likes it.

Sources: the ascent is that of Erhan, Bengio, Courville and Vincent, "Visualizing higher-layer features of a
deep network", 2009; what keeps the image smooth is the total variation of Mahendran and Vedaldi, "Visualizing
deep convolutional neural networks using natural pre-images", 2016, with their exponent 2: the sum of the
squared differences of neighbouring pixels. Pixels stay within 0–1 by being clipped at each step, as in
projected gradient ascent.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

STEPS = 96
RATES = (0.2, 0.02)
"""How far the pixel with the steepest slope moves in the first step and in the last; pixels are 0–1."""
SMOOTHNESS = 0.15
"""Weight of the total variation's gradient beside the filter's, whose steepest pixel is taken as 1. Chosen by
eye: at 0.05 what CIFAR-10's classes want is a chequerboard, at 0.4 the patches of first layers fade."""
STARTS = 4
NOISE = 0.1
"""Of the starting images around grey: standard deviation, in the scale 0–1."""

_IDENTICAL = (keras.layers.Dropout, keras.layers.SpatialDropout2D, keras.layers.GaussianNoise)


class Climbed(NamedTuple):
    """Where an ascent from several images ended.

    Attributes:
        images: `(n, height, width, channels) float32`, 0–1.
        before: `(n,) float32`: the filter's value at the place for the images at the start.
        after: `(n,) float32`: the same at the end.
        place: row and column in the filter's map; 0, 0 for a unit.
    """

    images: NDArray[np.float32]
    before: NDArray[np.float32]
    after: NDArray[np.float32]
    place: tuple[int, int]


def starts(shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Images of grey noise to start from: several, for a ReLU behind which nothing moves has no slope.

    Args:
        shape: (height, width, channels) of an image.
        seed: the same gives the same.

    Returns:
        `(n, height, width, channels) float32`, 0–1.
    """
    noise = np.random.default_rng(seed).normal(0.5, NOISE, (STARTS, *shape))
    return noise.clip(0, 1).astype(np.float32)


class Ascent:
    """The compiled ascent for one layer of a network.

    Args:
        model: the network.
        layer: one of its layers.
    """

    _kept: ClassVar[weakref.WeakKeyDictionary[keras.Model, dict[str, Ascent]]] = weakref.WeakKeyDictionary()
    _lock: ClassVar = threading.Lock()

    def __init__(self, model: keras.Model, layer: keras.Layer) -> None:
        self._part = keras.Model(model.inputs, [_before_activation(layer), layer.output])
        self._middle = [side // 2 for side in layer.output.shape[1:-1]]
        image, number = tf.TensorSpec([None, *model.input_shape[1:]]), tf.TensorSpec([], tf.int32)
        signature = [image, number]
        self._climb = tf.function(self._traced, input_signature=signature, autograph=False, jit_compile=False)

    @classmethod
    def of(cls, model: keras.Model, layer: keras.Layer) -> Ascent:
        """The ascent for a layer, compiled once for as long as the model is there."""
        with cls._lock:
            kept = cls._kept.setdefault(model, {})
            if layer.name not in kept:
                kept[layer.name] = cls(model, layer)
            return kept[layer.name]

    def climb(self, images: NDArray[np.float32], filter_index: int) -> Climbed:
        """Change images until the filter's value in the middle of its map is large.

        Args:
            images: `(n, height, width, channels) float32`, 0–1: where to start.
            filter_index: of the filter, or unit.
        """
        images, before, after = (part.numpy() for part in self._climb(images, tf.constant(filter_index)))
        row, column = (*self._middle, 0, 0)[:2]
        return Climbed(images, before, after, (row, column))

    def _values(self, images: tf.Tensor, filter_index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Of each image the filter's value at the place, before the activation and behind it."""
        sums, activations = self._part(images, training=False)
        where = (slice(None), *self._middle, filter_index)
        return sums[where], activations[where]

    def _traced(self, images: tf.Tensor, filter_index: tf.Tensor) -> tuple[tf.Tensor, ...]:
        first, last = RATES

        def one(step: tf.Tensor, now: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(now)
                value = tf.reduce_sum(self._values(now, filter_index)[0])
            slope = tape.gradient(value, now, unconnected_gradients="zero")
            steepest = tf.reduce_max(tf.abs(slope), axis=[1, 2, 3], keepdims=True)
            share = tf.cast(step, tf.float32) / (STEPS - 1)
            rate = first + (last - first) * share
            moved = now + rate * (tf.math.divide_no_nan(slope, steepest) - SMOOTHNESS * roughness_slope(now))
            return step + 1, tf.clip_by_value(moved, 0.0, 1.0)

        _, done = tf.while_loop(lambda step, _: step < STEPS, one, (0, images), parallel_iterations=1)
        return done, self._values(images, filter_index)[1], self._values(done, filter_index)[1]


def roughness_slope(images: tf.Tensor) -> tf.Tensor:
    """The gradient of the sum of squared differences of neighbouring pixels, in both directions.

    Args:
        images: `(n, height, width, channels) float32`.

    Returns:
        The same shape: twice the sum of a pixel's differences to its neighbours inside the image.
    """
    slope = tf.zeros_like(images)
    for axis in (1, 2):
        inside: list[Any] = [slice(None)] * 4
        inside[axis] = slice(1, None)
        before: list[Any] = [slice(None)] * 4
        before[axis] = slice(None, -1)
        difference = images[tuple(inside)] - images[tuple(before)]
        ends = [[0, 0]] * 4
        slope += 2 * tf.pad(difference, [*ends[:axis], [1, 0], *ends[axis + 1 :]])
        slope -= 2 * tf.pad(difference, [*ends[:axis], [0, 1], *ends[axis + 1 :]])
    return slope


def _before_activation(layer: keras.Layer) -> keras.KerasTensor:
    """What goes into a layer's activation: where a ReLU gives 0 it has no slope, but its input does."""
    if isinstance(layer, _IDENTICAL):  # in prediction they pass on what comes
        return _before_activation(layer.input._keras_history.operation)
    if isinstance(layer, keras.layers.Activation):
        return layer.input
    activation = getattr(layer, "activation", None)
    if activation is None or activation is keras.activations.linear:
        return layer.output
    name = f"{layer.name}_before_activation"
    twin = type(layer).from_config(layer.get_config() | {"activation": "linear", "name": name})
    before = twin(layer.input)
    twin.set_weights(layer.get_weights())
    return before
