"""Making a data set of pictures: read one after the other, decoded side by side, written as they come.

Memory stays the same whatever their number: a few pictures are under way at a time, and what is written is
written plainly (the pages of a writable memory map would count as this process's memory).
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnlab.datasets import store
from cnnlab.datasets.own import shelf
from cnnlab.datasets.own.pictures import Preparation, Unreadable, prepare
from cnnlab.datasets.own.sources import (
    FolderSource,
    Item,
    Listing,
    Reader,
    Skipped,
    Source,
    ZipSource,
    problem,
)
from cnnlab.errors import DatasetError, DatasetUnavailable

Progress = Callable[[int, int], None]
"""Called with the pictures done and the pictures in all."""

THREADS = min(4, os.cpu_count() or 1)
"""Pillow unpacks without holding Python's lock; more threads than this would only hold more in memory."""

UNDER_WAY_BYTES = 100_000_000
"""So many bytes of files may wait to be decoded beside the one just read: small files never reach it."""

SKIPPED_SHOWN = 200
"""So many files that were left out are kept by name; the others are counted."""

_SPARE_BYTES = 50_000_000
"""What must be free on the disk beside the images."""

_BESIDE = ".new-own-"
_LEFT_SECONDS = 24 * 3600.0
"""No import takes so long: what is older was left by a process that was killed."""


def import_folder(
    path: str | Path,
    name: str,
    *,
    size: int = Preparation.side,
    colour: bool = True,
    crop: bool = True,
    progress: Progress | None = None,
) -> str:
    """Make a data set of a folder that holds a folder of pictures for each class.

    Args:
        path: the folder.
        name: what to call the data set.
        size: side of the images, 16 to 128 pixels.
        colour: whether they keep their colour.
        crop: whether the middle is cut out; else the whole picture is kept, with black bars.
        progress: called with the pictures done and the pictures in all.

    Returns:
        The name under which it is loaded: `own-` and an id.

    Raises:
        DatasetError: no data set can be made of it; the message says why.
        DatasetUnavailable: the disk is full or cannot be written.

    Example:
        >>> mugs = import_folder("photos/mugs", "My mugs", size=64)  # doctest: +SKIP
        >>> cnnlab.datasets.load(mugs).class_names  # doctest: +SKIP
        ('blue', 'red')
    """
    return import_source(FolderSource(Path(path)), name, Preparation(size, colour, crop), progress=progress)


def import_zip(
    path: str | Path,
    name: str,
    *,
    size: int = Preparation.side,
    colour: bool = True,
    crop: bool = True,
    progress: Progress | None = None,
) -> str:
    """Make a data set of a zip with a folder of pictures for each class; all else as `import_folder`."""
    return import_source(ZipSource(Path(path)), name, Preparation(size, colour, crop), progress=progress)


def import_source(
    source: Source,
    title: str,
    preparation: Preparation,
    *,
    owner: str = shelf.SHARED_OWNER,
    progress: Progress | None = None,
) -> str:
    """Make a data set of a source; returns its name. Raises as `import_folder`."""
    title = shelf.checked_title(title)
    listing = source.listing()
    trouble = listing.problem()
    if trouble:
        raise DatasetError(f"{source.title}: {trouble}{_in_words(listing.skipped)}")
    _check_room(len(listing.items) * int(np.prod(preparation.image_shape)))
    beside = store.root() / f"{_BESIDE}{secrets.token_hex(8)}"
    try:
        _sweep()
        beside.mkdir(parents=True)
        written = _write(beside, source, listing, title, preparation, owner, progress)
        beside.rename(shelf.folder(written.name))
    except OSError as exc:
        raise store.not_writable(title, exc) from exc
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return written.name


