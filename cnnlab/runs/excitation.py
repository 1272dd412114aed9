"""What excites the filters of a layer, kept beside a run so that it is computed once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import StorageError
from cnnlab.runs import npz
from cnnlab.runs.artifacts import RunFiles

TOP = 9
"""Images that are kept of each filter: a square of three by three."""

_FILE = re.compile(r"excitation-(?P<step>\d+)-\w+\.npz")
_LAYER = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True, eq=False)
class Excitation:
    """How the filters of a layer (of a layer without maps: its units) answer to the test images.

    An image's value is its largest anywhere in the filter's map. `top` is 9, or the number of test images
    where that is less.

    Attributes:
        images: `(filters, top) int32`: places in the test set, the strongest first; of equals the first.
        values: `(filters, top) float32`: their values, after the activation.
        places: `(filters, top, 2) int32`: row and column of the largest value in the map; of equals the
            first. 0, 0 for units.
        minimum: `(filters,) float32`: the least value anywhere in the map, over all test images.
        maximum: `(filters,) float32`: the largest.
        active: `(filters,) float32`, 0–1: share of the test images whose value is above 0.
        count: Number of test images.
    """

    images: NDArray[np.int32]
    values: NDArray[np.float32]
    places: NDArray[np.int32]
    minimum: NDArray[np.float32]
    maximum: NDArray[np.float32]
    active: NDArray[np.float32]
    count: int

    @property
    def dead(self) -> NDArray[np.bool_]:
        """`(filters,) bool`: gives one and the same value everywhere, whatever the image; after a ReLU 0."""
        dead: NDArray[np.bool_] = self.minimum == self.maximum
        return dead


def read_excitation(files: RunFiles, step: int, layer: str) -> Excitation | None:
    """What was kept for a layer at a step; None where nothing was, or nothing that can be read.

    It can be computed anew: a damaged file, or one of another version, is then replaced.
    """
    path = _path(files, step, layer)
    try:
        arrays, meta = npz.read(path)
        return Excitation(**arrays, count=int(meta["count"]))
    except (StorageError, KeyError, TypeError, ValueError):
        return None


def write_excitation(files: RunFiles, step: int, layer: str, found: Excitation) -> None:
    """Keeps what excites a layer; what was kept of steps whose weights are gone goes too.

    Raises:
        StorageError: the disk is full or cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {
        name: getattr(found, name) for name in ("images", "values", "places", "minimum", "maximum", "active")
    }
    npz.write(_path(files, step, layer), arrays, {"count": found.count}, durable=False)
    kept = {checkpoint.step for checkpoint in files.checkpoints()}
    for path in files.folder.glob("excitation-*.npz"):
        match = _FILE.fullmatch(path.name)
        if match is not None and int(match["step"]) not in kept:
            path.unlink(missing_ok=True)


def _path(files: RunFiles, step: int, layer: str) -> Path:
    if not _LAYER.fullmatch(layer):  # it becomes part of a file's name
        raise ValueError(f"Expected the name of a layer. Received {layer!r}.")
    return files.folder / f"excitation-{step:08d}-{layer}.npz"
