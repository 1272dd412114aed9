"""A run's events folded into arrays: what a chart draws and a table shows."""

from __future__ import annotations

import bisect
import math
from array import array
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cnnlab.runs.events import Event

_NAN = math.nan


class History:
    """What a run's events say so far.

    Events are added in the order of their `seq`; one that was added before is ignored, so that a reader that
    connects again may send some twice.

    Attributes:
        seq: `seq` of the last event added, 0 at first.
        epochs: One dict an epoch, the fields of `Epoch`, in order.
        tested: The fields of `Tested`, or None.
        status: The last status, or None.
        message: What was said with the last status, or None.
        total_steps: Optimizer updates in the whole training; 0 until it started. So are the next four.
        steps_per_epoch: Optimizer updates in an epoch.
        total_epochs: Epochs in the whole training.
        batch_size: Images in a batch.
        train_images: Images in an epoch.
        learning_rate: Of the last step, or None.
        images_per_second: Of the last steps, or None.
        changes: One dict a change in the course of the training, the fields of `Changed`, in order.
        health: One dict a look at the layers, the fields of `Health`, in order.
        snapshot_step: The step that the run's pictures show; 0 while there are none.
    """

    def __init__(self) -> None:
        self.seq = 0
        self.epochs: list[dict[str, Any]] = []
        self.tested: dict[str, Any] | None = None
        self.status: str | None = None
        self.message: str | None = None
        self.total_steps = 0
        self.steps_per_epoch = 0
        self.total_epochs = 0
        self.batch_size = 0
        self.train_images = 0
        self.learning_rate: float | None = None
        self.images_per_second: float | None = None
        self.changes: list[dict[str, Any]] = []
        self.health: list[dict[str, Any]] = []
        self.snapshot_step = 0
        self._step = array("q")
        self._loss = array("d")
        self._accuracy = array("d")

    @classmethod
    def fold(cls, events: Iterable[Event]) -> Self:
        """The history that these events, in order, make."""
        history = cls()
        for event in events:
            history.add(event)
        return history

    def add(self, event: Event) -> Self:
        """Takes one more event in, in time that does not grow with the history. Returns itself."""
        if event.seq <= self.seq:
            return self
        self.seq = event.seq
        handler = _HANDLERS.get(event.kind)
        if handler is not None:  # a kind of a newer version is none of our business
            handler(self, event.payload)
        return self

    @property
    def step(self) -> NDArray[np.int64]:
        """Steps with a recorded batch: `(n,) int64`, rising, the first step of a training is 1."""
        return np.array(self._step, dtype=np.int64)

    @property
    def loss(self) -> NDArray[np.float64]:
        """Training loss of each step's batch: `(n,) float64`, NaN where it was not finite."""
        return np.array(self._loss, dtype=np.float64)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Training accuracy of each step's batch: `(n,) float64`, 0–1."""
        return np.array(self._accuracy, dtype=np.float64)

    @property
    def last_step(self) -> int:
        """The last step with a recorded batch; 0 before the first."""
        return self._step[-1] if self._step else 0

    @property
    def values(self) -> dict[str, float]:
        """The values now of the settings that were changed in the course of the training, by name."""
        return {change["name"]: change["value"] for change in self.changes}

    @property
    def progress(self) -> float:
        """Share of the training's steps that are done, 0–1."""
        return min(1.0, self.last_step / self.total_steps) if self.total_steps else 0.0

    def _started(self, payload: Mapping[str, Any]) -> None:
        self.total_steps = payload["total_steps"]
        self.steps_per_epoch = payload["steps_per_epoch"]
        self.total_epochs = payload["epochs"]
        self.batch_size = payload["batch_size"]
        self.train_images = payload["train_images"]
        self._forget_after(payload["step"])

    def _steps(self, payload: Mapping[str, Any]) -> None:
        first = payload["first_step"]
        # Whoever writes a step again means it: the last word on a step counts, and the arrays stay in order.
        self._forget_steps_after(first - 1)
        self._step.extend(range(first, first + len(payload["loss"])))
        self._loss.extend(_NAN if value is None else value for value in payload["loss"])
        self._accuracy.extend(_NAN if value is None else value for value in payload["accuracy"])
        self.learning_rate = payload["learning_rate"]
        self.images_per_second = payload["images_per_second"]

    def _epoch(self, payload: Mapping[str, Any]) -> None:
        while self.epochs and self.epochs[-1]["epoch"] >= payload["epoch"]:
            self.epochs.pop()
        self.epochs.append(dict(payload))

    def _tested(self, payload: Mapping[str, Any]) -> None:
        self.tested = dict(payload)

    def _status(self, payload: Mapping[str, Any]) -> None:
        self.status = payload["status"]
        self.message = payload.get("message")

    def _changed(self, payload: Mapping[str, Any]) -> None:
        self.changes.append(dict(payload))

    def _health(self, payload: Mapping[str, Any]) -> None:
        self.health.append(dict(payload))

    def _snapshot(self, payload: Mapping[str, Any]) -> None:
        self.snapshot_step = payload["step"]

    def _forget_after(self, step: int) -> None:
        """Drops what was recorded after `step`: a training that goes on from there does it again."""
        self._forget_steps_after(step)
        while self.epochs and self.epochs[-1]["step"] > step:
            self.epochs.pop()
        self.tested = None  # that of an earlier end, be it of this very step
        for told in (self.changes, self.health):
            while told and told[-1]["step"] > step:
                told.pop()

    def _forget_steps_after(self, step: int) -> None:
        if self.last_step <= step:
            return
        keep = bisect.bisect_right(self._step, step)
        del self._step[keep:], self._loss[keep:], self._accuracy[keep:]


_HANDLERS = {
    "started": History._started,
    "steps": History._steps,
    "epoch": History._epoch,
    "tested": History._tested,
    "status": History._status,
    "changed": History._changed,
    "health": History._health,
    "snapshot": History._snapshot,
}
