"""An evaluation in one paragraph of plain words: how good, against what, where it fails, how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnlab.analysis.bootstrap import Interval
from cnnlab.analysis.metrics import Evaluation

_NEARLY_AS_SURE = 0.1
"""Mean confidences of right and wrong answers that differ by less tell no mistake from a right answer."""
_NAMED = 3
"""At most so many classes are named in a row."""


def findings(evaluation: Evaluation, interval: Interval | None = None) -> str:
    """Say in a few sentences what the numbers of an evaluation mean.

    Every number is computed from the answers themselves; nothing is said that they do not show.

    Args:
        evaluation: The answers.
        interval: Of the accuracy, where it was computed.
    """
    if not len(evaluation):
        return "There are no test images, so there is nothing to say."
    if len(np.unique(evaluation.predictions)) == 1 and len(evaluation.class_names) > 1:
        return _constant(evaluation)
    parts = [_headline(evaluation, interval), _baseline(evaluation)]
    if evaluation.accuracy < 1:
        parts += [_extremes(evaluation), _never_answered(evaluation), _pair(evaluation)]
    parts.append(_sureness(evaluation))
    return " ".join(part for part in parts if part)


def _constant(evaluation: Evaluation) -> str:
    answer = int(evaluation.predictions[0])
    name = evaluation.class_names[answer]
    own = int((evaluation.labels == answer).sum())
    if own == len(evaluation):
        return (
            f"It calls every image '{name}', and all {own:,} test images are of this class: they cannot show "
            "whether it tells classes apart."
        )
    return (
        f"It calls every image '{name}', whatever it shows. Its accuracy of {evaluation.accuracy:.1%} is the "
        "share of that class among the test images: it has learnt nothing that tells the classes apart."
    )


def _headline(evaluation: Evaluation, interval: Interval | None) -> str:
    total = len(evaluation)
    right = int((evaluation.predictions == evaluation.labels).sum())
    if right == total:
        # The rule of three (Hanley and Lippman-Hand, 1983): the bootstrap is blind where nothing went wrong.
        return (
            f"All {total:,} test images are called by their own name. That does not make it faultless: up to "
            f"{min(1.0, 3 / total):.1%} of new images could still go wrong (95% bound)."
        )
    text = f"{right:,} of {total:,} test images are called by their own name: {evaluation.accuracy:.1%}"
    if interval is None:
        return text + "."
    return text + f", with another draw of test images {interval.percent()}."


def _baseline(evaluation: Evaluation) -> str:
    """Against always answering the most frequent class."""
    counts = evaluation.confusion.sum(axis=1)
    name, share = evaluation.class_names[int(counts.argmax())], float(counts.max() / counts.sum())
    if share == 1:
        return f"All of them are of '{name}', so the figures say nothing about the other classes."
    if evaluation.accuracy <= share:
        return f"Always answering '{name}' would be right as often or more often: in {share:.1%}."
    return f"Always answering '{name}' would be right in {share:.1%}."


def _extremes(evaluation: Evaluation) -> str:
    """The classes found best and worst, by recall."""
    present = [row for row in evaluation.report if row.support]
    best, worst = (choose(present, key=lambda row: row.recall) for choose in (max, min))
    if best.recall == worst.recall:
        return ""
    return (
        f"It finds '{best.name}' best ({best.recall:.1%} of its images) and '{worst.name}' worst "
        f"({worst.recall:.1%})."
    )


def _never_answered(evaluation: Evaluation) -> str:
    names = [row.name for row in evaluation.report if row.support and not row.predicted]
    return f"It never answers {_listed(names)}." if names else ""


def _pair(evaluation: Evaluation) -> str:
    """The two classes between which most mistakes lie."""
    between = np.triu(evaluation.confusion + evaluation.confusion.T, k=1)
    first, second = np.unravel_index(int(between.argmax()), between.shape)
    mistakes = len(evaluation) - int(np.trace(evaluation.confusion))
    images = int(between[first, second])
    names = evaluation.class_names
    if images < 2:
        return "No two classes are confused more than once."
    return (
        f"Most often it confuses '{names[first]}' and '{names[second]}': {images:,} of its {mistakes:,} "
        f"mistakes are between these two."
    )


def _sureness(evaluation: Evaluation) -> str:
    """Whether a doubtful answer is worth a second look."""
    right = evaluation.predictions == evaluation.labels
    sure = evaluation.confidences
    if right.all():
        return f"It is {sure.mean():.1%} sure on average."
    if not right.any():
        return f"None of its answers is right, and it is {sure.mean():.1%} sure of them on average."
    of_right, of_wrong = float(sure[right].mean()), float(sure[~right].mean())
    text = f"On average it is {of_right:.1%} sure when it is right and {of_wrong:.1%} when it is wrong"
    if of_right - of_wrong < _NEARLY_AS_SURE:
        return text + ": how sure it is does not tell its mistakes."
    return text + ": a doubtful answer deserves a second look."


def _listed(names: Sequence[str]) -> str:
    quoted = [f"'{name}'" for name in names[:_NAMED]]
    if len(names) > _NAMED:
        quoted.append(f"{len(names) - _NAMED} more")
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
