"""What a training's numbers say, in words: how it goes, where its curves meet, which layer is unwell.

Pure: a `History` in, sentences out. The thresholds are rules of thumb; each says what it stands for. Every
rule allows for noise: one epoch that was worse than the one before is no news.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.layer_health import advice
from cnnlab.runs.events import ENDED
from cnnlab.runs.history import History

Metric = Literal["accuracy", "loss", "precision", "recall"]
Tone = Literal["good", "neutral", "warning"]

MEETING = 0.01
"""Training and validation meet where they are no further apart than this, as in T1."""

_FEWEST_STEPS = 50
"""Before so many steps, or the first epoch where that is longer, nothing is said of the batches."""
_AT_CHANCE = 0.03
"""Share by which a loss may differ from that of guessing and still be called flat there."""
_ABOVE_CHANCE = 1.15
"""A loss this many times that of guessing is worse than knowing nothing."""
_RISEN = 1.5
"""The batches' loss has risen where it is this many times its least."""
_CHANGE = 0.01
"""Share by which a loss must fall from some epochs to the next to be called improving."""
_OVERFIT = 0.02
"""Share by which the validation loss must lie above its least to be called risen."""
_SIGMAS = 4.0
"""And by how many standard deviations of its own noise."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the numbers say.

    Attributes:
        kind: Which rule found it: "diverged", "flat", "rising", "overfits", "improving", "level", "meeting",
            "layer", "forecast".
        title: It in a few words: "Overfits from epoch 6".
        text: The numbers behind it and, where there is one, what to do.
        tone: How good the news is.
    """

    kind: str
    title: str
    text: str
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where the curves of training and validation first come within `MEETING` of each other.

    Attributes:
        epoch: The first is 1.
        training: The training curve's value there.
        validation: The validation curve's value there.
    """

    epoch: int
    training: float
    validation: float


def findings(history: History, classes: int, *, forecast: float | None = None) -> list[Finding]:
    """All that the numbers say, the most important first.

    Args:
        history: The run so far.
        classes: Classes of its data set: guessing has the loss ln(classes).
        forecast: Seconds an epoch, as foretold before the start; None where nobody asked.
    """
    said = verdict(history, classes)
    # Curves that meet at guessing have no optimal value.
    meet = None if said is not None and said.kind == "flat" else meeting(history)
    found = [said, advice_of(history), meet, off_by(history, forecast)]
    return [finding for finding in found if finding is not None]


def verdict(history: History, classes: int) -> Finding | None:
    """How the training goes, in one finding; None while it is too early to say."""
    return (
        _diverged(history)
        or _flat(history, classes)
        or _rising(history, classes)
        or _overfits(history)
        or _trend(history)
    )


def crossing(epochs: Sequence[Mapping[str, Any]], metric: Metric = "accuracy") -> Crossing | None:
    """The first epoch in which training and validation meet; T1 calls its value "the optimal value".

    Args:
        epochs: One mapping an epoch, as in `History.epochs`.
        metric: Which pair of curves.
    """
    for row in epochs:
        training, validation = row.get(metric), row.get(f"val_{metric}")
        if training is None or validation is None:
            continue
        # Values are kept with more digits than they have: 0.51 and 0.52 are 0.01 apart.
        if abs(training - validation) <= MEETING + 1e-9:
            return Crossing(int(row["epoch"]), float(training), float(validation))
    return None


def meeting(history: History, metric: Metric = "accuracy") -> Finding | None:
    """T1's reading of the curves, in words."""
    found = crossing(history.epochs, metric)
    if found is None:
        return None
    return Finding(
        "meeting",
        f"Curves meet in epoch {found.epoch}",
        f"Training and validation {metric} first come within {MEETING:g} of each other there, at "
        f'{found.training:.1%}: "the optimal value", as some tutorials call it. It is read off the '
        "training curve; the test images have the last word.",
    )


def advice_of(history: History) -> Finding | None:
    """The most urgent advice on a layer, from the last looks at all of them."""
    words = advice(history.health, early=history.progress < 0.8)
    return None if words is None else Finding("layer", words.title, words.text, "warning")


def off_by(history: History, forecast: float | None) -> Finding | None:
    """How far the forecast of an epoch's seconds was off, once there is an epoch to compare with."""
    if not forecast or not history.epochs:
        return None
    seconds = history.epochs[0].get("seconds")
    if seconds is None or not seconds > 0:
        return None
    off = forecast / seconds - 1
    how = "right to 1%" if abs(off) < 0.01 else f"{abs(off):.0%} too {'long' if off > 0 else 'short'}"
    return Finding(
        "forecast",
        f"Forecast {how}",
        f"{_time(forecast)} were foretold for an epoch, the first took {_time(seconds)}.",
    )


def _time(seconds: float) -> str:
    """A duration to two digits, in minutes where it is long."""
    return f"{seconds:.2g} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def _diverged(history: History) -> Finding | None:
    losses = history.loss
    if not len(losses) or math.isfinite(losses[-1]):
        return None
    return Finding(
        "diverged",
        f"Diverged at step {history.last_step:,}",
        "The loss is no longer a number. Use a smaller learning rate, or a warm-up.",
        "warning",
    )


