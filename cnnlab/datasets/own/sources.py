"""Where own images come from: a folder or a zip, with a folder a class, looked through before it is read.

Nothing is ever unpacked under the name that a zip gives it, so that no name can lead out of a folder.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from cnnlab import settings
from cnnlab.datasets.own.names import class_name, natural_order
from cnnlab.datasets.own.pictures import HEIC_SUFFIXES, SUFFIXES, Unreadable
from cnnlab.errors import DatasetError

MIN_CLASSES, MAX_CLASSES = 2, 200
MIN_IMAGES_PER_CLASS = 2
"""One to learn from and one to test with."""

MAX_PICTURE_BYTES = 100_000_000
"""No photograph is larger; more in memory at a time would not be little."""

_PARTS = frozenset(["train", "training", "test", "testing", "val", "valid", "validation"])
"""Folders above the classes in published data sets: the split here is made anew."""

_LAYOUT = "a folder for each class, with its pictures inside"

_SILENT = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_DIRECTORY_BYTES_PER_ENTRY = 512
"""A zip's directory needs 46 bytes an entry and the name; more than this is not a list of pictures."""


@dataclass(frozen=True)
class Item:
    """One picture.

    Attributes:
        path: where it lies in its source, parts divided by "/".
        class_name: the class that its folder names.
    """

    path: str
    class_name: str


