"""How well each class's probability ranks its own images before the others: precision–recall and ROC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.metrics import Evaluation

POINTS = 200
"""A curve is drawn through at most so many points: more are not told apart on a screen."""

_Curve = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ranking:
    """One class against all others, by its probability.

    Attributes:
        name: The class's name.
        support: Images of the class.
        recall: ``(n,) float64``, 0–1, rising: the precision–recall curve's x. Empty without images of the
            class.
        precision: ``(n,) float64``, 0–1.
        false_positives: ``(m,) float64``, 0–1, rising: the ROC curve's x. Empty unless there are images of
            the class and others.
        true_positives: ``(m,) float64``, 0–1.
        average_precision: 0–1, scikit-learn's; NaN where there is no curve.
        auc: Area under the ROC curve, 0–1; NaN where there is no curve.
    """

    name: str
    support: int
    recall: _Curve
    precision: _Curve
    false_positives: _Curve
    true_positives: _Curve
    average_precision: float
    auc: float


def rankings(evaluation: Evaluation) -> tuple[Ranking, ...]:
    """Return each class's precision–recall and ROC curve with the areas under them, by scikit-learn."""
    return tuple(_ranking(evaluation, k) for k in range(len(evaluation.class_names)))


def mean_of(values: list[float]) -> float:
    """Return the mean of those that are numbers; NaN where none is."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _ranking(evaluation: Evaluation, k: int) -> Ranking:
    # Imported here: it takes about a second, and most pages never ask.
    from sklearn.metrics import auc, precision_recall_curve, roc_curve

    own = evaluation.labels == k
    score = evaluation.probabilities[:, k]
    nothing = np.zeros(0)
    recall = precision = false_positives = true_positives = nothing
    area = average = float("nan")
    if own.any():
        precision, recall, _ = precision_recall_curve(own, score, drop_intermediate=True)
        precision, recall = precision[::-1], recall[::-1]
        # scikit-learn's average_precision_score, without computing the curve once more.
        average = float((np.diff(recall) * precision[1:]).sum())
        if not own.all():
            false_positives, true_positives, _ = roc_curve(own, score)
            area = float(auc(false_positives, true_positives))
    return Ranking(
        evaluation.class_names[k],
        int(own.sum()),
        *_thinned(recall, precision),
        *_thinned(false_positives, true_positives),
        average,
        area,
    )


def _thinned(x: _Curve, y: _Curve) -> tuple[_Curve, _Curve]:
    """Leave out points of a curve, evenly along its length, its two ends never."""
    if len(x) <= POINTS:
        return x, y
    way = np.concatenate([[0.0], np.hypot(np.diff(x), np.diff(y)).cumsum()])
    chosen = np.unique(np.searchsorted(way, np.linspace(0, way[-1], POINTS)).clip(0, len(x) - 1))
    return x[chosen], y[chosen]