def _flat(history: History, classes: int) -> Finding | None:
    """Not learning: after an epoch the loss is still that of guessing."""
    chance = math.log(max(2, classes))
    now = _now(history)
    if now is None or abs(now - chance) > _AT_CHANCE * chance or _answers_well(history, classes):
        return None
    return Finding(
        "flat",
        f"Not learning: loss flat at ln {classes}",
        f"{now:.2f} is the loss of guessing among {classes} classes, ln {classes} = {chance:.2f}. Try "
        "another learning rate, smaller where it was high from the start; then look at the layers.",
        "warning",
    )


def _rising(history: History, classes: int) -> Finding | None:
    """The learning rate is probably too high: the loss rises, or is worse than that of guessing."""
    now, chance = _now(history), math.log(max(2, classes))
    if now is None:
        return None
    means, error = _windows(history.loss)
    least = float(means.min())
    if now > _ABOVE_CHANCE * chance and not _answers_well(history, classes):
        words = f"The training loss is {now:.2f}; guessing would have ln {classes} = {chance:.2f}."
    # Beyond its noise, and not so near 0 that a rise means nothing.
    elif now > _RISEN * least and now - least > max(_SIGMAS * error, 0.02 * chance):
        words = f"The training loss has risen from {least:.2g} to {now:.2g}."
    else:
        return None
    return Finding("rising", "Learning rate probably too high", f"{words} Use a smaller one.", "warning")


def _overfits(history: History) -> Finding | None:
    """The validation loss rises while that of training falls."""
    validation, training = _column(history, "val_loss"), _column(history, "loss")
    if len(validation) < 3:
        return None
    best = int(np.argmin(validation))
    after = validation[best + 1 :]
    if len(after) < 2:
        return None
    recent = max(2, len(after) // 2)
    now = float(after[-recent:].mean())
    risen = now - validation[best]
    if risen <= max(_OVERFIT * validation[best], _SIGMAS * _noise(validation)):
        return None
    if training[-recent:].mean() >= training[best]:
        return None  # both rise: that is no overfitting
    first = int(history.epochs[best]["epoch"]) + 1
    return Finding(
        "overfits",
        f"Overfits from epoch {first}",
        f"The validation loss rose from {validation[best]:.3g} to {validation[-1]:.3g} while the training "
        f"loss fell from {training[best]:.3g} to {training[-1]:.3g}: the network learns its training "
        "images by heart. Dropout, augmentation, L2 or early stopping help.",
        "warning",
    )


def _trend(history: History) -> Finding | None:
    """Still improving, or level."""
    measured = _column(history, "val_loss")
    name = "validation loss"
    if not len(measured):
        measured, name = _column(history, "loss"), "training loss"
    count = len(measured)
    if count < 2:
        return None
    width = min(3, count // 2)
    before, now = float(measured[-2 * width : -width].mean()), float(measured[-width:].mean())
    fallen = before - now
    doubt = 2 * _noise(measured) * math.sqrt(2 / width)
    ended = history.status in ENDED
    if fallen > max(_CHANGE * before, doubt):
        more = "It would gain from more epochs." if ended else "More epochs would help."
        epochs = "epoch" if width == 1 else f"{width} epochs"
        return Finding(
            "improving",
            "Was still improving at the end" if ended else "Still improving",
            f"The {name} fell from {before:.3g} to {now:.3g} in the last {epochs}. {more}",
            "good",
        )
    if count < 4:
        return None
    return Finding(
        "level",
        "Levelled off",
        f"The {name} stays at about {now:.3g}. A smaller learning rate may take it further, or another "
        "network.",
    )


def _answers_well(history: History, classes: int) -> bool:
    """Whether it answers far better than by guessing: a high loss is then that of L1 and L2 penalties."""
    recent = history.accuracy[-max(_FEWEST_STEPS, history.steps_per_epoch) :]
    return bool(len(recent)) and float(recent.mean()) > min(0.5 + 0.5 / classes, 2.5 / classes)


def _now(history: History) -> float | None:
    """The batches' mean loss now; None before it can mean anything, or where it is not finite."""
    losses = history.loss
    if len(losses) < max(_FEWEST_STEPS, history.steps_per_epoch):
        return None
    now = float(_windows(losses)[0][-1])
    return now if math.isfinite(now) else None


def _windows(losses: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """Means of neighbouring batches' losses, the last window ending at the last batch, and their error.

    Args:
        losses: `(n,) float64`, n at least 10.

    Returns:
        `(m,) float64`, about twenty means, and the standard error of the last.
    """
    width = max(10, len(losses) // 20)
    used = losses[len(losses) % width :].reshape(-1, width)
    return used.mean(axis=1), float(used[-1].std() / math.sqrt(width))


def _column(history: History, name: str) -> npt.NDArray[np.float64]:
    """A measure by epoch, `(n,) float64`; empty where an epoch has none, or one that is not finite."""
    values = [row.get(name) for row in history.epochs]
    if not values or not _finite(*values):
        return np.empty(0)
    return np.array(values, dtype=np.float64)


def _noise(values: npt.NDArray[np.float64]) -> float:
    """Standard deviation of a curve's noise, from its second differences, which a smooth curve has few of.

    Of independent noise the second difference has 6 times the variance; the median of its size is 0.6745 of
    its standard deviation, and does not mind the steep first epochs.
    """
    if len(values) < 4:
        return 0.0
    return float(np.median(np.abs(np.diff(values, 2))) / 0.6745 / math.sqrt(6))


def _finite(*values: float | None) -> bool:
    return all(value is not None and math.isfinite(value) for value in values)
