"""A training as a state that moves: model, optimizer, data and position. It records nothing itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend import build, checkpoint, graph, scores
from cnnlab.datasets import Dataset, Split
from cnnlab.spec.design import Design

PREDICTION_BYTES = 64 * 2**20
"""Activations of one batch in prediction: larger batches are no faster on a CPU."""
MAX_PREDICTION_BATCH = 512


@dataclass
class Position:
    """How far a training is, with the sums of the epoch in which it is.

    Attributes:
        epoch: whole epochs done, validated and recorded.
        batch: steps made since.
        loss_sum: sum over the images of these steps of their batches' mean loss.
        correct: images of these steps that were classified rightly.
        images: images in these steps.
        seconds: time that these steps took, in seconds.
    """

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    images: int = 0
    seconds: float = 0.0


class Scores(NamedTuple):
    """Mean loss and accuracy (0–1) over a set of images."""

    loss: float
    accuracy: float

    @classmethod
    def of(cls, logits: NDArray[np.float32], labels: NDArray[np.int64]) -> Scores:
        """Those of logits `(n, classes)` for labels `(n,)`."""
        return cls(scores.cross_entropy(logits, labels), scores.accuracy(logits, labels))


class Batches(NamedTuple):
    """What consecutive training steps gave.

    Attributes:
        first_step: number of the first of them; a training's first step is 1.
        losses: `(k,) float32`, mean cross-entropy of each batch.
        accuracies: `(k,) float64`, 0–1.
        learning_rate: of the last of them.
        images: images in all of them.
    """

    first_step: int
    losses: NDArray[np.float32]
    accuracies: NDArray[np.float64]
    learning_rate: float
    images: int

    @property
    def last_step(self) -> int:
        """Number of the last step."""
        return self.first_step + len(self.losses) - 1

    @property
    def diverged(self) -> bool:
        """Whether the last loss is not finite; no step was made after it."""
        return not np.isfinite(self.losses[-1])


class Session:
    """One training in memory.

    Two sessions of one design that make the same number of steps hold the same values, bit for bit, on one
    machine: the order of the images is `default_rng([seed, epoch])`'s, and the initial weights and dropout
    are drawn from the seed, whatever else the process did before.

    Attributes:
        design: what is trained.
        data: its data set.
        model: the Keras model.
        position: how far it is.
    """

    def __init__(self, design: Design, data: Dataset) -> None:
        self.design = design
        self.data = data
        self.position = Position()
        config = design.training
        self.model = build.build(
            design.architecture, seed=config.seed, adjustable=True, precision=config.precision
        )
        self.steps_per_epoch = config.steps_per_epoch(len(data.train))
        self.total_steps = self.steps_per_epoch * config.epochs
        self._optimizer = build.optimizer(config)
        self._resident = graph.resident(data.images, data.labels)
        self._train_steps = graph.train_steps(self.model, self._optimizer, self._resident)
        self._predict = graph.predictor(self.model, self._resident)
        self._order: tuple[int, tf.Tensor] | None = None

    @property
    def step(self) -> int:
        """Optimizer steps made."""
        return self.position.epoch * self.steps_per_epoch + self.position.batch

    @property
    def epochs_done(self) -> float:
        """Epochs made, in the middle of one with the share of it that is done."""
        return self.position.epoch + self.position.batch / self.steps_per_epoch

    @property
    def batches_left(self) -> int:
        """Steps left in this epoch."""
        return self.steps_per_epoch - self.position.batch

    def advance(self, count: int) -> Batches:
        """Make `count` steps, or fewer at the end of the epoch or at a loss that is not finite."""
        config, position = self.design.training, self.position
        count = min(count, self.batches_left)
        rates = np.array(
            [
                config.learning_rate_at(self.step + i, self.total_steps, self.steps_per_epoch)
                for i in range(count)
            ],
            dtype=np.float32,
        )
        first = position.batch * config.batch_size
        losses, correct = self._train_steps(self._epoch_order(), first, config.batch_size, rates)
        starts = first + np.arange(len(losses)) * config.batch_size
        sizes = np.minimum(config.batch_size, len(self.data.train) - starts)
        result = Batches(
            self.step + 1, losses, correct / sizes, float(rates[len(losses) - 1]), int(sizes.sum())
        )
        # One after the other: a sum must not depend on how the steps were cut into calls.
        for loss, size in zip(losses.tolist(), sizes.tolist(), strict=True):
            position.loss_sum += loss * size
        position.batch += len(losses)
        position.correct += int(correct.sum())
        position.images += result.images
        return result

    def epoch_scores(self) -> Scores:
        """Running means of this epoch's batches, weighted by images as Keras does."""
        images = max(1, self.position.images)
        return Scores(self.position.loss_sum / images, self.position.correct / images)

    def next_epoch(self) -> None:
        """Leave a completed epoch behind."""
        self.position = Position(epoch=self.position.epoch + 1)

    def logits(self, split: Split, between: Callable[[], None] | None = None) -> NDArray[np.float32]:
        """What the model says about the images of a split.

        Args:
            split: of this session's data set; not empty.
            between: called between batches; it may raise to give up.

        Returns:
            `(n, classes) float32`, in the split's order.
        """
        return all_logits(self._predict(split.indices, prediction_batch(self.design)), between)

    def score(self, split: Split, between: Callable[[], None] | None = None) -> Scores:
        """Loss and accuracy of the model on a split; arguments as for `logits`."""
        return Scores.of(self.logits(split, between), split.labels)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The weights by names like `conv2d/kernel`."""
        return checkpoint.weights(self.model)

    def state(self) -> tuple[checkpoint.Arrays, dict[str, Any]]:
        """All that a session of the same design needs to go on from here: arrays and plain data."""
        return checkpoint.state(self.model, self._optimizer), dataclasses.asdict(self.position)

    def restore(self, arrays: checkpoint.Arrays, position: dict[str, Any]) -> None:
        """Go on from where `state` was asked.

        Raises:
            StorageError: the arrays are not those of this design.
        """
        checkpoint.restore(self.model, self._optimizer, arrays)
        self.position = Position(**position)

    def _epoch_order(self) -> tf.Tensor:
        epoch = self.position.epoch
        if self._order is None or self._order[0] != epoch:
            shuffled = np.random.default_rng([self.design.training.seed, epoch]).permutation(
                self.data.train.indices
            )
            self._order = epoch, graph.order_of(shuffled)
        return self._order[1]


def prediction_batch(design: Design) -> int:
    """Images in a batch of a prediction, so many that their activations stay small."""
    one = max(1, design.architecture.trace().activation_bytes)
    return max(1, min(MAX_PREDICTION_BATCH, PREDICTION_BYTES // one))


def all_logits(
    batches: Iterable[NDArray[np.float32]], between: Callable[[], None] | None = None
) -> NDArray[np.float32]:
    """The batches of a prediction as one `(n, classes) float32`.

    `between` is called after each batch; it may raise to give up.
    """
    parts = []
    for part in batches:
        parts.append(part)
        if between is not None:
            between()
    return np.concatenate(parts)
