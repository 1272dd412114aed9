"""Curves of several runs on one axis, and which of several runs are worth their cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from cnnlab.runs.history import History

Axis = Literal["epoch", "step", "time"]
"""By epochs, by optimizer steps, or by seconds of training."""

MEASURES = (
    "val_accuracy",
    "val_loss",
    "accuracy",
    "loss",
    "val_precision",
    "val_recall",
    "precision",
    "recall",
)
"""Names of an epoch's fields that can be compared, in the order in which a page offers them."""
PER_STEP = ("loss", "accuracy")
"""Measures that are recorded for each step, too."""
STEP_POINTS = 200
"""A curve by steps is drawn through at most so many means of consecutive steps."""


@dataclass(frozen=True, eq=False)
class Line:
    """One run's curve.

    Attributes:
        x: ``(n,) float64``, rising: epochs, steps or seconds.
        y: ``(n,) float64``.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many points there are."""
        return len(self.x)


def line(history: History, measure: str, axis: Axis) -> Line:
    """Return a run's curve: a point an epoch, or, by steps, the mean of some steps where each was recorded.

    Seconds are those in which the run trained and validated: pauses and the start are not among them.

    Args:
        history: The run's history.
        measure: One of `MEASURES`.
        axis: What x counts.
    """
    if axis == "step" and measure in PER_STEP:
        return _by_steps(history.step, history.loss if measure == "loss" else history.accuracy)
    return _by_epochs(history.epochs, measure, axis)


def measured(histories: Sequence[History]) -> list[str]:
    """Return the measures that at least one of these runs has, in the order of `MEASURES`."""
    return [
        name
        for name in MEASURES
        if any(row.get(name) is not None for history in histories for row in history.epochs)
    ]


def pareto_front(costs: npt.NDArray[np.floating], values: npt.NDArray[np.floating]) -> list[int]:
    """Return which are on the Pareto front: no other costs as little or less and is worth more, or as much.

    Args:
        costs: ``(n,) float``, less is better.
        values: ``(n,) float``, more is better.

    Returns:
        Positions by rising cost. Of equals all are on it; NaN never is.
    """
    costs, values = np.asarray(costs, np.float64), np.asarray(values, np.float64)
    known = np.flatnonzero(np.isfinite(costs) & np.isfinite(values))
    front = [
        int(k)
        for k in known
        if not (
            (costs[known] <= costs[k])
            & (values[known] >= values[k])
            & ((costs[known] < costs[k]) | (values[known] > values[k]))
        ).any()
    ]
    return sorted(front, key=lambda k: (costs[k], -values[k]))


def _by_epochs(epochs: Sequence[Mapping[str, Any]], measure: str, axis: Axis) -> Line:
    elapsed = np.cumsum([row["seconds"] for row in epochs])
    places = {
        "epoch": [row["epoch"] for row in epochs],
        "step": [row["step"] for row in epochs],
        "time": elapsed.tolist(),
    }[axis]
    points = [
        (place, row[measure])
        for place, row in zip(places, epochs, strict=True)
        if row.get(measure) is not None
    ]
    x, y = zip(*points, strict=True) if points else ((), ())
    return Line(np.array(x, np.float64), np.array(y, np.float64))


def _by_steps(steps: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> Line:
    """Means of consecutive steps, each at the last of its steps."""
    known = np.isfinite(values)
    steps, values = steps[known], values[known]
    if not len(steps):
        return Line(np.zeros(0), np.zeros(0))
    starts = np.unique(np.linspace(0, len(steps), min(STEP_POINTS, len(steps)) + 1).astype(np.int64)[:-1])
    sizes = np.diff([*starts, len(steps)])
    ends = starts + sizes - 1
    return Line(steps[ends].astype(np.float64), np.add.reduceat(values, starts) / sizes)
