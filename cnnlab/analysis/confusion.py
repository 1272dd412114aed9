"""A confusion matrix as it is drawn: how dark each cell is, what is written into it, and all in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.metrics import Scale, cell_words, normalise, worst_confusions

NUMBERS_UP_TO = 20
"""Numbers are written into the cells up to so many classes; beyond they would not be read."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a confusion matrix, ready to be drawn.

    Attributes:
        darkness: ``(classes, classes) float64``, 0–1; right and wrong answers each on their own scale.
        numbers: What is written into each cell, by row: "17", or "28" percent; nothing where none falls into
            it. Empty for more than `NUMBERS_UP_TO` classes.
    """

    darkness: npt.NDArray[np.float64]
    numbers: tuple[tuple[str, ...], ...]


def confusion_cells(matrix: npt.NDArray[np.int64], scale: Scale = "counts") -> Cells:
    """Return how dark the cells are and what is written into them.

    The darkest right answer is the largest count, or 100 % where the cells are shares; the darkest wrong one
    is the largest wrong one there is, so that few mistakes among many right answers are seen.

    Args:
        matrix: ``(classes, classes) int64``, rows actual, columns predicted.
        scale: What the cells say: counts, or percentages of their row or column.

    Example:
        >>> confusion_cells(np.array([[43, 17], [0, 1]]), "rows").numbers
        (('72', '28'), ('', '100'))
    """
    shares = normalise(matrix, scale)
    right = np.eye(len(matrix), dtype=bool)
    most_right = float(shares[right].max(initial=0.0)) if scale == "counts" else 1.0
    most_wrong = float(shares[~right].max(initial=0.0))
    darkness = shares / np.where(right, most_right or 1.0, most_wrong or 1.0)
    if len(matrix) > NUMBERS_UP_TO:
        return Cells(darkness, ())
    return Cells(darkness, tuple(tuple(_number(value, scale) for value in row) for row in shares))


def describe_confusion(matrix: npt.NDArray[np.int64], names: Sequence[str]) -> str:
    """Say what a confusion matrix shows: how many are right, and what is confused most."""
    total, right = int(np.sum(matrix)), int(np.trace(matrix))
    if not total:
        return f"Confusion matrix of {len(names)} classes without images."
    share = f"{right:,} of {total:,} images right ({right / total:.1%})"
    text = f"Confusion matrix of {len(names)} classes: {share}."
    worst = worst_confusions(matrix, 1)
    if worst:
        text += f" Most frequent mistake: {cell_words(matrix, names, *worst[0][:2])}."
    return text


def _number(value: float, scale: Scale) -> str:
    if not value:
        return ""
    if scale == "counts":
        return f"{int(value):,}" if value < 10_000 else f"{value / 1000:.0f}k"
    # "<1" rather than "0": the cell is not empty.
    return "<1" if value < 0.005 else f"{value * 100:.0f}"
