"""A network's answer to one image as rows to be shown: the most probable classes, and the actual one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Role = Literal["right", "wrong", "other"]
"""Of a class in an answer: the actual one, the answer that is another, the rest."""


class Share(NamedTuple):
    """A class of an answer.

    Attributes:
        name: The class's name.
        share: Its probability, 0–1.
        percent: The same in words.
        role: What the class is to the image.
        actual: Whether it is the image's class, where that is known.
    """

    name: str
    share: float
    percent: str
    role: Role
    actual: bool


def shares(
    values: npt.NDArray[np.floating] | Sequence[float],
    names: Sequence[str],
    *,
    actual: int | None = None,
    limit: int = 10,
) -> list[Share]:
    """Return the classes of an answer, the most probable first.

    Args:
        values: ``(classes,) float``, 0–1.
        names: One name a class.
        actual: The actual class, where it is known.
        limit: At most so many classes; the actual one is always among them.

    Example:
        >>> [each.name for each in shares([0.1, 0.7, 0.2], ("shirt", "coat", "bag"), actual=2)]
        ['coat', 'bag', 'shirt']
    """
    probabilities = np.asarray(values, np.float64)
    shown = most_probable(probabilities, actual, limit)
    return [
        Share(
            names[k],
            float(probabilities[k]),
            percent(float(probabilities[k])),
            role(k, shown[0], actual),
            k == actual,
        )
        for k in shown
    ]


def describe_probabilities(
    values: npt.NDArray[np.floating] | Sequence[float], names: Sequence[str], *, actual: int | None = None
) -> str:
    """Say what the model took the image for, how surely, and whether that is right."""
    probabilities = np.asarray(values, np.float64)
    predicted = int(probabilities.argmax())
    text = f"The model says '{names[predicted]}' ({percent(probabilities[predicted])})."
    if actual is None:
        return text
    if actual == predicted:
        return text + " That is right."
    return text + f" It is '{names[actual]}' ({percent(probabilities[actual])})."


def most_probable(values: npt.NDArray[np.float64], actual: int | None, limit: int) -> list[int]:
    """Return at most so many classes, the most probable first; the actual one is always among them."""
    shown = [int(k) for k in np.argsort(-values, kind="stable")[:limit]]
    if actual is not None and actual not in shown:
        shown[-1] = actual
    return shown


def role(index: int, predicted: int, actual: int | None) -> Role:
    """Return what a class is to an image; where its class is not known, the answer counts as right."""
    if index == actual or (actual is None and index == predicted):
        return "right"
    return "wrong" if index == predicted else "other"


def percent(value: float) -> str:
    """Return a probability in words; a doubt is never rounded away: 100% stands for exactly 1 only."""
    if 0 < value < 0.001:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{value * 100:.1f}%" if value < 1 else "100%"
