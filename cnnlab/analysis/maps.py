"""Feature maps and kernels as pictures: statistics, colours, and one sprite for many tiles.

A sprite is one PNG in which tiles lie row by row, one pixel a value. The browser enlarges it without
smoothing, so that a pixel stays a value.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.palettes import DIVERGING, VIRIDIS, lookup

TILES_LIMIT = 1024
"""More tiles than this are not told apart on a screen; what is left out is said by `Tiles.left_out`."""
_PAINTED_AT_ONCE = 2**17
"""Values; a megabyte as float64."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one tile holds: its smallest and largest value, and the share of exact zeros (0–1)."""

    minimum: float
    maximum: float
    zeros: float


@dataclass(frozen=True, slots=True)
class Sprite:
    """Many tiles of one size in one picture.

    Attributes:
        uri: ``data:image/png;base64,…``
        count: How many tiles.
        columns: Tiles in a row of the sprite.
        tile_height: Pixels.
        tile_width: Pixels.
    """

    uri: str
    count: int
    columns: int
    tile_height: int
    tile_width: int


@dataclass(frozen=True, slots=True)
class Tiles:
    """Painted tiles with what they hold: all that a grid of maps needs.

    Attributes:
        sprite: The picture.
        statistics: One a tile.
        ranges: The values at the two ends of each tile's colours.
        palette: The colours, low to high, as hexadecimal anchors.
        left_out: How many more there are that were not painted.
    """

    sprite: Sprite
    statistics: tuple[Statistics, ...]
    ranges: tuple[tuple[float, float], ...]
    palette: tuple[str, ...]
    left_out: int = 0


def statistics(tiles: npt.NDArray[np.floating]) -> tuple[Statistics, ...]:
    """Return the statistics of each tile of ``(n, height, width)``."""
    flat = tiles.reshape(len(tiles), -1)
    return tuple(
        Statistics(float(low), float(high), float(zeros))
        for low, high, zeros in zip(flat.min(axis=1), flat.max(axis=1), (flat == 0).mean(axis=1), strict=True)
    )


def paint(
    values: npt.NDArray[np.floating], low: float, high: float, palette: tuple[str, ...] = VIRIDIS
) -> npt.NDArray[np.uint8]:
    """Colour values of any shape between two ends.

    Args:
        values: Any shape, float.
        low: The value of the palette's first colour; smaller ones take it too.
        high: The value of its last colour.
        palette: Anchors, low to high.

    Returns:
        ``(*shape, 3) uint8``. NaN takes the first colour; without a range all take the middle of a diverging
        and the first colour of any other palette.
    """
    table = lookup(palette)
    span = high - low
    if not span > 0:
        return np.broadcast_to(table[127 if palette == DIVERGING else 0], (*values.shape, 3)).copy()
    # In float64: the span of float32 extremes overflows float32.
    position = np.nan_to_num((values.astype(np.float64) - low) / span, nan=0.0)
    return table[(position.clip(0, 1) * 255).round().astype(np.uint8)]


def sprite(pictures: npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]]) -> Sprite:
    """Lay pictures of one size into one PNG.

    Args:
        pictures: ``(n, height, width, 1 or 3) uint8``, 0–255, or a sequence of such pictures.

    Raises:
        ValueError: No picture, or not of that shape.
    """
    from PIL import Image

    stack = np.asarray(pictures, np.uint8)
    if stack.ndim != 4 or stack.shape[-1] not in (1, 3) or 0 in stack.shape:
        raise ValueError(
            "sprite: expected pictures of shape (n, height, width, 1 or 3), n at least 1. "
            f"Received {stack.shape}."
        )
    count, height, width, channels = stack.shape
    columns = math.ceil(math.sqrt(count * height / width))
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * columns, height, width, channels), np.uint8)
    sheet[:count] = stack
    sheet = sheet.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    buffer = io.BytesIO()
    Image.fromarray(sheet[..., 0] if channels == 1 else sheet).save(buffer, "PNG", compress_level=6)
    uri = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    return Sprite(uri, count, columns, height, width)


def activation_tiles(
    maps: npt.NDArray[np.floating], *, limit: int = TILES_LIMIT, ends: tuple[float, float] | None = None
) -> Tiles:
    """Paint a layer's output for one image, a tile a channel, in viridis.

    All tiles have one scale, so that a dark one is a quiet one.

    Args:
        maps: ``(height, width, channels)``, or ``(units,)`` for a layer without a map: a tile of one pixel a
            unit.
        limit: At most so many tiles.
        ends: The values at the two ends of the colours; None: the smallest and the largest of all maps.

    Raises:
        ValueError: Another number of dimensions.
    """
    if maps.ndim not in (1, 3):
        raise ValueError(
            f"activation_tiles: expected (height, width, channels) or (units,). Received {maps.shape}."
        )
    stack = maps[:, None, None] if maps.ndim == 1 else np.moveaxis(maps, -1, 0)
    chosen = stack[:limit]
    held = statistics(chosen)
    low, high = ends or (float(stack.min()), float(stack.max()))
    # Many small tiles at once, large ones one by one: painting takes several times their memory.
    some = max(1, _PAINTED_AT_ONCE // chosen[0].size)
    painted = np.concatenate(
        [paint(chosen[first : first + some], low, high) for first in range(0, len(chosen), some)]
    )
    return Tiles(sprite(painted), held, ((low, high),) * len(chosen), VIRIDIS, len(stack) - len(chosen))


def kernel_tiles(
    kernel: npt.NDArray[np.floating], input_channel: int | None = None, *, limit: int = TILES_LIMIT
) -> Tiles:
    """Paint the kernels of a convolution, a tile a filter, on one diverging scale centred on zero.

    Args:
        kernel: ``(height, width, input channels, filters)``, as Keras keeps it.
        input_channel: The input channel to show; None shows the mean over all of them.
        limit: At most so many filters.

    Raises:
        ValueError: Not a convolution's kernel, or no such input channel.
    """
    if kernel.ndim != 4:
        raise ValueError(
            f"kernel_tiles: expected (height, width, input channels, filters). Received {kernel.shape}."
        )
    channels = kernel.shape[2]
    if input_channel is not None and not 0 <= input_channel < channels:
        raise ValueError(
            f"kernel_tiles: expected an input channel from 0 to {channels - 1}. Received {input_channel}."
        )
    # One scale for the whole kernel, so that changing the channel does not change what a colour means.
    extreme = float(np.abs(kernel).max())
    plane = kernel.mean(axis=2) if input_channel is None else kernel[:, :, input_channel]
    if input_channel is None and channels > 1:
        extreme = float(np.abs(plane).max())
    stack = np.moveaxis(plane, -1, 0)
    chosen = stack[:limit]
    ranges = ((-extreme, extreme),) * len(chosen)
    painted = paint(chosen, -extreme, extreme, DIVERGING)
    return Tiles(sprite(painted), statistics(chosen), ranges, DIVERGING, len(stack) - len(chosen))
