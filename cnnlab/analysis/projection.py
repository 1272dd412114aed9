"""What a map of images says: who lies beside whom, and how much of their differences it holds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK = 256
"""Images whose distances to all others are held at once."""


def neighbours(
    points: npt.NDArray[np.floating], image: int, count: int, *, among: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.int64]:
    """Return the points that lie nearest to one of them, the nearest first.

    Args:
        points: ``(n, 2)``.
        image: Which of them.
        count: At most so many.
        among: ``(n,)``: only these; None for all others.
    """
    away = np.square(points.astype(np.float64) - points[image]).sum(axis=1)
    away[image] = np.inf
    if among is not None:
        away[~among] = np.inf
    nearest = np.argsort(away, kind="stable")[:count]
    return np.asarray(nearest[np.isfinite(away[nearest])], np.int64)


def nearest(points: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Return the nearest other point of each of ``(n, 2)``, ``(n,) int64``; n at least 2, ties to the first.

    Raises:
        ValueError: There are not two points.
    """
    if len(points) < 2:
        raise ValueError(f"nearest: expected 2 or more points. Received {len(points)}.")
    values = points.astype(np.float64)
    found = np.empty(len(values), np.int64)
    for first in range(0, len(values), _BLOCK):
        block = values[first : first + _BLOCK]
        away = np.square(block[:, None] - values).sum(axis=2)
        away[np.arange(len(block)), first + np.arange(len(block))] = np.inf
        found[first : first + _BLOCK] = away.argmin(axis=1)
    return found


def by_chance(labels: npt.NDArray[np.int64]) -> float:
    """Return the share of images that a randomly chosen other image shares its class with, 0–1."""
    counts = np.unique(labels, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(labels) * (len(labels) - 1)))


def map_words(
    points: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int64],
    predictions: npt.NDArray[np.int64],
    *,
    shares: tuple[float, float] | None,
    width: int,
) -> str:
    """Say what a map of images shows, in Markdown, with the numbers set strong.

    Args:
        points: ``(n, 2)``.
        labels: ``(n,)``, the images' classes.
        predictions: ``(n,)``, what they are called.
        shares: Of the variance along the two directions, 0–1; None where they mean nothing.
        width: How many values an image had before.

    Example:
        >>> points = np.array([[0.0, 0], [0, 1], [9, 9], [9, 8]])
        >>> labels = np.array([0, 0, 1, 1])
        >>> map_words(points, labels, labels, shares=None, width=64).partition(";")[0]
        'Of 100 images **100** have an image of their own class as nearest neighbour here'
    """
    if not np.ptp(points, axis=0).any():
        return f"All images have the same {width:,} values: the network tells none of them from another."
    said = []
    if shares is not None:
        said.append(
            f"The two directions hold **{_percent(sum(shares))}** of the variance of the images' {width:,} "
            f"values ({_percent(shares[0])} to the right, {_percent(shares[1])} upwards)."
        )
    beside = labels[nearest(points)]
    own = float((beside == labels).mean())
    said.append(
        f"Of 100 images **{_of_hundred(own)}** have an image of their own class as nearest neighbour here; "
        f"by chance it would be {_of_hundred(by_chance(labels))}."
    )
    wrong = predictions != labels
    if wrong.any():
        drawn_over = int((beside == predictions)[wrong].sum())
        said.append(
            "Wrong answers that lie next to an image of the class that they are called: "
            f"**{drawn_over:,}** of {int(wrong.sum()):,}."
        )
    return " ".join(said)


def _of_hundred(share: float) -> int:
    """Of 100; only a share of 0 is 0 and only one of 1 is 100."""
    return round(100 * share) if share in (0, 1) else min(99, max(1, round(100 * share)))


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"