def _write(
    beside: Path,
    source: Source,
    listing: Listing,
    title: str,
    preparation: Preparation,
    owner: str,
    progress: Progress | None,
) -> shelf.Card:
    """Write all files of the data set into a folder that is renamed afterwards."""
    names = list(listing.counts)
    skipped = list(listing.skipped)
    labels: list[int] = []
    with store.images_file(beside, preparation.image_shape) as file:
        for done, (item, result) in enumerate(_prepared(source, listing.items, preparation), start=1):
            if isinstance(result, Unreadable):
                skipped.append(Skipped(item.path, str(result)))
            else:
                file.write(result.data)
                labels.append(names.index(item.class_name))
            if progress:
                progress(done, len(listing.items))
    readable = Counter(names[label] for label in labels)
    counts = {name: readable[name] for name in names}
    trouble = problem(counts) if labels else "No picture can be read."
    if trouble:
        raise DatasetError(f"{source.title}: {trouble}{_in_words(skipped)}")
    store.finish(beside, np.array(labels, np.int64), preparation.image_shape)
    card = replace(
        shelf.new_card(title, owner, preparation, source.title, counts),
        skipped=tuple(skipped[:SKIPPED_SHOWN]),
        skipped_count=len(skipped),
    )
    shelf.write_card(beside, card)
    return card


def _prepared(
    source: Source, items: Sequence[Item], preparation: Preparation
) -> Iterator[tuple[Item, NDArray[np.uint8] | Unreadable]]:
    """Each item with its pixels (side, side, channels) uint8, or why it has none, in order."""
    under_way: deque[_UnderWay] = deque()
    with closing(source.reader()) as reader, ThreadPoolExecutor(THREADS, "cnnlab-decode") as pool:
        try:
            for item in items:
                content = _read(reader, item.path)
                if isinstance(content, Unreadable):
                    yield from _results(under_way, keep=0)
                    yield item, content
                    continue
                under_way.append(_UnderWay(item, len(content), pool.submit(_decode, content, preparation)))
                del content  # it lives as long as its decoding
                yield from _results(under_way, keep=THREADS + 1)
            yield from _results(under_way, keep=0)
        finally:
            for each in under_way:
                each.result.cancel()


@dataclass(frozen=True)
class _UnderWay:
    """A picture that was read and is decoded in a thread."""

    item: Item
    bytes: int
    result: Future[NDArray[np.uint8] | Unreadable]


def _results(
    under_way: deque[_UnderWay], *, keep: int
) -> Iterator[tuple[Item, NDArray[np.uint8] | Unreadable]]:
    """Results in order, until no more pictures or bytes are under way than may be."""
    while len(under_way) > keep or sum(each.bytes for each in under_way) > UNDER_WAY_BYTES:
        first = under_way.popleft()
        yield first.item, first.result.result()


# Errors are made anew: one that was raised holds the whole file by its traceback until garbage is collected.


def _read(reader: Reader, path: str) -> bytes | Unreadable:
    """The bytes of a picture, or why there are none."""
    try:
        return reader.read(path)
    except Unreadable as exc:
        return Unreadable(str(exc))


def _decode(content: bytes, preparation: Preparation) -> NDArray[np.uint8] | Unreadable:
    """The pixels of a picture, or why there are none."""
    try:
        return prepare(io.BytesIO(content), preparation)
    except Unreadable as exc:
        return Unreadable(str(exc))


def _sweep() -> None:
    """Remove what killed imports have left."""
    for folder in store.root().glob(f"{_BESIDE}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _check_room(needed: int) -> None:
    """Refuse before the start what does not fit on the disk.

    Args:
        needed: bytes of all images.

    Raises:
        DatasetUnavailable: there is not so much room.
    """
    folder = store.root()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed + _SPARE_BYTES > free:
        raise DatasetUnavailable(
            f"Not enough disk space: the images take {needed / 1e6:,.1f} MB and {_SPARE_BYTES / 1e6:,.0f} MB "
            f"are to stay free, {free / 1e6:,.1f} MB are free in {store.root()}. Make room there, choose a "
            f"smaller side, or name another folder in CNNLAB_HOME."
        )


def _in_words(skipped: Sequence[Skipped]) -> str:
    """The files left out, to stand behind what is wrong."""
    if not skipped:
        return ""
    first = "; ".join(f"{each.path}: {each.reason}" for each in skipped[:3])
    return f" {len(skipped):,} {'file was' if len(skipped) == 1 else 'files were'} left out ({first})."
