"""The compiled part: many training steps in one graph, and prediction, on images that stay in TensorFlow.

Images stay uint8, as they lie on the disk; each batch is gathered by index and scaled to 0–1 inside the
graph. The scaling, `x / 255`, belongs to this pipeline and not to the model.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

PIXEL_MAXIMUM = 255.0
"""What a uint8 pixel is divided by before the model sees it."""

ALIGNMENT = 64
"""Bytes; TensorFlow's kernels expect memory to begin at a multiple of it."""


class Resident(NamedTuple):
    """A data set where TensorFlow can gather from it.

    Attributes:
        images: `(n, height, width, channels) uint8, 0–255`.
        labels: `(n,) int64`.
    """

    images: tf.Tensor
    labels: tf.Tensor


def resident(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Resident:
    """Bring a data set to TensorFlow; memory-mapped images are not copied."""
    return Resident(_tensor(images), tf.constant(np.asarray(labels)))


def _tensor(images: NDArray[np.uint8]) -> tf.Tensor:
    private = None if tf.config.list_physical_devices("GPU") else _private(images)
    if private is None or private.ctypes.data % ALIGNMENT:
        return tf.constant(np.asarray(images))
    return tf.experimental.dlpack.from_dlpack(private.__dlpack__())


def _private(images: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The same pages of the same file, mapped once more; None where the images are no whole mapping.

    A copy of CIFAR-10 costs 180 MB, and half a second before the first step. TensorFlow takes memory as it is
    by DLPack, but only memory that may be written: a private mapping is that, and nothing ever writes to it.
    """
    base: object = images.base
    if not isinstance(images, np.memmap) or not isinstance(base, mmap.mmap) or images.filename is None:
        return None
    return np.memmap(images.filename, np.uint8, "c", images.offset, images.shape)


def order_of(indices: NDArray[np.int64]) -> tf.Tensor:
    """Indices `(n,)` into the images as the compiled functions take them: `(n,) int32`."""
    return tf.constant(indices.astype(np.int32))


class Steps(NamedTuple):
    """What consecutive training steps gave.

    Attributes:
        losses: `(k,) float32`, mean cross-entropy of each batch; where one is not finite it is the last.
        correct: `(k,) int64`, images of each batch whose greatest logit was that of the true class.
    """

    losses: NDArray[np.float32]
    correct: NDArray[np.int64]


TrainSteps = Callable[[tf.Tensor, int, int, NDArray[np.float32]], Steps]


def train_steps(model: keras.Model, optimizer: keras.optimizers.Optimizer, data: Resident) -> TrainSteps:
    """Compile training steps of a model.

    Returns:
        A function of (order, first, batch_size, rates) that makes `len(rates)` steps, step i with the images
        `order[first + i * batch_size:][:batch_size]` and the learning rate `rates[i]`: `order` is an int32
        tensor of indices into the data, `rates` `(k,) float32`. It stops after a step whose loss is not
        finite.
    """
    step = _one_step(model, optimizer, data)

    def steps(
        order: tf.Tensor, first: tf.Tensor, batch_size: tf.Tensor, rates: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        count = tf.size(rates)

        def one(i: tf.Tensor, _: tf.Tensor, losses: Any, correct: Any) -> tuple[Any, ...]:
            begin = first + i * batch_size
            loss, hits = step(order[begin : begin + batch_size], rates[i])
            return i + 1, tf.math.is_finite(loss), losses.write(i, loss), correct.write(i, hits)

        start = (0, True, tf.TensorArray(tf.float32, count), tf.TensorArray(tf.int64, count))
        done, _, losses, correct = tf.while_loop(
            lambda i, finite, *_: (i < count) & finite, one, start, parallel_iterations=1
        )
        return losses.stack()[:done], correct.stack()[:done]

    # Integers would be constants of the graph, and each new one would trace it anew: everything comes as a
    # tensor.
    scalar, row = tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.int32)
    signature = [row, scalar, scalar, tf.TensorSpec([None], tf.float32)]
    compiled = tf.function(steps, input_signature=signature, autograph=False, jit_compile=False)

    def run(order: tf.Tensor, first: int, batch_size: int, rates: NDArray[np.float32]) -> Steps:
        losses, correct = compiled(order, tf.constant(first), tf.constant(batch_size), tf.constant(rates))
        return Steps(losses.numpy(), correct.numpy())

    return run


def _one_step(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, data: Resident
) -> Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """One step of the graph: a batch's indices and the learning rate in, its loss and right answers out."""
    weights = model.trainable_variables
    optimizer.build(weights)

    def step(indices: tf.Tensor, rate: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = _batch(data, indices)
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        gradients = tape.gradient(loss, weights)
        optimizer.learning_rate.assign(rate)
        optimizer.apply(gradients, weights)
        return loss, tf.math.count_nonzero(tf.argmax(logits, axis=-1) == labels)

    return step


Predict = Callable[[NDArray[np.int64], int], Iterator[NDArray[np.float32]]]


def predictor(model: keras.Model, data: Resident) -> Predict:
    """Compile a model's prediction.

    Returns:
        A function of (indices, batch_size) that yields the logits `(≤ batch_size, classes) float32` of the
        images at these indices, batch by batch.
    """

    def logits(indices: tf.Tensor) -> tf.Tensor:
        return model(_batch(data, indices)[0], training=False)

    signature = [tf.TensorSpec([None], tf.int32)]
    compiled = tf.function(logits, input_signature=signature, autograph=False, jit_compile=False)

    def run(indices: NDArray[np.int64], batch_size: int) -> Iterator[NDArray[np.float32]]:
        for first in range(0, len(indices), batch_size):
            yield compiled(order_of(indices[first : first + batch_size])).numpy()

    return run


def _batch(data: Resident, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Images `(n, height, width, channels) float32, 0–1` and labels `(n,) int64`."""
    images = tf.cast(tf.gather(data.images, indices), tf.float32) / PIXEL_MAXIMUM
    return images, tf.gather(data.labels, indices)
