"""Data sets by name: images as uint8 NHWC, labels, class names, source and licence.

    >>> from cnnlab import datasets
    >>> datasets.info("digits").image_shape
    (8, 8, 1)

A set is brought to this machine once (`install`) and then shared by all processes as memory-mapped files. Options
are part of the name, so that a name says exactly which images are meant: `shapes-64-hard`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import NamedTuple

from cnnlab import settings
from cnnlab.datasets import archives, catalogue, downloads, splits, store
from cnnlab.datasets.dataset import Content, Dataset, DatasetInfo, Split
from cnnlab.datasets.downloads import Progress
from cnnlab.errors import DatasetUnavailable

__all__ = ["Dataset", "DatasetInfo", "Split", "info", "install", "is_installed", "load", "names", "variants"]


class _Place(NamedTuple):
    """Where a data set's folder is or will be, and what its content comes from."""

    folder: Path
    origin: str
    file: Path | None = None


def names() -> list[str]:
    """The data sets to choose from; see `variants` for the others of a family."""
    return [name for name, entry in catalogue.ENTRIES.items() if entry.listed]


def variants(name: str) -> list[str]:
    """All names of the family of a data set, such as the sizes and difficulties of `shapes`.

    Raises:
        DatasetError: there is no data set of this name.
    """
    family = catalogue.entry(name).family
    return [other for other, entry in catalogue.ENTRIES.items() if entry.family == family]


def info(name: str) -> DatasetInfo:
    """What is known of a data set without opening it; `images` counts what is on this machine, if it is.

    Raises:
        DatasetError: there is no data set of this name.
    """
    declared = catalogue.entry(name).info
    folder = _place(name).folder
    return (
        dataclasses.replace(declared, images=store.counts(folder)[0]) if store.is_stored(folder) else declared
    )


def is_installed(name: str) -> bool:
    """Whether the data set opens without a download: stored, built in, or a file in the data folder.

    Raises:
        DatasetError: there is no data set of this name.
    """
    place = _place(name)
    return place.file is not None or catalogue.entry(name).info.built_in or store.is_stored(place.folder)


def install(name: str, progress: Progress | None = None) -> None:
    """Bring a data set to this machine, if it is not there.

    Args:
        name: one of `names()` or `variants(…)`.
        progress: called with the bytes downloaded and the bytes in all.

    Raises:
        DatasetError: there is no data set of this name, or a file of it is damaged.
        DatasetUnavailable: it cannot be downloaded now; the message says which file to put where.
    """
    place = _place(name)
    if store.is_stored(place.folder):
        return
    with store.locked(name):
        if store.is_stored(place.folder):  # another process was quicker
            return
        store.write(place.folder, catalogue.entry(name).info, _content(name, place, progress))


def load(name: str, *, seed: int = 0, validation_share: float = 0.1) -> Dataset:
    """Open a data set, after installing it where needed.

    Args:
        name: one of `names()` or `variants(…)`.
        seed: of the split; the same seed gives the same images in each part, everywhere.
        validation_share: share of the training part that is held back, 0 to 0.5.

    Raises:
        DatasetError: there is no data set of this name, or a file of it is damaged.
        DatasetUnavailable: it cannot be downloaded now; the message says which file to put where.

    Example:
        >>> digits = load("digits")
        >>> len(digits.train), len(digits.validation), len(digits.test)
        (1294, 144, 359)
    """
    place = _place(name)
    install(name)
    declared = catalogue.entry(name).info
    images, labels, test_count = store.read(place.folder, declared)
    parts = splits.split(labels, test_count=test_count, seed=seed, validation_share=validation_share)
    train, validation, test = (Split(indices, images, labels) for indices in parts)
    actual = dataclasses.replace(declared, images=len(images))
    return Dataset(actual, place.origin, images, labels, train, validation, test)


def _place(name: str) -> _Place:
    """A built-in set, else the file in the data folder, else the download."""
    recipe = catalogue.entry(name).recipe
    if isinstance(recipe, catalogue.BuiltIn):
        return _Place(store.folder(name, "built-in", recipe.version), "built in")
    for folder in _data_folders():
        file = folder / f"{name}.npz"
        if file.is_file():
            state = file.stat()
            key = f"{file.resolve()} {state.st_size} {state.st_mtime_ns}"
            return _Place(store.folder(name, "file", key), file.name, file)
    key = " ".join(file.checksum for file in recipe.files)
    return _Place(store.folder(name, "download", key), "download")


def _data_folders() -> list[Path]:
    """`CNNLAB_DATA`, and a folder that needs no setting."""
    data = settings.get().data
    return ([data] if data else []) + [store.root()]


def _content(name: str, place: _Place, progress: Progress | None) -> Content:
    recipe = catalogue.entry(name).recipe
    if isinstance(recipe, catalogue.BuiltIn):
        return recipe.content()
    if place.file is not None:
        return archives.npz(place.file)
    if not settings.get().downloads:
        raise _unavailable(name, "downloads are switched off (CNNLAB_DOWNLOADS)")
    try:
        return recipe.content(downloads.fetch(recipe.files, _downloads_folder(), progress))
    except downloads.DownloadFailed as exc:
        raise _unavailable(name, str(exc)) from exc


def _downloads_folder() -> Path:
    return settings.get().home / "downloads"


def _unavailable(name: str, reason: str) -> DatasetUnavailable:
    data = settings.get().data
    where = data or store.root()
    return DatasetUnavailable(
        f"{catalogue.entry(name).info.title} is not on this machine: {reason}. "
        f"Put {name}.npz (arrays {archives.NPZ_LAYOUT}) into {where}, or try again with a network."
    )
