"""Handwritten digits of 8×8 pixels, from the file inside scikit-learn's package."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from cnnlab.datasets.dataset import Content
from cnnlab.errors import DatasetUnavailable

VERSION = "1"
"""To be changed with whatever changes the pixels: stored copies are then made again."""

LEVELS = 16
"""The file's pixels count the set points in a 4×4 block of the scan, 0 to 16."""


def content() -> Content:
    """All 1,797 digits, their pixels scaled from 0–16 to 0–255.

    `sklearn.datasets.load_digits` gives the same numbers, but importing it takes more than a second and
    160 MB, which the first click of a first visit would have to wait for.

    Raises:
        DatasetUnavailable: scikit-learn is not installed.
    """
    with gzip.open(_file(), "rt", encoding="ascii") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    pixels = np.rint(table[:, :-1] * (255 / LEVELS)).astype(np.uint8)
    labels = table[:, -1].astype(np.int64)
    return Content(len(table), 0, iter([(pixels.reshape(-1, 8, 8, 1), labels)]))


def _file() -> Path:
    package = find_spec("sklearn")
    for folder in (package and package.submodule_search_locations) or ():
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            return path
    raise DatasetUnavailable(
        "Digits is read from digits.csv.gz inside the package scikit-learn, which is not installed. "
        "Install it with `pip install scikit-learn`."
    )
