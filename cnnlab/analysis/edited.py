"""What edits of a network change: maps before and after on one scale, and which of them changed most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.maps import TILES_LIMIT, Tiles, activation_tiles


def paired_tiles(
    before: npt.NDArray[np.floating], after: npt.NDArray[np.floating], *, limit: int = TILES_LIMIT
) -> tuple[Tiles, Tiles]:
    """Paint a layer's output before and after, a tile a channel, both on one scale: colours can be compared.

    Args:
        before: ``(height, width, channels)``, or ``(units,)`` for a layer without a map.
        after: Of the same shape.
        limit: At most so many tiles of each.

    Raises:
        ValueError: Shapes that differ, or another number of dimensions.
    """
    if before.shape != after.shape or before.ndim not in (1, 3):
        raise ValueError(
            "paired_tiles: expected two outputs of one shape, (height, width, channels) or (units,). "
            f"Received {before.shape} and {after.shape}."
        )
    ends = float(min(before.min(), after.min())), float(max(before.max(), after.max()))
    return activation_tiles(before, limit=limit, ends=ends), activation_tiles(after, limit=limit, ends=ends)


def changes(before: npt.NDArray[np.floating], after: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return how much each map changed: the mean of |after − before|, ``(channels,) float64``."""
    # In float64: the difference of float32 extremes overflows float32.
    apart = np.abs(after.astype(np.float64) - before.astype(np.float64))
    return apart if apart.ndim == 1 else apart.mean(axis=(0, 1))


def describe_changes(before: npt.NDArray[np.floating], after: npt.NDArray[np.floating]) -> str:
    """Say how many maps changed and which one most.

    Example:
        >>> describe_changes(np.zeros(3), np.array([0.0, 0.0, 2.0]))
        '1 of 3 values changes: value 2, by 2.'
    """
    each = changes(before, after)
    noun, count = "map" if before.ndim == 3 else "value", int((each > 0).sum())
    if not count:
        return f"None of the {len(each):,} {noun}s changes for this image."
    most = int(each.argmax())
    by = f"by {each[most]:.3g}" + (" on average" if before.ndim == 3 else "")
    if count == 1:
        return f"1 of {len(each):,} {noun}s changes: {noun} {most}, {by}."
    return f"{count:,} of {len(each):,} {noun}s change, most of all {noun} {most}: {by}."


def shares(right: npt.NDArray[np.integer], images: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Return the share of each class's images that are right, ``(classes,) float64``; NaN without images."""
    return np.divide(right, images, out=np.full(len(images), np.nan), where=images > 0)