@dataclass(frozen=True)
class Skipped:
    """A file that is left out, and why, in words."""

    path: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """What a source holds, before any picture is opened.

    Attributes:
        items: the pictures, in the order in which they are read best.
        skipped: the other files.
    """

    items: tuple[Item, ...]
    skipped: tuple[Skipped, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Class → number of pictures, in the order of the labels."""
        found = Counter(item.class_name for item in self.items)
        return {name: found[name] for name in sorted(found, key=natural_order)}

    def problem(self) -> str | None:
        """Why no data set can be made of it, in words; None where one can."""
        if self.skipped and not self.items:
            return f"No picture can be used. Expected {_LAYOUT}."
        return problem(self.counts)


class Source(Protocol):
    """A place that pictures are read from."""

    title: str

    def listing(self) -> Listing:
        """What is there."""

    def reader(self) -> Reader:
        """Opens the source for reading."""


class Reader(Protocol):
    """An open source. Used by one thread."""

    def read(self, path: str) -> bytes:
        """The bytes of one picture; raises Unreadable."""

    def close(self) -> None:
        """Close it."""


def problem(counts: dict[str, int]) -> str | None:
    """Why these classes make no data set, in words; None where they do.

    Args:
        counts: class → number of pictures.
    """
    if not counts:
        return f"There are no pictures in folders: expected {_LAYOUT}."
    if len(counts) < MIN_CLASSES:
        return (
            f"All pictures are of one class, “{next(iter(counts))}”. A network learns to tell classes apart: "
            f"expected pictures of at least {MIN_CLASSES}."
        )
    if len(counts) > MAX_CLASSES:
        return f"Expected at most {MAX_CLASSES} classes, a folder each. Received {len(counts):,}."
    few = [f"“{name}” ({count})" for name, count in counts.items() if count < MIN_IMAGES_PER_CLASS]
    if few:
        names = ", ".join(few[:3]) + (" and others" if len(few) > 3 else "")
        return (
            f"Too few pictures: {names}. Each class needs at least {MIN_IMAGES_PER_CLASS}: one to learn from "
            f"and one to test with. Add pictures, or leave the class out."
        )
    return None


class FolderSource:
    """A folder on this machine with a folder a class.

    Args:
        path: the folder.
        title: what to call it.
    """

    def __init__(self, path: Path, title: str | None = None) -> None:
        self.path = path
        self.title = title or path.resolve().name

    def listing(self) -> Listing:
        """What lies in the folder; links are not followed.

        Raises:
            DatasetError: there is no such folder, or it holds too many files.
        """
        if not self.path.is_dir():
            raise DatasetError(f"{self.path}: expected a folder with a folder for each class.")
        found: list[str] = []
        skipped: list[Skipped] = []
        try:
            for path, entry in self._walk():
                if entry.is_symlink():
                    skipped.append(Skipped(path, "a link"))
                else:
                    found.append(path)
                if len(found) + len(skipped) > settings.get().upload_files:
                    raise DatasetError(_too_many_files(self.title))
        except OSError as exc:
            raise DatasetError(f"{self.path} cannot be read: {exc.strerror or exc}.") from exc
        return sorted_out(sorted(found), skipped)

    def reader(self) -> Reader:
        """Reads files of this folder."""
        return _FolderReader(self.path)

    def _walk(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        folders = [self.path]
        while folders:
            folder = folders.pop()
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    else:
                        yield Path(entry.path).relative_to(self.path).as_posix(), entry


class _FolderReader:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, path: str) -> bytes:
        try:
            with (self._path / path).open("rb") as file:
                return _at_most(file.read(MAX_PICTURE_BYTES + 1))
        except OSError as exc:
            raise Unreadable(f"cannot be read ({exc.strerror or exc})") from exc

    def close(self) -> None:
        """Nothing is open."""


class ZipSource:
    """A zip with a folder a class.

    Args:
        path: the zip.
        title: what to call it.
    """

    def __init__(self, path: Path, title: str | None = None) -> None:
        self.path = path
        self.title = title or path.name

    def listing(self) -> Listing:
        """What lies in the zip, from its directory alone.

        Raises:
            DatasetError: it is no zip, is encrypted, holds too many files or would grow beyond the limit.
        """
        with self._opened() as archive:
            found: list[str] = []
            skipped: list[Skipped] = []
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            self._check(entries)
            for entry in entries:
                reason = _unsafe(entry)
                if reason:
                    skipped.append(Skipped(entry.filename[:200], reason))
                else:
                    found.append(entry.filename)
        return sorted_out(found, skipped)

    def reader(self) -> Reader:
        """Reads pictures of this zip."""
        with self._in_words():
            return _ZipReader(zipfile.ZipFile(self.path))

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        with self._in_words():
            check_directory(self.path, self.title)
            with zipfile.ZipFile(self.path) as archive:
                yield archive

    def _check(self, entries: Sequence[zipfile.ZipInfo]) -> None:
        limits = settings.get()
        if len(entries) > limits.upload_files:
            raise DatasetError(_too_many_files(self.title))
        if any(entry.flag_bits & 1 for entry in entries):
            raise DatasetError(
                f"{self.title} is encrypted. Unpack it, and make a zip without a password of its folders."
            )
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > limits.unpacked_bytes:
            raise DatasetError(
                f"{self.title} would unpack to {unpacked / 1e9:,.1f} GB. Expected at most "
                f"{limits.unpacked_bytes / 1e9:,.1f} GB: make it in parts, or of smaller pictures."
            )

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as exc:
            raise DatasetError(
                f"{self.path}: there is no such file. Expected a zip, or a folder, "
                f"with a folder for each class."
            ) from exc
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as exc:
            raise DatasetError(f"{self.title} cannot be opened as a zip: {exc}.") from exc


class _ZipReader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def read(self, path: str) -> bytes:
        try:
            with self._archive.open(path) as file:
                return _at_most(file.read(MAX_PICTURE_BYTES + 1))
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as exc:
            raise Unreadable("damaged in the zip") from exc
        except (NotImplementedError, KeyError) as exc:
            raise Unreadable("packed in a way that cannot be read") from exc

    def close(self) -> None:
        self._archive.close()


def check_directory(path: Path, title: str) -> None:
    """Refuse a zip by the size of its directory, which would be read into memory whole.

    The end record names the entries' number and the directory's bytes (APPNOTE 4.3.16); 0xFFFF and 0xFFFFFFFF
    send to the zip64 record (4.3.14), which lies before it.

    Raises:
        DatasetError: there are more entries than the limit, or there is no end record: it is no zip.
    """
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - 22 - 65_535 - 20 - 56))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise DatasetError(f"{title} is not a zip, or it is not whole: its end is missing.")
    entries, size = struct.unpack("<HI", tail[at + 10 : at + 16])
    wide = tail.rfind(b"PK\x06\x06", 0, at)
    if wide >= 0 and (entries == 0xFFFF or size == 0xFFFFFFFF):
        entries, size = struct.unpack("<QQ", tail[wide + 32 : wide + 48])
    limit = settings.get().upload_files
    if entries > 2 * limit or size > 2 * limit * _DIRECTORY_BYTES_PER_ENTRY:  # folders are entries, too
        raise DatasetError(_too_many_files(title))


def sorted_out(paths: Iterable[str], skipped: list[Skipped]) -> Listing:
    """Which files are pictures, and which class each is of.

    The class is the first folder below those that all pictures share, and below a folder such as `train`.

    Args:
        paths: of files, parts divided by "/".
        skipped: what was left out already; more is added.
    """
    pictures = []
    for path in paths:
        parts = PurePosixPath(path).parts
        if any(part.casefold() in _SILENT or part.startswith(".") for part in parts):
            continue
        reason = _not_a_picture(parts[-1])
        if reason:
            skipped.append(Skipped(path, reason))
        else:
            pictures.append((path, parts[:-1]))
    shared = _shared(folders for _, folders in pictures)
    items = []
    for path, folders in pictures:
        below = folders[shared:]
        if len(below) > 1 and below[0].casefold() in _PARTS:
            below = below[1:]
        name = class_name(below[0]) if below else ""
        if name:
            items.append(Item(path, name))
        else:
            skipped.append(Skipped(path, "in no folder of a class"))
    return Listing(tuple(items), tuple(skipped))


def _shared(folders: Iterable[tuple[str, ...]]) -> int:
    """How many outer folders all pictures share: their classes begin below."""
    inside = {path for path in folders if path}
    count = 0
    while len({path[count] for path in inside}) == 1:
        deeper = {path for path in inside if len(path) > count + 1}
        # Some pictures beside the folders of the classes must not hide these.
        if deeper != inside and len({path[count + 1] for path in deeper}) < MIN_CLASSES:
            break
        if not deeper:
            break
        inside, count = deeper, count + 1
    return count


def _not_a_picture(name: str) -> str | None:
    suffix = PurePosixPath(name).suffix.casefold()
    if suffix in SUFFIXES:
        return None
    if suffix in HEIC_SUFFIXES:
        return "HEIC, which cannot be read here: export it as JPEG"
    return "a zip inside the zip is not opened" if suffix == ".zip" else "not a picture"


def _unsafe(entry: zipfile.ZipInfo) -> str | None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if ".." in path.parts or path.is_absolute() or re.match(r"[A-Za-z]:", entry.filename):
        return "its path leads out of the zip"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a link"
    if entry.file_size > MAX_PICTURE_BYTES:
        return _too_large()
    return None


def _at_most(content: bytes) -> bytes:
    if len(content) > MAX_PICTURE_BYTES:
        raise Unreadable(_too_large())
    return content


def _too_large() -> str:
    return f"larger than {MAX_PICTURE_BYTES // 1_000_000} MB"


def _too_many_files(title: str) -> str:
    return (
        f"{title} holds too many files. Expected at most {settings.get().upload_files:,}: "
        f"leave some out, or set CNNLAB_UPLOAD_FILES higher."
    )
