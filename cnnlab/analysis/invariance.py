"""Is it really invariant? An image shifted, turned and scaled, and what a network's answers to that say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import SpecError

Kind = Literal["right", "down", "turn", "scale"]
Edge = Literal["black", "edge", "around"]
Pixels = NDArray[np.uint8]

MOST_SHIFT = 10
"""Pixels to either side at most."""
TURN_STEP = 5
"""Degrees from one angle to the next: 73 images for a whole turn."""


@dataclass(frozen=True)
class Change:
    """A way to change an image.

    Attributes:
        title: what is chosen.
        unit: behind a number: " pixels", "°", "×".
        neutral: the amount that leaves the image as it is.
    """

    title: str
    unit: str
    neutral: float


CHANGES: dict[Kind, Change] = {
    "right": Change("Shift sideways", " pixels", 0),
    "down": Change("Shift up and down", " pixels", 0),
    "turn": Change("Rotate", "°", 0),
    "scale": Change("Scale", "×", 1),
}
EDGES: dict[Edge, str] = {
    "black": "Outside: black",
    "edge": "Outside: the edge repeated",
    "around": "Outside: the other side",
}
"""What comes in where the image does not reach."""


@dataclass(frozen=True)
class Stretch:
    """Neighbouring amounts that get the same answer: indices of the first and last, and the class."""

    first: int
    last: int
    called: int


def amounts(kind: Kind, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """What is tried, rising, the neutral amount among it.

    Shifts of whole pixels, up to a third of the side and at most 10; angles of a whole turn, clockwise;
    scales from a half to double, evenly on a logarithmic axis.

    Args:
        kind: a key of `CHANGES`.
        shape: (height, width, …) of the image.
    """
    if kind == "turn":
        return np.arange(-180.0, 181, TURN_STEP)
    if kind == "scale":
        return np.asarray(2.0 ** (np.arange(-12, 13) / 12))
    side = shape[1] if kind == "right" else shape[0]
    most = max(1, min(MOST_SHIFT, round(side / 3)))
    return np.arange(-most, most + 1.0)


def transformed(image: Pixels, kind: Kind, amount: float, edge: Edge = "black") -> Pixels:
    """An image shifted, turned clockwise about its middle, or scaled about it; bilinear between pixels.

    Args:
        image: (height, width, channels) uint8, 0–255.
        kind: a key of `CHANGES`.
        amount: pixels, degrees or a factor above 0.
        edge: what comes in where the image does not reach.

    Returns:
        The same shape, uint8.

    Raises:
        SpecError: a scale of 0 or less.
    """
    height, width = image.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    y, x = rows - middle_y, columns - middle_x
    if kind == "right":
        x = x - amount
    elif kind == "down":
        y = y - amount
    elif kind == "turn":
        angle = np.deg2rad(amount)
        # Where a pixel comes from: turned back. Rows grow downwards, so clockwise is the positive sense.
        x, y = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    else:
        if amount <= 0:
            raise SpecError(f"Scale: expected a factor above 0. Received {amount:g}.")
        x, y = x / amount, y / amount
    values = _bilinear(image, y + middle_y, x + middle_x, edge)
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def _bilinear(
    image: Pixels, rows: NDArray[np.float64], columns: NDArray[np.float64], edge: Edge
) -> NDArray[np.float64]:
    """The image between its pixels: the four around a place, weighted by how near they are."""
    # A turn by 90° meets pixels to within rounding: a place a hair beyond the last one is that one.
    rows, columns = np.round(rows, 9), np.round(columns, 9)
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    total = np.zeros(image.shape, np.float64)
    for row, column, weight in (
        (top, left, (1 - down) * (1 - right)),
        (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)),
        (top + 1, left + 1, down * right),
    ):
        total += weight * _at(image, row, column, edge)
    return total


def _at(image: Pixels, rows: NDArray[Any], columns: NDArray[Any], edge: Edge) -> NDArray[np.float64]:
    height, width = image.shape[:2]
    if edge == "around":
        return image[rows % height, columns % width].astype(np.float64)
    found = image[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)].astype(np.float64)
    if edge == "black":
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        found *= inside[..., None]
    return found


def stretches(probabilities: NDArray[np.floating[Any]]) -> list[Stretch]:
    """Cut the tried amounts where the answer changes.

    Args:
        probabilities: (amounts, classes).
    """
    called = probabilities.argmax(axis=1)
    cuts = np.flatnonzero(np.diff(called)) + 1
    firsts, lasts = [0, *cuts.tolist()], [*(cuts - 1).tolist(), len(called) - 1]
    return [Stretch(first, last, int(called[first])) for first, last in zip(firsts, lasts, strict=True)]


def neutral_index(kind: Kind, tried: NDArray[np.float64]) -> int:
    """Where the image is as it is."""
    return int(np.abs(tried - CHANGES[kind].neutral).argmin())


def in_words(
    kind: Kind,
    tried: NDArray[np.float64],
    probabilities: NDArray[np.floating[Any]],
    names: tuple[str, ...] | list[str],
) -> str:
    """One or two sentences: how far the answer stays, and what it is beyond.

    Args:
        kind: a key of `CHANGES`.
        tried: (amounts,) rising.
        probabilities: (amounts, classes).
        names: one a class.
    """
    found = stretches(probabilities)
    neutral = neutral_index(kind, tried)
    at = next(k for k, each in enumerate(found) if each.first <= neutral <= each.last)
    here = found[at]
    name = names[here.called]
    shares = probabilities[:, here.called]
    if len(found) == 1:
        least = f"{shares.min():.0%}" if shares.min() < 0.995 else f"{shares.min():.1%}"
        return (
            f"Stays '{name}' over the whole range, {_range(kind, tried[0], tried[-1])}: "
            f"at least {least} sure."
        )
    if here.first == here.last:
        first = f"'{name}' only as it is."
    else:
        first = f"Stays '{name}' from {_range(kind, tried[here.first], tried[here.last])}."
    beyond = [
        f"'{names[each.called]}' at {amount_words(kind, tried[index])}"
        for each, index in [
            *((each, each.last) for each in found[at - 1 : at] if at > 0),
            *((each, each.first) for each in found[at + 1 : at + 2]),
        ]
    ]
    return f"{first} Beyond: {', '.join(beyond)}."


def amount_words(kind: Kind, amount: float) -> str:
    """An amount with its unit: "−2 pixels", "45°", "1.5×"."""
    unit = CHANGES[kind].unit
    if unit == " pixels" and abs(amount) == 1:
        unit = " pixel"
    return _number(kind, amount) + unit


def _range(kind: Kind, first: float, last: float) -> str:
    unit = CHANGES[kind].unit
    return f"{_number(kind, first)}{'' if unit == ' pixels' else unit} to {_number(kind, last)}{unit}"


def _number(kind: Kind, amount: float) -> str:
    text = f"{amount:.2f}" if kind == "scale" else f"{amount:.0f}"
    return text.replace("-", "−")
