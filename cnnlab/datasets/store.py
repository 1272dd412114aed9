"""Data sets on disk: one folder each with `images.npy`, `labels.npy` and `meta.json`.

A folder is written beside its place and renamed, so that a folder that exists is whole. Its name holds a key
(the version of the drawing, the checksum of the download, the size and time of a file), so that changed
content gets a folder of its own and nobody's open memory map is overwritten.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from filelock import FileLock

from cnnlab import settings
from cnnlab.datasets.dataset import Content, DatasetInfo, Images, Labels
from cnnlab.errors import DatasetError, DatasetUnavailable

_IMAGES, _LABELS, _META = "images.npy", "labels.npy", "meta.json"
_BESIDE = ".new-"


class Stored(NamedTuple):
    """What lies in a data set's folder, memory-mapped."""

    images: Images
    labels: Labels
    test_count: int


def root() -> Path:
    """The folder of all stored data sets."""
    return settings.get().home / "datasets"


def folder(name: str, kind: str, key: str) -> Path:
    """The folder of one data set of this content.

    Args:
        name: the data set's name.
        kind: where the content comes from: "built-in", "download" or "file".
        key: whatever changes when the content changes.
    """
    return root() / name / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def is_stored(place: Path) -> bool:
    """Whether the folder is there; if so, it is whole."""
    return (place / _META).is_file()


def counts(place: Path) -> tuple[int, int]:
    """Number of images and, among them, of the set's own test images.

    Raises:
        DatasetError: the folder is damaged.
    """
    with _damage_in_words(place):
        meta = json.loads((place / _META).read_text(encoding="utf-8"))
        return int(meta["images"]), int(meta["test_images"])


def read(place: Path, info: DatasetInfo) -> Stored:
    """Open a stored data set without reading its images.

    Raises:
        DatasetError: the folder is damaged.
    """
    count, test_count = counts(place)
    with _damage_in_words(place):
        images = np.load(place / _IMAGES, mmap_mode="r", allow_pickle=False)
        labels = np.load(place / _LABELS, mmap_mode="r", allow_pickle=False)
        if images.shape != (count, *info.image_shape) or labels.shape != (count,):
            raise ValueError(f"images {images.shape}, labels {labels.shape}")
    return Stored(images, labels, test_count)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the data set's lock: of all processes one installs, the others wait.

    Raises:
        DatasetUnavailable: the folder of data sets cannot be written.
    """
    try:
        root().mkdir(parents=True, exist_ok=True)
        lock = FileLock(root() / f"{name}.lock")
        lock.acquire()
    except OSError as exc:
        raise not_writable(name, exc) from exc
    try:
        yield
    finally:
        lock.release()


def write(place: Path, info: DatasetInfo, content: Content) -> None:
    """Write a data set chunk by chunk beside its place, then rename it; call it with the lock held.

    Older folders of the same kind are removed.

    Raises:
        DatasetError: the content does not agree with what is declared.
        DatasetUnavailable: the disk is full or cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for left_behind in place.parent.glob(f"{_BESIDE}*"):  # by a process that was killed: we hold the lock
            shutil.rmtree(left_behind, ignore_errors=True)
        beside = Path(tempfile.mkdtemp(prefix=_BESIDE, dir=place.parent))
    except OSError as exc:
        raise not_writable(info.name, exc) from exc
    try:
        _write_files(beside, info, content)
        shutil.rmtree(place, ignore_errors=True)  # what somebody left of a folder by deleting files in it
        beside.rename(place)
    except OSError as exc:
        raise not_writable(info.name, exc) from exc
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    _remove_older(place)


def _write_files(beside: Path, info: DatasetInfo, content: Content) -> None:
    labels = np.empty(content.count, np.int64)
    done = 0
    with (beside / _IMAGES).open("wb") as file:
        _write_header(file, (content.count, *info.image_shape))
        for images, chunk_labels in content.chunks:
            _check(info, images, chunk_labels)
            # Plain writes: the pages of a writable memory map would count as this process's memory.
            file.write(np.ascontiguousarray(images).data)
            labels[done : done + len(images)] = chunk_labels
            done += len(images)
        _to_disk(file)
    if done != content.count:
        raise DatasetError(f"{info.title}: expected {content.count} images. Received {done}.")
    _write_labels(beside, labels, test_count=content.test_count)


def _write_labels(place: Path, labels: Labels, *, test_count: int) -> None:
    """Labels and counts; with the last of them the folder is whole."""
    with (place / _LABELS).open("wb") as file:
        np.save(file, labels, allow_pickle=False)
        _to_disk(file)
    meta = {"images": len(labels), "test_images": test_count}
    with (place / _META).open("wb") as file:
        file.write(json.dumps(meta).encode())
        _to_disk(file)


@contextmanager
def images_file(place: Path, image_shape: tuple[int, ...]) -> Iterator[BinaryIO]:
    """The file that takes the images of a new data set one after the other, when their number is not known.

    Args:
        place: the folder; nobody sees it before `finish` and its renaming.
        image_shape: (height, width, channels) of every image.
    """
    with (place / _IMAGES).open("wb") as file:
        _write_header(file, (0, *image_shape))
        yield file
        _to_disk(file)


def finish(place: Path, labels: Labels, image_shape: tuple[int, ...]) -> None:
    """Add to the images that `images_file` took their number, their labels and what makes the folder whole.

    Args:
        place: the folder.
        labels: (n,) int64.
        image_shape: (height, width, channels) of every image.
    """
    with (place / _IMAGES).open("r+b") as file:
        _write_header(file, (len(labels), *image_shape))  # NumPy leaves room for the largest count
    _write_labels(place, labels, test_count=0)


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    description = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, description)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _check(info: DatasetInfo, images: np.ndarray, labels: np.ndarray) -> None:
    """Hold a chunk to what the data set declares."""
    if images.dtype != np.uint8 or images.shape[1:] != info.image_shape:
        raise DatasetError(
            f"{info.title}: expected images of shape {info.image_shape}, uint8. "
            f"Received {images.shape[1:]}, {images.dtype}."
        )
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise DatasetError(
            f"{info.title}: expected one whole number as label of each of {len(images)} images. "
            f"Received {labels.dtype} of shape {labels.shape}."
        )
    if len(labels) and (labels.min() < 0 or labels.max() >= info.classes):
        raise DatasetError(
            f"{info.title}: expected labels from 0 to {info.classes - 1}. "
            f"Received {labels.min()} to {labels.max()}."
        )


def _remove_older(place: Path) -> None:
    kind = place.name.rpartition("-")[0]
    for other in place.parent.glob(f"{kind}-*"):
        if other != place:
            # Who has it open keeps what they see; where Windows refuses, it is removed another time.
            shutil.rmtree(other, ignore_errors=True)


@contextmanager
def _damage_in_words(place: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DatasetError(
            f"The stored data set in {place} is damaged ({exc}). Delete that folder; it is then made again."
        ) from exc


def not_writable(name: str, exc: OSError) -> DatasetUnavailable:
    """The error for a disk that is full or cannot be written."""
    return DatasetUnavailable(
        f"The data set {name!r} cannot be stored in {root()}: {exc.strerror or exc}. "
        f"Make room there, or name another folder in CNNLAB_HOME."
    )
