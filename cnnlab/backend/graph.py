"""The compiled part: many training steps in one graph, and prediction, on images that stay in TensorFlow.

Images stay uint8, as they lie on the disk; each batch is gathered by index and scaled to 0–1 inside the
graph. The scaling, `x / 255`, belongs to this pipeline and not to the model.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend.augment import Augment
from cnnlab.backend.scores import SURE

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
        losses: `(k,) float32`, mean cross-entropy of each batch and the L1 and L2 penalties of the weights;
            where one is not finite it is the last.
        correct: `(k,) int64`, images of each batch whose greatest logit was that of the true class.
        sure: `(k,) int64`, images of each batch of which a class had a probability above 0.5.
        surely_correct: `(k,) int64`, those among them where this was the true class.
    """

    losses: NDArray[np.float32]
    correct: NDArray[np.int64]
    sure: NDArray[np.int64]
    surely_correct: NDArray[np.int64]


class TrainSteps(Protocol):
    """Compiled training steps; see `train_steps`."""

    def __call__(
        self,
        order: tf.Tensor,
        first: int,
        batch_size: int,
        rates: NDArray[np.float32],
        *,
        step: int = 0,
        strength: float = 1.0,
    ) -> Steps:
        """Make `len(rates)` steps, or fewer where a loss is not finite."""


def train_steps(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    data: Resident,
    *,
    augment: Augment | None = None,
    seed: int = 0,
) -> TrainSteps:
    """Compile training steps of a model.

    Args:
        model: what is trained.
        optimizer: what makes a step of a gradient; its learning rate is set at each step.
        data: the images.
        augment: what is done to the images of a batch before the model sees them.
        seed: of the augmentation; step n draws from [seed, n], whatever was before it.

    Returns:
        A function of (order, first, batch_size, rates) that makes `len(rates)` steps, step i with the images
        `order[first + i * batch_size:][:batch_size]` and the learning rate `rates[i]`: `order` is an int32
        tensor of indices into the data, `rates` `(k,) float32`. It stops after a step whose loss is not
        finite. `step` is the number of steps made before, `strength` that of the augmentation.
    """
    one_step = _one_step(model, optimizer, data, augment, seed)

    def steps(
        order: tf.Tensor,
        first: tf.Tensor,
        batch_size: tf.Tensor,
        rates: tf.Tensor,
        step: tf.Tensor,
        strength: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        count = tf.size(rates)

        def one(i: tf.Tensor, _: tf.Tensor, losses: Any, counts: Any) -> tuple[Any, ...]:
            begin = first + i * batch_size
            loss, counted = one_step(order[begin : begin + batch_size], rates[i], step + i, strength)
            return i + 1, tf.math.is_finite(loss), losses.write(i, loss), counts.write(i, counted)

        start = (
            0,
            True,
            tf.TensorArray(tf.float32, count),
            tf.TensorArray(tf.int64, count, element_shape=[3]),
        )
        done, _, losses, counts = tf.while_loop(
            lambda i, finite, *_: (i < count) & finite, one, start, parallel_iterations=1
        )
        return losses.stack()[:done], counts.stack()[:done]

    # Integers would be constants of the graph, and each new one would trace it anew: everything comes as a
    # tensor.
    whole, real, row = tf.TensorSpec([], tf.int32), tf.TensorSpec([]), tf.TensorSpec([None], tf.int32)
    signature = [row, whole, whole, tf.TensorSpec([None], tf.float32), whole, real]
    compiled = tf.function(steps, input_signature=signature, autograph=False, jit_compile=False)
    compiled.get_concrete_function()  # here, so that the first epoch's time is that of its steps

    def run(
        order: tf.Tensor,
        first: int,
        batch_size: int,
        rates: NDArray[np.float32],
        *,
        step: int = 0,
        strength: float = 1.0,
    ) -> Steps:
        numbers = (tf.constant(number) for number in (first, batch_size, rates, step, float(strength)))
        losses, counts = compiled(order, *numbers)
        return Steps(losses.numpy(), *counts.numpy().T)

    return run


OneStep = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def _one_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    data: Resident,
    augment: Augment | None,
    seed: int,
) -> OneStep:
    """One step of the graph: from a batch's indices, rate, number and strength to its loss and counts."""
    weights = model.trainable_variables
    optimizer.build(weights)

    def step(
        indices: tf.Tensor, rate: tf.Tensor, number: tf.Tensor, strength: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = batch(data, indices)
        if augment is not None:
            images = augment(images, tf.stack([seed, number]), strength)
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = objective(model, logits, labels)
        gradients = tape.gradient(loss, weights)
        optimizer.learning_rate.assign(rate)
        optimizer.apply(gradients, weights)
        return loss, _counts(logits, labels)

    return step


def objective(model: keras.Model, logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """What training makes small: mean cross-entropy, and the L1 and L2 penalties of the weights."""
    entropy = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    return tf.add_n([entropy, *model.losses])


def _counts(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """How many images were classified rightly, surely, and surely and rightly: `(3,) int64`."""
    correct = tf.argmax(logits, axis=-1) == labels
    sure = tf.reduce_max(tf.nn.softmax(logits), axis=-1) > SURE
    return tf.stack([tf.math.count_nonzero(flags) for flags in (correct, sure, correct & sure)])


Predict = Callable[[NDArray[np.int64], int], Iterator[NDArray[np.float32]]]


def predictor(model: keras.Model, data: Resident) -> Predict:
    """Compile a model's prediction.

    Returns:
        A function of (indices, batch_size) that yields the logits `(≤ batch_size, classes) float32` of the
        images at these indices, batch by batch.
    """

    def logits(indices: tf.Tensor) -> tf.Tensor:
        return model(batch(data, indices)[0], training=False)

    signature = [tf.TensorSpec([None], tf.int32)]
    compiled = tf.function(logits, input_signature=signature, autograph=False, jit_compile=False)

    def run(indices: NDArray[np.int64], batch_size: int) -> Iterator[NDArray[np.float32]]:
        for first in range(0, len(indices), batch_size):
            yield compiled(order_of(indices[first : first + batch_size])).numpy()

    return run


def batch(data: Resident, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Images `(n, height, width, channels) float32, 0–1` and labels `(n,) int64`."""
    images = tf.cast(tf.gather(data.images, indices), tf.float32) / PIXEL_MAXIMUM
    return images, tf.gather(data.labels, indices)
