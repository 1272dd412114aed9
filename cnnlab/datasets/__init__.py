"""Data sets by name: images as uint8 NHWC, labels, class names, source and licence.

    >>> from cnnlab import datasets
    >>> datasets.info("digits").image_shape
    (8, 8, 1)

A set is brought to this machine once (`install`) and then shared by all processes as memory-mapped files.
Options are part of the name, so that a name says exactly which images are meant: `shapes-64-hard`.
A user's own images are named `own-` and an id; `import_folder` and `import_zip` make them.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import NamedTuple

from cnnlab import settings
from cnnlab.datasets import archives, catalogue, downloads, splits, store
from cnnlab.datasets.dataset import Content, Dataset, DatasetInfo, Split
from cnnlab.datasets.downloads import Progress
from cnnlab.datasets.own import shelf
from cnnlab.datasets.own.importing import import_folder, import_zip
from cnnlab.errors import DatasetError, DatasetUnavailable

__all__ = [
    "Dataset",
    "DatasetInfo",
    "Split",
    "import_folder",
    "import_zip",
    "info",
    "install",
    "is_installed",
    "load",
    "missing_folder",
    "names",
    "require",
    "variants",
    "whole",
]


class _Place(NamedTuple):
    """Where a data set's folder is or will be, and what it is made from.

    Attributes:
        folder: the stored data set.
        origin: "built in", "download", or a file's name.
        npz: the file it is read from.
        originals: the folder that holds the files that would otherwise be downloaded.
    """

    folder: Path
    origin: str
    npz: Path | None = None
    originals: Path | None = None


def names() -> list[str]:
    """The data sets to choose from; see `variants` for the others of a family."""
    return [name for name, entry in catalogue.ENTRIES.items() if entry.listed]


def variants(name: str) -> list[str]:
    """All names of the family of a data set, such as the sizes and difficulties of `shapes`.

    Raises:
        DatasetError: there is no data set of this name.
    """
    family = catalogue.entry(name).family
    if family not in catalogue.ENTRIES:  # own images have no family
        return [name]
    return [other for other, entry in catalogue.ENTRIES.items() if entry.family == family]


def info(name: str) -> DatasetInfo:
    """What is known of a data set without opening it; `images` counts what is on this machine, if it is.

    Raises:
        DatasetError: there is no data set of this name.
    """
    declared = catalogue.entry(name).info
    place = _place(name)
    try:
        if store.is_stored(place.folder):
            return dataclasses.replace(declared, images=store.counts(place.folder)[0])
        if place.npz:
            return dataclasses.replace(declared, images=archives.npz(place.npz).count)
    except DatasetError:
        pass  # a damaged file is said when it is opened; a list of all data sets must still be shown
    return declared


def whole(name: str) -> int:
    """Number of images of the whole data set, training and test; a file may hold only a part of them.

    Raises:
        DatasetError: there is no data set of this name.
    """
    return catalogue.entry(name).info.images


def is_installed(name: str) -> bool:
    """Whether the data set opens without a download: built in, stored, or in the data folder.

    Raises:
        DatasetError: there is no data set of this name.
    """
    place = _place(name)
    return bool(
        catalogue.entry(name).info.built_in or place.npz or place.originals or store.is_stored(place.folder)
    )


def require(name: str) -> None:
    """Refuse a data set that would have to be downloaded: whoever cannot show a download asks this first.

    Raises:
        DatasetError: there is no data set of this name.
        DatasetUnavailable: it is not on this machine yet; the message says how to bring it here.
    """
    if not is_installed(name):
        if shelf.is_own(name):
            raise shelf.unavailable(name)
        raise DatasetUnavailable(
            f"{catalogue.entry(name).info.title} is not on this machine yet. Install it on the page Data or "
            f"with cnnlab.datasets.install({name!r}), or put {name}.npz (arrays {archives.NPZ_LAYOUT}) into "
            f"{_data_folders()[0]}.{_beside(missing_folder())}"
        )


def missing_folder() -> str | None:
    """What is wrong with the folder that `CNNLAB_DATA` names, in words; None where all is well."""
    data = settings.get().data
    if data is None or data.is_dir():
        return None
    return f"CNNLAB_DATA names {data}, which is {'no folder' if data.exists() else 'not there'}."


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
        shutil.rmtree(_downloads_folder(name), ignore_errors=True)


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
    install(name)
    place = _place(name)
    declared = catalogue.entry(name).info
    images, labels, test_count = store.read(place.folder, declared)
    parts = splits.split(
        labels,
        test_count=test_count,
        seed=seed,
        validation_share=validation_share,
        every_class=declared.own,
    )
    train, validation, test = (Split(indices, images, labels) for indices in parts)
    actual = dataclasses.replace(declared, images=len(images))
    return Dataset(actual, place.origin, images, labels, train, validation, test)


def _place(name: str) -> _Place:
    """A built-in set, else `NAME.npz` in a data folder, else the files that are downloaded."""
    recipe = catalogue.entry(name).recipe
    if isinstance(recipe, catalogue.Imported):
        return _Place(shelf.folder(name), "own images")
    if isinstance(recipe, catalogue.BuiltIn):
        return _Place(store.folder(name, "built-in", recipe.version), "built in")
    for folder in _data_folders():
        npz = folder / f"{name}.npz"
        if npz.is_file():
            state = npz.stat()
            key = f"{npz.resolve()} {state.st_size} {state.st_mtime_ns}"
            return _Place(store.folder(name, "file", key), npz.name, npz=npz)
    whole = store.folder(name, "download", " ".join(file.checksum for file in recipe.files))
    for folder in _data_folders():
        if all((folder / file.name).is_file() for file in recipe.files):
            return _Place(whole, "download", originals=folder)
    return _Place(whole, "download")


def _data_folders() -> list[Path]:
    """`CNNLAB_DATA`, and a folder that needs no setting."""
    data = settings.get().data
    return ([data] if data else []) + [store.root()]


def _content(name: str, place: _Place, progress: Progress | None) -> Content:
    recipe = catalogue.entry(name).recipe
    if isinstance(recipe, catalogue.Imported):
        raise shelf.unavailable(name)
    if isinstance(recipe, catalogue.BuiltIn):
        return recipe.content()
    if place.npz:
        return archives.npz(place.npz)
    if not (place.originals or settings.get().downloads):
        raise _unavailable(name, recipe, "downloads are switched off by CNNLAB_DOWNLOADS")
    folder = _downloads_folder(name)
    try:
        paths = downloads.fetch(recipe.files, folder, here=place.originals, progress=progress)
    except downloads.DownloadFailed as exc:
        raise _unavailable(name, recipe, str(exc)) from exc
    return recipe.content(paths)


def _downloads_folder(name: str) -> Path:
    return settings.get().home / "downloads" / name


def _unavailable(name: str, recipe: catalogue.Download, reason: str) -> DatasetUnavailable:
    title = catalogue.entry(name).info.title
    originals = ", ".join(file.name for file in recipe.files if file.name != f"{name}.npz")
    instead = f", or the original {originals}," if originals else ""
    later = ", or try again when the network is there" if settings.get().downloads else ""
    return DatasetUnavailable(
        f"{title} is not on this machine: {reason}. Put {name}.npz (arrays {archives.NPZ_LAYOUT}){instead} "
        f"into {_data_folders()[0]}{later}.{_beside(missing_folder())}"
    )


def _beside(sentence: str | None) -> str:
    """A further sentence behind others, where there is one."""
    return "" if sentence is None else f" {sentence}"
