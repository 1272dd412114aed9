"""What a classifier got right and wrong: the confusion matrix, its words, and figures per class.

Throughout, a confusion matrix is ``(classes, classes) int64`` with the actual class as row and the predicted
class as column, as in scikit-learn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Scale = Literal["counts", "rows", "columns"]
"""What a cell of a confusion matrix says: images, share of its actual class, or share of its predicted
class."""


@dataclass(frozen=True, slots=True)
class ClassReport:
    """How one class fared.

    Attributes:
        name: The class's name.
        precision: Share of the images called this class that are of it, 0–1; 0 where none was called so.
        recall: Share of the images of this class that were called so, 0–1; 0 where there is none.
        f1: Harmonic mean of precision and recall, 0–1.
        support: Images of this class.
        predicted: Images called this class.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's answers to a set of labelled images, and what follows from them.

    Attributes:
        probabilities: ``(n, classes) float32``, each row sums to 1.
        labels: ``(n,) int64``, the actual classes, 0 to classes - 1.
        class_names: One name a class.
        loss: Mean cross-entropy in nats, where it was measured.

    Raises:
        ValueError: The shapes or the labels do not belong together.

    Example:
        >>> answers = np.array([[0.9, 0.1], [0.7, 0.3]], np.float32)
        >>> Evaluation(answers, np.array([0, 1]), ("cat", "dog")).accuracy
        0.5
    """

    probabilities: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    loss: float | None = None

    def __post_init__(self) -> None:
        """Check that the three belong together."""
        object.__setattr__(self, "class_names", tuple(self.class_names))
        classes = len(self.class_names)
        if self.probabilities.ndim != 2 or self.probabilities.shape[1] != classes:
            raise ValueError(
                f"Evaluation: expected probabilities of shape (n, {classes}) for {classes} class names. "
                f"Received shape {self.probabilities.shape}."
            )
        if self.labels.shape != self.probabilities.shape[:1]:
            raise ValueError(
                f"Evaluation: expected one label for each of {len(self.probabilities)} rows. "
                f"Received shape {self.labels.shape}."
            )
        if self.labels.size and not (self.labels.min() >= 0 and self.labels.max() < classes):
            raise ValueError(
                f"Evaluation: expected labels from 0 to {classes - 1}. "
                f"Received {self.labels.min()} to {self.labels.max()}."
            )

    def __len__(self) -> int:
        """Return how many images were asked about."""
        return len(self.labels)

    @cached_property
    def predictions(self) -> npt.NDArray[np.int64]:
        """The most probable class of each image, ``(n,) int64``."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @cached_property
    def confidences(self) -> npt.NDArray[np.float32]:
        """The probability of the predicted class, ``(n,) float32``, 0–1."""
        return np.asarray(self.probabilities.max(axis=1), np.float32)

    @cached_property
    def accuracy(self) -> float:
        """Share of the images that were called by their own class, 0–1; NaN without images."""
        return float((self.predictions == self.labels).mean()) if len(self) else float("nan")

    @cached_property
    def confusion(self) -> npt.NDArray[np.int64]:
        """The confusion matrix, ``(classes, classes) int64``: rows actual, columns predicted."""
        return confusion_matrix(self.labels, self.predictions, len(self.class_names))

    @cached_property
    def report(self) -> tuple[ClassReport, ...]:
        """Precision, recall and F1 of each class; 0 where there is nothing to divide by.

        From the counts of the matrix: scikit-learn's own takes a second to import, and goes over all images.
        """
        right, support, predicted = _sums(self.confusion)
        measures = zip(
            _shares(right, predicted),
            _shares(right, support),
            _shares(2 * right, support + predicted),  # the same as the harmonic mean of the two
            support.tolist(),
            predicted.tolist(),
            strict=True,
        )
        return tuple(ClassReport(name, *row) for name, row in zip(self.class_names, measures, strict=True))

    @cached_property
    def macro_f1(self) -> float:
        """Unweighted mean of the classes' F1, 0–1: a rare class counts as much as a common one."""
        return float(np.mean([row.f1 for row in self.report]))

    def renamed(self, names: Sequence[str]) -> Evaluation:
        """Return the same answers with other names for the classes; the report is not computed again."""
        new = dataclasses.replace(self, class_names=tuple(names))
        report = tuple(
            dataclasses.replace(row, name=name) for row, name in zip(self.report, names, strict=True)
        )
        new.__dict__["report"] = report  # where `cached_property` keeps it
        return new

    def top(self, image: int, limit: int = 3) -> list[tuple[str, float]]:
        """Return an image's most probable classes with their probabilities, most probable first."""
        order = np.argsort(-self.probabilities[image], kind="stable")[:limit]
        return [(self.class_names[k], float(self.probabilities[image, k])) for k in order]


