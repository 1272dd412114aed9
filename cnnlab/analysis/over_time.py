"""Feature maps, kernels and probabilities of several epochs, ready to be played one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.maps import Sprite, paint, sprite
from cnnlab.analysis.palettes import DIVERGING, VIRIDIS

CLASSES = 10
"""Classes whose probabilities are played at most."""


@dataclass(frozen=True, slots=True)
class Film:
    """The same tiles at several moments, in one picture: moment after moment, tile after tile.

    Attributes:
        sprite: The picture; `sprite.count` is moments × tiles.
        tiles: How many tiles a moment has.
        low: The value of the palette's first colour, at every moment.
        high: The value of its last colour.
        ends: The smallest and the largest value of each moment.
        palette: The colours, low to high, as hexadecimal anchors.
    """

    sprite: Sprite
    tiles: int
    low: float
    high: float
    ends: tuple[tuple[float, float], ...]
    palette: tuple[str, ...]


def evenly(count: int, most: int) -> list[int]:
    """Places of at most so many of `count` things, evenly apart, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [int(place) for place in np.linspace(0, count - 1, most).round()]


def film(values: npt.NDArray[np.floating], *, signed: bool = False) -> Film:
    """Paint tiles of several moments on one scale, so that what grows is seen to grow.

    Args:
        values: `(moments, height, width, tiles)`, or `(moments, units)`: a tile of one pixel a unit. What
            is not a number, of a training that diverged, counts as 0.
        signed: Whether the scale is diverging and centred on zero, as for kernels; else it is viridis from
            the smallest value to the largest.

    Raises:
        ValueError: Another number of dimensions, or nothing in them.
    """
    if values.ndim not in (2, 4) or 0 in values.shape:
        raise ValueError(
            "film: expected (moments, height, width, tiles) or (moments, units), none of them 0. "
            f"Received {values.shape}."
        )
    values = np.nan_to_num(values)
    stack = values[:, None, None] if values.ndim == 2 else values
    stack = np.moveaxis(stack, -1, 1)
    moments, tiles = stack.shape[:2]
    flat = stack.reshape(moments, -1)
    lowest, highest = flat.min(axis=1), flat.max(axis=1)
    ends = tuple((float(low), float(high)) for low, high in zip(lowest, highest, strict=True))
    low, high = float(flat.min()), float(flat.max())
    if signed:
        high = max(-low, high)
        low = -high
    palette = DIVERGING if signed else VIRIDIS
    painted = paint(stack.reshape(moments * tiles, *stack.shape[2:]), low, high, palette)
    return Film(sprite(painted), tiles, low, high, ends, palette)


def leading_classes(
    probabilities: npt.NDArray[np.floating], actual: int | None = None, most: int = CLASSES
) -> list[int]:
    """The classes that were ever thought most probable, in their own order; the actual one is among them.

    Args:
        probabilities: `(moments, classes)`, 0–1.
        actual: The image's class where it is known.
        most: So many classes at most.
    """
    highest = np.asarray(probabilities).max(axis=0)
    leading = [int(k) for k in np.argsort(-highest, kind="stable")[:most]]
    if actual is not None and actual not in leading:
        leading[-1] = actual
    return sorted(leading)
