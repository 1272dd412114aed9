"""Maps of what speaks for a class, ready for the screen: levels of one scale, and where they are high."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

MOST = 65535
"""The highest level: of the largest magnitude; with signs the lowest, 1, is that of the largest against."""
ZERO = 32768
"""The level of 0 in maps with signs."""


def levels(maps: Sequence[npt.NDArray[np.floating]], *, signed: bool) -> tuple[npt.NDArray[np.uint8], float]:
    """Return maps as levels of one scale, so that a colour means the same in each of them.

    A level has 16 bits, so that a value read from it is right to the digits that are shown.

    Args:
        maps: ``(height, width)`` each, of one size, finite.
        signed: Whether 0 is the middle of the scale; otherwise it is the low end.

    Returns:
        Pictures, ``(n, height, width, 3) uint8``, whose red is a level's high byte and whose green its low
        one; and the value of the highest level. With signs `ZERO` stands for 0 and 1 for the negative of that
        value; without, 0 for 0.
    """
    stack = np.stack([np.asarray(each, np.float64) for each in maps])
    extreme = float(np.abs(stack).max())
    shares = stack / extreme if extreme > 0 else np.zeros_like(stack)
    scaled = ZERO + shares * (MOST - ZERO) if signed else shares.clip(0, 1) * MOST
    found = scaled.round().astype(np.uint16)
    return np.stack([found >> 8, found & 255, np.zeros_like(found)], axis=-1).astype(np.uint8), extreme


def half_on(heat: npt.NDArray[np.floating]) -> float | None:
    """Return the smallest share of the pixels (0–1) that holds half of a map's magnitude; None for zeros."""
    falling = np.sort(np.abs(heat).astype(np.float64), axis=None)[::-1]
    total = float(falling.sum())
    if not total > 0:
        return None
    return float(np.searchsorted(falling.cumsum(), total / 2) + 1) / falling.size


def strongest(heat: npt.NDArray[np.floating]) -> tuple[int, int]:
    """Return row and column, from 0, of the largest magnitude; of several, the first."""
    row, column = divmod(int(np.abs(heat).argmax()), heat.shape[1])
    return row, column
