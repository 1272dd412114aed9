"""A training as a state that moves: model, optimizer, data and position. It records nothing itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend import adjustable, build, checkpoint, graph, scores
from cnnlab.backend.augment import augmenter
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
        sure: images of these steps of which a class had a probability above 0.5.
        surely_correct: those among them where this was the true class.
        images: images in these steps.
        seconds: time that these steps took, in seconds.
    """

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    sure: int = 0
    surely_correct: int = 0
    images: int = 0
    seconds: float = 0.0


class Scores(NamedTuple):
    """Mean loss, accuracy, and Keras's precision and recall (0–1) over a set of images."""

    loss: float
    accuracy: float
    precision: float
    recall: float

    @classmethod
    def of(cls, logits: NDArray[np.float32], labels: NDArray[np.int64], penalty: float = 0.0) -> Scores:
        """Those of logits `(n, classes)` for labels `(n,)`; `penalty` is added to the loss."""
        return cls(
            scores.cross_entropy(logits, labels) + penalty,
            scores.accuracy(logits, labels),
            *scores.precision_recall(logits, labels),
        )


class Batches(NamedTuple):
    """What consecutive training steps gave.

    Attributes:
        first_step: number of the first of them; a training's first step is 1.
        losses: `(k,) float32`, mean cross-entropy of each batch and the weights' penalties.
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


class Setting(NamedTuple):
    """A value that was changed in the course of the training, and the first step that it was for."""

    value: float
    step: int


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
        settings: what was changed in the course of the training, by its name in `CHANGEABLE`.
    """

    def __init__(self, design: Design, data: Dataset) -> None:
        self.design = design
        self.data = data
        self.position = Position()
        self.settings: dict[str, Setting] = {}
        config = design.training
        self.model = build.build(
            design.architecture, seed=config.seed, adjustable=True, precision=config.precision
        )
        self.steps_per_epoch = config.steps_per_epoch(len(data.train))
        self.total_steps = self.steps_per_epoch * config.epochs
        self._optimizer = build.optimizer(config)
        self._resident = graph.resident(data.images, data.labels)
        self._train_steps = graph.train_steps(
            self.model,
            self._optimizer,
            self._resident,
            augment=augmenter(config.augmentation),
            seed=config.seed,
        )
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
        return self.advance_at(self._rates(min(count, self.batches_left)))

    def advance_at(self, rates: NDArray[np.float32]) -> Batches:
        """As `advance`, with the learning rate of each step: `(k,)`."""
        batch_size, position = self.design.training.batch_size, self.position
        rates, strength = rates[: self.batches_left], self.setting("augmentation")
        order, first = self._epoch_order(), position.batch * batch_size
        steps = self._train_steps(order, first, batch_size, rates, step=self.step, strength=strength)
        losses = steps.losses
        starts = first + np.arange(len(losses)) * batch_size
        sizes = np.minimum(batch_size, len(self.data.train) - starts)
        result = Batches(
            self.step + 1, losses, steps.correct / sizes, float(rates[len(losses) - 1]), int(sizes.sum())
        )
        # One after the other: a sum must not depend on how the steps were cut into calls.
        for loss, size in zip(losses.tolist(), sizes.tolist(), strict=True):
            position.loss_sum += loss * size
        position.batch += len(losses)
        position.correct += int(steps.correct.sum())
        position.sure += int(steps.sure.sum())
        position.surely_correct += int(steps.surely_correct.sum())
        position.images += result.images
        return result

    def _rates(self, count: int) -> NDArray[np.float32]:
        """The learning rates of the next steps, `(count,)`."""
        config = self.design.training.replace(learning_rate=self.setting("learning_rate"))
        steps = range(self.step, self.step + count)
        rates = [config.learning_rate_at(step, self.total_steps, self.steps_per_epoch) for step in steps]
        return np.array(rates, dtype=np.float32)

    def next_batch(self, most: int) -> NDArray[np.int64]:
        """Indices of the images of the next step's batch, of at most so many of them."""
        first = self.position.batch * self.design.training.batch_size
        count = min(most, self.design.training.batch_size)
        indices: NDArray[np.int64] = self._epoch_order()[first : first + count].numpy()
        return indices

    def setting(self, name: str) -> float:
        """The value now of a setting that can be changed; without a dropout layer its rate is 0."""
        if name in self.settings:
            return self.settings[name].value
        if name == "learning_rate":
            return self.design.training.learning_rate
        return 1.0 if name == "augmentation" else adjustable.dropout_rate(self.model) or 0.0

    def set(self, name: str, value: float) -> None:
        """Change a setting from the next step on: one of `spec.training.CHANGEABLE`."""
        self.settings[name] = Setting(value, self.step + 1)
        if name == "dropout":
            adjustable.set_dropout(self.model, value)

    def images(self, indices: NDArray[np.int64]) -> tuple[tf.Tensor, tf.Tensor]:
        """Images `(n, height, width, channels) float32, 0–1` and labels `(n,) int64` at these indices."""
        return graph.batch(self._resident, graph.order_of(indices))

    def load_weights(self, weights: dict[str, NDArray[np.float32]]) -> None:
        """Put back what `weights` gave.

        Raises:
            StorageError: they are not those of this design.
        """
        checkpoint.load_weights(self.model, weights)

    def epoch_scores(self) -> Scores:
        """Running means of this epoch's batches, weighted by images as Keras does."""
        position = self.position
        images, sure = max(1, position.images), max(1, position.sure)
        return Scores(
            position.loss_sum / images,
            position.correct / images,
            position.surely_correct / sure,
            position.surely_correct / images,
        )

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

    def float32_logits(self, split: Split) -> NDArray[np.float32]:
        """As `logits`, computed in float32, as wherever the network is looked at after its training."""
        if self.design.training.precision == "float32":
            return self.logits(split)
        model = build.build(self.design.architecture)
        checkpoint.load_weights(model, self.weights())
        return all_logits(
            graph.predictor(model, self._resident)(split.indices, prediction_batch(self.design))
        )

    def score(self, split: Split, between: Callable[[], None] | None = None) -> Scores:
        """How the model does on a split; the loss is that of training. Arguments as for `logits`."""
        penalty = float(sum(float(loss) for loss in self.model.losses))
        return Scores.of(self.logits(split, between), split.labels, penalty)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The weights by names like `conv2d/kernel`."""
        return checkpoint.weights(self.model)

    def state(self) -> tuple[checkpoint.Arrays, dict[str, Any]]:
        """All that a session of the same design needs to go on from here: arrays and plain data."""
        settings = {name: list(setting) for name, setting in self.settings.items()}
        place = dataclasses.asdict(self.position) | {"settings": settings}
        return checkpoint.state(self.model, self._optimizer), place

    def restore(self, arrays: checkpoint.Arrays, position: dict[str, Any]) -> None:
        """Go on from where `state` was asked.

        Raises:
            StorageError: the arrays are not those of this design.
        """
        checkpoint.restore(self.model, self._optimizer, arrays)
        settings = position.get("settings", {})  # states of older versions have none
        self.position = Position(**{name: value for name, value in position.items() if name != "settings"})
        self.settings = {name: Setting(*setting) for name, setting in settings.items()}
        if "dropout" in self.settings:
            adjustable.set_dropout(self.model, self.settings["dropout"].value)

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
