"""Whether a model is as often right as it says: the reliability diagram's numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.metrics import Evaluation

BINS = 15
"""As in Guo et al., table 1."""
_ABOUT_RIGHT = 0.02
"""Means that differ by less than two points are called about right."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Confidence against accuracy in bins of equal width.

    Attributes:
        edges: ``(bins + 1,) float64``, 0 to 1; a bin holds what is above its lower edge, up to its upper one.
        counts: ``(bins,) int64``, images whose confidence lies in each bin.
        confidence: ``(bins,) float64``, mean probability of the predicted class in each bin; NaN where none
            is.
        accuracy: ``(bins,) float64``, share that is right in each bin; NaN where none is.
        error: Expected calibration error, 0–1: the mean distance of the two, each bin weighed by its images.
        mean_confidence: Over all images, 0–1.
        mean_accuracy: Over all images, 0–1.
    """

    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]
    error: float
    mean_confidence: float
    mean_accuracy: float


def calibration(evaluation: Evaluation, bins: int = BINS) -> Calibration:
    """Return the reliability diagram's numbers and the expected calibration error of a model's answers.

    Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017, equations 1, 2
    and 5.
    """
    sure = np.asarray(evaluation.confidences, np.float64)
    right = evaluation.predictions == evaluation.labels
    edges = np.linspace(0, 1, bins + 1)
    # A bin is open below and closed above, as in the paper.
    place = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins).astype(np.int64)
    held = counts > 0
    nowhere = np.full(bins, np.nan)
    confidence = np.divide(np.bincount(place, sure, bins), counts, out=nowhere.copy(), where=held)
    accuracy = np.divide(np.bincount(place, right, bins), counts, out=nowhere.copy(), where=held)
    total = len(sure)
    if not total:
        nan = float("nan")
        return Calibration(edges, counts, confidence, accuracy, nan, nan, nan)
    error = float((np.abs(accuracy - confidence)[held] * counts[held]).sum() / total)
    return Calibration(edges, counts, confidence, accuracy, error, float(sure.mean()), float(right.mean()))


def calibration_words(found: Calibration) -> str:
    """Say whether the model is too sure, too modest or about right."""
    if not found.counts.any():
        return "There are no images, so nothing is known about its confidence."
    gap = found.mean_confidence - found.mean_accuracy
    if abs(gap) < _ABOUT_RIGHT:
        verdict = "on the whole as sure as it is right"
    else:
        verdict = f"{'too sure' if gap > 0 else 'too modest'} by {100 * abs(gap):.1f} points"
    return (
        f"On average it is {found.mean_confidence:.1%} sure and right in {found.mean_accuracy:.1%} of its "
        f"answers: {verdict}."
    )
