"""Reading the files in which data sets travel, a chunk of images at a time; nothing is ever unpickled."""

from __future__ import annotations

import gzip
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cnnlab.datasets.dataset import Content, Images
from cnnlab.errors import DatasetError

CHUNK_BYTES = 4_000_000
"""Pixels in memory at a time: little beside the server, yet few calls a file."""

NPZ_LAYOUT = "x_train, y_train, x_test, y_test"

Chunks = Iterator[tuple[Images, NDArray[np.integer]]]


class _Readable(Protocol):
    """A file, a member of an archive or a gzipped file."""

    def read(self, size: int = -1, /) -> bytes: ...


def npz(path: Path) -> Content:
    """Keras's layout: images (n, height, width) or (n, height, width, channels) uint8, labels (n,) or (n, 1).

    Raises:
        DatasetError: the file is damaged or has another layout.
    """
    with _damage_in_words(path):
        shapes = {name: _npz_shape(path, name) for name in NPZ_LAYOUT.split(", ")}
    for part in ("train", "test"):
        if not shapes[f"x_{part}"] or shapes[f"y_{part}"][:1] != shapes[f"x_{part}"][:1]:
            raise DatasetError(
                f"{path.name}: expected as many labels as images. "
                f"Received x_{part} {shapes[f'x_{part}']} and y_{part} {shapes[f'y_{part}']} in {path}."
            )
    train, test = shapes["x_train"][0], shapes["x_test"][0]
    if not (train and test):
        raise DatasetError(
            f"{path.name}: expected training and test images. Received {train} and {test} in {path}."
        )
    return Content(train + test, test, _npz_chunks(path))


def _npz_shape(path: Path, name: str) -> tuple[int, ...]:
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        return _npy_header(file)[0]


def _npz_chunks(path: Path) -> Chunks:
    with _damage_in_words(path), zipfile.ZipFile(path) as archive:
        for part in ("train", "test"):
            with archive.open(f"y_{part}.npy") as file:
                labels = np.lib.format.read_array(file, allow_pickle=False)
            if labels.ndim == 2 and labels.shape[1] == 1:
                labels = labels[:, 0]
            with archive.open(f"x_{part}.npy") as file:
                yield from _npy_chunks(file, labels)


def _npy_header(file: _Readable) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)


def _npy_chunks(file: _Readable, labels: NDArray[np.integer]) -> Chunks:
    shape, by_column, dtype = _npy_header(file)
    if by_column or dtype != np.uint8 or len(shape) not in (3, 4):
        order = "Fortran order" if by_column else "C order"
        raise ValueError(
            f"images must be uint8 of shape (n, height, width) or (n, height, width, channels) in C order, "
            f"not {dtype} {shape} in {order}"
        )
    image_shape = shape[1:] if len(shape) == 4 else (*shape[1:], 1)
    yield from _plain_chunks(file, image_shape, labels)


def _plain_chunks(file: _Readable, image_shape: tuple[int, ...], labels: NDArray[np.integer]) -> Chunks:
    """Pixels that lie one after the other, image by image."""
    pixels = int(np.prod(image_shape))
    rows = max(1, CHUNK_BYTES // max(1, pixels))
    for start in range(0, len(labels), rows):
        part = labels[start : start + rows]
        raw = _exactly(file, len(part) * pixels)
        yield np.frombuffer(raw, np.uint8).reshape(len(part), *image_shape), part


def idx(paths: Sequence[Path]) -> Content:
    """MNIST's own format, gzipped: training images, training labels, test images, test labels.

    The header is big-endian: a magic number (2051 images, 2049 labels), the count, and for images height and
    width (https://yann.lecun.com/exdb/mnist).

    Raises:
        DatasetError: a file is damaged.
    """
    counts = []
    for images, labels in (paths[:2], paths[2:]):
        count, _ = _idx_header(images, 2051)
        if _idx_header(labels, 2049)[0] != count:
            raise DatasetError(
                f"{labels.name}: expected {count} labels, one for each image of {images.name}."
            )
        counts.append(count)
    return Content(sum(counts), counts[1], _idx_chunks(paths))


def _idx_header(path: Path, magic: int) -> tuple[int, tuple[int, ...]]:
    with _damage_in_words(path), gzip.open(path) as file:
        return _read_idx_header(file, magic)


def _read_idx_header(file: _Readable, magic: int) -> tuple[int, tuple[int, ...]]:
    dimensions = magic % 256
    received, count, *sides = struct.unpack(f">{1 + dimensions}I", _exactly(file, 4 + 4 * dimensions))
    if received != magic:
        raise ValueError(f"expected the magic number {magic}, received {received}")
    return count, tuple(sides)


def _idx_chunks(paths: Sequence[Path]) -> Chunks:
    for images, labels in (paths[:2], paths[2:]):
        with _damage_in_words(labels), gzip.open(labels) as file:
            count, _ = _read_idx_header(file, 2049)
            values = np.frombuffer(_exactly(file, count), np.uint8)
        with _damage_in_words(images), gzip.open(images) as file:
            _, sides = _read_idx_header(file, 2051)
            yield from _plain_chunks(file, (*sides, 1), values)


CIFAR_SIDE = 32
_CIFAR_RECORD = 1 + 3 * CIFAR_SIDE * CIFAR_SIDE


def cifar_binary(paths: Sequence[Path]) -> Content:
    """The binary version of CIFAR-10: records of a label byte and a red, a green and a blue plane of 32×32.

    It holds the same images as the Python version, which is a pickle and so could run code.

    Raises:
        DatasetError: the file is damaged.
    """
    (path,) = paths
    train = test = 0
    with _damage_in_words(path), tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith("test_batch.bin"):
                test += member.size // _CIFAR_RECORD
            elif member.name.endswith(".bin"):
                train += member.size // _CIFAR_RECORD
    return Content(train + test, test, _cifar_chunks(path))


def _cifar_chunks(path: Path) -> Chunks:
    with _damage_in_words(path), tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if member.name.endswith(".bin")]
        # data_batch_1 … data_batch_5 before test_batch: the test images come last.
        for member in sorted(members, key=lambda member: member.name):
            file = archive.extractfile(member)
            if file is None:
                raise ValueError(f"{member.name} is not a file")
            yield from _cifar_records(file, member.size // _CIFAR_RECORD)


def _cifar_records(file: _Readable, count: int) -> Chunks:
    rows = CHUNK_BYTES // _CIFAR_RECORD
    for start in range(0, count, rows):
        n = min(rows, count - start)
        records = np.frombuffer(_exactly(file, n * _CIFAR_RECORD), np.uint8).reshape(n, _CIFAR_RECORD)
        planes = records[:, 1:].reshape(n, 3, CIFAR_SIDE, CIFAR_SIDE)
        yield planes.transpose(0, 2, 3, 1), records[:, 0]


def _exactly(file: _Readable, count: int) -> bytes:
    raw = file.read(count)
    if len(raw) != count:
        raise EOFError(f"it ends {count - len(raw)} bytes too early")
    return raw


@contextmanager
def _damage_in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except KeyError as exc:
        raise DatasetError(f"{path.name}: expected the arrays {NPZ_LAYOUT}. {exc.args[0]} {path}.") from exc
    except (
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        zlib.error,
        zipfile.BadZipFile,
        tarfile.TarError,
    ) as exc:
        raise DatasetError(f"{path.name} in {path.parent} cannot be used: {exc}.") from exc