def _sums(matrix: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
    """Right ones, images and answers of each class, ``(classes,) int64`` each."""
    return np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)


def _shares(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> list[float]:
    shares: list[float] = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0).tolist()
    return shares


def confusion_matrix(
    labels: npt.NDArray[np.int64], predictions: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.int64]:
    """Count how often each actual class was called each class.

    Args:
        labels: ``(n,) int64``, the actual classes.
        predictions: ``(n,) int64``, the predicted classes.
        classes: How many classes there are.

    Returns:
        ``(classes, classes) int64``; row actual, column predicted.
    """
    pairs = np.asarray(labels, np.int64) * classes + np.asarray(predictions, np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def normalise(matrix: npt.NDArray[np.int64], scale: Scale) -> npt.NDArray[np.float64]:
    """Turn counts into shares of their row or of their column.

    Args:
        matrix: ``(classes, classes) int64``, rows actual, columns predicted.
        scale: ``"counts"`` leaves the counts, ``"rows"`` gives shares of the actual class (its diagonal is
            recall), ``"columns"`` shares of the predicted class (its diagonal is precision).

    Returns:
        ``(classes, classes) float64``; 0–1 for shares. A row or column without images stays 0.

    Raises:
        ValueError: An unknown scale.
    """
    if scale not in get_args(Scale):
        raise ValueError(f"normalise: expected one of {get_args(Scale)}. Received {scale!r}.")
    counts = np.asarray(matrix, np.float64)
    if scale == "counts":
        return counts
    totals = counts.sum(axis=1 if scale == "rows" else 0, keepdims=True)
    return np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)


def cell_words(matrix: npt.NDArray[np.int64], names: Sequence[str], actual: int, predicted: int) -> str:
    """Say what one cell of a confusion matrix counts.

    Example:
        >>> cell_words(np.array([[43, 17], [0, 1]]), ("shirt", "coat"), 0, 1)
        "17 of 60 images of 'shirt' were called 'coat'"
    """
    images, total = int(matrix[actual, predicted]), int(matrix[actual].sum())
    if not total:
        return f"There are no images of '{names[actual]}'"
    verb = "was" if images == 1 else "were"
    noun = "image" if total == 1 else "images"
    rightly = "rightly " if actual == predicted else ""
    return f"{images:,} of {total:,} {noun} of '{names[actual]}' {verb} {rightly}called '{names[predicted]}'"


def cell_indices(evaluation: Evaluation, actual: int, predicted: int) -> npt.NDArray[np.int64]:
    """Return which images one cell counts, the most confident answer first.

    Args:
        evaluation: The answers.
        actual: The cell's row.
        predicted: The cell's column.

    Returns:
        ``(images in the cell,) int64``, positions in the evaluated set; ties keep the set's order.
    """
    chosen = np.flatnonzero((evaluation.labels == actual) & (evaluation.predictions == predicted))
    return chosen[np.argsort(-evaluation.confidences[chosen], kind="stable")]


def worst_confusions(matrix: npt.NDArray[np.int64], limit: int = 3) -> list[tuple[int, int, int]]:
    """Return the largest cells off the diagonal as (actual, predicted, images), largest first, none empty."""
    wrong = np.array(matrix, np.int64)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    cells = [(int(cell // len(wrong)), int(cell % len(wrong))) for cell in order]
    return [(i, j, int(wrong[i, j])) for i, j in cells if wrong[i, j]]


def confident_mistakes(evaluation: Evaluation, limit: int = 12) -> npt.NDArray[np.int64]:
    """Return which images were called by a wrong name, the most confident mistake first.

    Returns:
        ``(at most limit,) int64``, positions in the evaluated set; ties keep the set's order.
    """
    wrong = np.flatnonzero(evaluation.predictions != evaluation.labels)
    return wrong[np.argsort(-evaluation.confidences[wrong], kind="stable")][:limit]
