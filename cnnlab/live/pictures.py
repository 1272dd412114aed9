"""Kernels and feature maps of a run as they move: painted once for all who watch."""

from __future__ import annotations

import base64
import io
import math
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_TILES = 64
"""More kernels or maps are not told apart while they move."""
KEPT_RUNS = 16

_lock = threading.Lock()
_painted: OrderedDict[str, dict[str, Any]] = OrderedDict()


def pictures(run_id: str) -> dict[str, Any]:
    """The newest pictures of a run, as plain data.

    Returns:
        `step`, `layer`, the addresses `image`, `kernels` and `maps` of PNGs (``data:…``), and the number of
        kernels that are `shown` of those there `are`. Empty where no pictures were taken.

    Raises:
        RunNotFound: There is no such run.
        StorageError: They cannot be read.
    """
    from cnnlab.runs.store import get_store

    store = get_store()
    taken = store.files(store.run(run_id).id).snapshot()
    if taken is None:
        return {}
    with _lock:
        known = _painted.get(run_id)
        if known is not None and known["step"] == taken.step:
            return known
    found = {
        "step": taken.step,
        "layer": taken.layer,
        "image": address(taken.image),
        "kernels": paint_kernels(taken.kernels),
        "maps": paint_maps(taken.maps),
        "shown": min(MOST_TILES, taken.maps.shape[-1]),
        "are": taken.maps.shape[-1],
    }
    with _lock:
        _painted[run_id] = found
        _painted.move_to_end(run_id)
        while len(_painted) > KEPT_RUNS:
            _painted.popitem(last=False)
    return found


def paint_kernels(kernels: NDArray[np.float32]) -> str:
    """Kernels as one PNG: those of a colour image in its colours, others blue below zero and red above.

    Args:
        kernels: `(height, width, channels, kernels) float32`.
    """
    import numpy as np

    from cnnlab.analysis.maps import paint
    from cnnlab.analysis.palettes import DIVERGING

    stack = np.moveaxis(kernels, -1, 0)[:MOST_TILES].astype(np.float32)
    if stack.shape[-1] == 3:
        extreme = float(np.abs(stack).max()) or 1.0
        painted = (127.5 + 127.5 * stack / extreme).round().astype(np.uint8)
    else:
        plane = stack.mean(axis=-1)
        extreme = float(np.abs(plane).max())
        painted = paint(plane, -extreme, extreme, DIVERGING)
    return address(sheet(painted, columns=16, gap=1))


def paint_maps(maps: NDArray[np.float32]) -> str:
    """Feature maps as one PNG on one scale, dark where a map is quiet.

    Args:
        maps: `(height, width, maps) float32`.
    """
    import numpy as np

    from cnnlab.analysis.maps import paint

    stack = np.moveaxis(maps, -1, 0)[:MOST_TILES]
    return address(sheet(paint(stack, float(stack.min()), float(stack.max())), columns=8, gap=2))


def sheet(tiles: NDArray[np.uint8], *, columns: int, gap: int) -> NDArray[np.uint8]:
    """Tiles in rows, with see-through gaps between them.

    Args:
        tiles: `(n, height, width, 3) uint8`, 0–255.
        columns: At most so many in a row.
        gap: Pixels between two.

    Returns:
        `(rows * (height + gap) - gap, columns * (width + gap) - gap, 4) uint8`.
    """
    import numpy as np

    count, height, width, _ = tiles.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    laid = np.zeros((rows * columns, height + gap, width + gap, 4), np.uint8)
    laid[:count, :height, :width, :3] = tiles
    laid[:count, :height, :width, 3] = 255
    laid = laid.reshape(rows, columns, height + gap, width + gap, 4).transpose(0, 2, 1, 3, 4)
    whole = laid.reshape(rows * (height + gap), columns * (width + gap), 4)
    return np.ascontiguousarray(whole[: -gap or None, : -gap or None])


def address(picture: NDArray[np.uint8]) -> str:
    """A picture as the address of a PNG, ``data:…``.

    Args:
        picture: `(height, width, 1, 3 or 4) uint8`, 0–255; with 4 it was painted, and 255 colours are enough.
    """
    from PIL import Image

    drawn = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    if drawn.mode == "RGBA":
        drawn = drawn.quantize(255, Image.Quantize.FASTOCTREE)  # a third of the bytes, twice a second
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG", compress_level=6)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
