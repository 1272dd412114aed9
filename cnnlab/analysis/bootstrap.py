"""How far a figure of the test set would move if other images had been drawn: bootstrap intervals.

Efron's percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13): the
test images are drawn again with replacement, as many as there are, many times over; the interval holds the
middle 95 % of the figures computed on each draw. It covers the choice of the test images alone, not the seed
of the training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
"""Draws: the ends of the interval then move by about a tenth of its width with another seed."""
LEVEL = 0.95
_CHUNK = 250
"""Draws held in memory at once: a hundred classes have thousands of cells."""

METHOD = (
    f"{LEVEL:.0%} interval by the percentile bootstrap: the test images drawn again with replacement "
    f"{RESAMPLES:,} times, seed 0. It says how much the choice of test images matters, not the seed of the "
    "training."
)


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of an interval, of the figure's own unit; both NaN without images."""

    low: float
    high: float

    def percent(self) -> str:
        """The interval in words: "94.7% to 98.3%"."""
        return f"{self.low:.1%} to {self.high:.1%}"


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of an evaluation's headline figures."""

    accuracy: Interval
    macro_f1: Interval


def intervals(matrix: npt.NDArray[np.int64], *, resamples: int = RESAMPLES, seed: int = 0) -> Intervals:
    """Return percentile bootstrap intervals of accuracy and of the mean F1.

    Both figures depend on how many images fall into each cell of the confusion matrix alone, and drawing n
    images with replacement is drawing those counts from a multinomial distribution: no image is touched.

    Args:
        matrix: ``(classes, classes) int64``, rows actual, columns predicted.
        resamples: Draws.
        seed: Of ``numpy.random.default_rng``: the same matrix always gives the same intervals.
    """
    total = int(matrix.sum())
    if not total:
        nothing = Interval(float("nan"), float("nan"))
        return Intervals(nothing, nothing)
    rows, columns = np.nonzero(matrix)
    shares = matrix[rows, columns] / total
    random = np.random.default_rng(seed)
    accuracies, f1s = [], []
    for first in range(0, resamples, _CHUNK):
        counts = random.multinomial(total, shares, size=min(_CHUNK, resamples - first))
        accuracies.append(counts[:, rows == columns].sum(axis=1) / total)
        f1s.append(_macro_f1(counts, rows, columns, len(matrix)))
    return Intervals(_middle(np.concatenate(accuracies)), _middle(np.concatenate(f1s)))


def _macro_f1(
    counts: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.float64]:
    """Mean F1 of each draw: ``(draws, cells) int64`` to ``(draws,)``; a class without images has 0."""
    each = np.eye(classes)
    right = counts @ (each[rows] * (rows == columns)[:, None])
    named = counts @ each[rows] + counts @ each[columns]
    # F1 = 2 tp / (actual + predicted), the same as the harmonic mean of precision and recall.
    f1 = np.divide(2 * right, named, out=np.zeros_like(right), where=named > 0)
    return np.asarray(f1.mean(axis=1), np.float64)


def _middle(values: npt.NDArray[np.float64]) -> Interval:
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return Interval(float(low), float(high))
