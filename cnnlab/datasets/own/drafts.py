"""Pictures on their way in: what one user has uploaded, photographed or drawn and not yet made a data set of.

A draft is a folder below `CNNLAB_HOME/uploads`, one for each owner: a zip, and a folder of pictures for each
class. It stays when the browser is closed, and goes when a data set was made of it or after a few days.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from cnnlab import settings
from cnnlab.datasets.own.draft_source import DraftSource
from cnnlab.datasets.own.names import class_name
from cnnlab.datasets.own.sources import MAX_PICTURE_BYTES, Source
from cnnlab.errors import DatasetError, DatasetUnavailable

KEPT_SECONDS = 3 * 24 * 3600.0
"""A draft that nobody touches is forgotten after so long: photographs are large."""

_SPARE_BYTES = 200_000_000
"""What uploads leave free on the disk, for the record of runs that train meanwhile."""

_ZIP = "archive.zip"
_ZIP_TITLE = "archive.txt"
_CLASSES = "classes"
_PART = ".part-"
_MARK = ".class"


class UploadRefused(DatasetError):
    """An upload cannot be taken; the message says why."""


@dataclass(frozen=True)
class Target:
    """Where an upload goes.

    Attributes:
        folder: the folder of its class, or the draft's for a zip.
        name: what it is called, with a number behind it where that name is taken.
        limit: bytes that it may have at most.
    """

    folder: Path
    name: str
    limit: int


class Draft:
    """The draft of one owner. Its methods may be called from any thread.

    Args:
        owner: 32 hexadecimal digits; the folder is named after it.
    """

    def __init__(self, owner: str) -> None:
        self.folder = settings.get().home / "uploads" / owner
        self._lock = threading.Lock()
        self._coming = 0
        self._files, self._bytes = self._counted()
        self.changes = time.monotonic_ns()
        """Grows with every change, so that what was read of an earlier state is not shown again."""

    # What is there

    @property
    def zip_title(self) -> str | None:
        """The name of the uploaded zip, or None."""
        if not (self.folder / _ZIP).is_file():
            return None
        title = self.folder / _ZIP_TITLE
        return title.read_text(encoding="utf-8") if title.is_file() else "your zip"

    def classes(self) -> list[str]:
        """The classes that pictures were put into, in the order in which they were added."""
        place = self.folder / _CLASSES
        if not place.is_dir():
            return []
        folders = [entry for entry in os.scandir(place) if entry.is_dir(follow_symlinks=False)]
        # A class's folder is as old as its hidden mark; pictures change the folder's own time.
        return [
            entry.name for entry in sorted(folders, key=lambda entry: (_born(Path(entry.path)), entry.name))
        ]

    def pictures(self, name: str) -> list[Path]:
        """The files of one class, the newest first."""
        place = self.folder / _CLASSES / _checked_class(name)
        if not place.is_dir():
            return []
        found = [entry for entry in os.scandir(place) if not entry.name.startswith(".")]
        return [
            Path(entry.path)
            for entry in sorted(found, key=lambda each: each.stat().st_mtime_ns, reverse=True)
        ]

    def source(self) -> Source:
        """Everything that is there, to make a data set of."""
        title = self.zip_title
        archive = (self.folder / _ZIP, title) if title is not None else None
        return DraftSource(archive, self.folder / _CLASSES)

    @property
    def empty(self) -> bool:
        """Whether there is neither a zip nor a picture."""
        return self._files == 0

    # What changes it

    def add_class(self, text: str) -> str:
        """Add a class without pictures; returns its name.

        Raises:
            UploadRefused: nothing is left of the name.
        """
        name = _checked_class(text)
        place = self.folder / _CLASSES / name
        with _disk_in_words():
            place.mkdir(parents=True, exist_ok=True)
            if not (place / _MARK).exists():
                (place / _MARK).touch()
        self._changed()
        return name

    def remove_class(self, name: str) -> None:
        """Remove a class with its pictures."""
        shutil.rmtree(self.folder / _CLASSES / _checked_class(name), ignore_errors=True)
        self._recount()

    def remove_picture(self, name: str, file: str) -> None:
        """Remove one picture of a class."""
        (self.folder / _CLASSES / _checked_class(name) / PurePosixPath(file).name).unlink(missing_ok=True)
        self._recount()

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._recount()

    def add_picture(self, name: str, content: bytes, file: str) -> None:
        """Put a picture into a class.

        Raises:
            UploadRefused: it is one too many, or the disk is full.
        """
        with self.receiving(self.target(file, name), len(content)) as upload:
            upload.write(content)

    # Uploads

    def target(self, file: str, into: str = "") -> Target:
        """Where an uploaded file goes.

        Args:
            file: its name; folders before it are of no account.
            into: the class that it is put into; "" for a zip.

        Raises:
            UploadRefused: it is neither a zip nor meant for a class, or there are too many files.
        """
        name = PurePosixPath(file.replace("\\", "/")).name
        limits = settings.get()
        if into:
            if self._files >= limits.upload_files:
                raise UploadRefused(f"There are {limits.upload_files:,} files already: no more are taken.")
            place = self.folder / _CLASSES / self.add_class(into)
            return Target(place, name, MAX_PICTURE_BYTES)
        if PurePosixPath(name).suffix.casefold() != ".zip":
            raise UploadRefused(f"{name[:80]}: expected a zip, or a picture for a class.")
        return Target(self.folder, name, limits.upload_bytes)

    @contextlib.contextmanager
    def receiving(self, target: Target, announced: int = 0) -> Iterator[Upload]:
        """Takes an upload into a file beside, which gets its name when all went well.

        Args:
            target: where it goes.
            announced: its size in bytes; 0 where it is not known.

        Raises:
            UploadRefused: it is too large.
            DatasetUnavailable: the disk is full or cannot be written.
        """
        beside = target.folder / (_PART + secrets.token_hex(8))
        upload: Upload | None = None
        try:
            with _disk_in_words():
                target.folder.mkdir(parents=True, exist_ok=True)
                with beside.open("wb") as file:
                    upload = Upload(self, target, file)
                    upload.check(announced)
                    yield upload
                self._take(beside, target, upload.size)
        finally:
            if upload is not None:
                self._count_coming(-upload.size)
            beside.unlink(missing_ok=True)

    def _take(self, beside: Path, target: Target, size: int) -> None:
        """Give a whole file its name."""
        if target.folder == self.folder:
            beside.replace(self.folder / _ZIP)
            (self.folder / _ZIP_TITLE).write_text(target.name[:120], encoding="utf-8")
            self._recount()  # it may have taken the place of another
            return
        with self._lock:
            beside.replace(target.folder / _free_name(target.folder, target.name))
            self._files += 1
            self._bytes += size
        self._changed()

    def room(self) -> int:
        """Bytes that may still be uploaded: by the limit of one user, and by what the disk has."""
        place = self.folder
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free - _SPARE_BYTES
        return max(0, min(free, settings.get().upload_bytes - self._bytes - self._coming))

    def touch(self) -> None:
        """Count as used now: a draft that is worked with must not be swept away as forgotten."""
        with contextlib.suppress(OSError):
            os.utime(self.folder)

    def _counted(self) -> tuple[int, int]:
        files = size = 0
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.name.startswith(".") and path.name != _ZIP_TITLE:
                files += 1
                size += path.stat().st_size
        return files, size

    def _recount(self) -> None:
        with self._lock:
            self._files, self._bytes = self._counted()
        self._changed()

    def _changed(self) -> None:
        self.changes += 1
        self.touch()

    def _count_coming(self, size: int) -> None:
        """Bytes of uploads under way, which have no name yet: several at once share one room."""
        with self._lock:
            self._coming += size


class Upload:
    """A file that is being received, chunk by chunk.

    Args:
        draft: the draft that it belongs to.
        target: where it goes.
        file: takes its bytes.

    Attributes:
        size: bytes received so far.
    """

    def __init__(self, draft: Draft, target: Target, file: BinaryIO) -> None:
        self.size = 0
        self._draft, self._limit, self._file = draft, target.limit, file

    def write(self, chunk: bytes) -> None:
        """Take a chunk.

        Raises:
            UploadRefused: the file has become too large.
        """
        self.check(self.size + len(chunk))
        self._file.write(chunk)
        self.size += len(chunk)
        self._draft._count_coming(len(chunk))

    def check(self, size: int) -> None:
        """Refuse a file of this size, before its bytes are taken."""
        if size > self._limit:
            raise UploadRefused(
                f"The file is larger than {self._limit / 1e6:,.0f} MB, the most that is taken."
            )
        room = self._draft.room()  # now: others upload too, and trainings write to the same disk
        if size - self.size > room:
            raise UploadRefused(
                f"There is room for {room / 1e6:,.0f} MB more. Make a data set of what is here, or "
                f"remove it, and go on then."
            )


_drafts: dict[Path, Draft] = {}
_drafts_lock = threading.Lock()


def draft(owner: str) -> Draft:
    """The draft of an owner: one object in this process, whoever asks; forgotten ones are swept away.

    Args:
        owner: 32 hexadecimal digits.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", owner):
        raise ValueError(f"Expected an owner of 32 hexadecimal digits. Received {owner[:40]!r}.")
    home = settings.get().home / "uploads"
    with _drafts_lock:
        found = _drafts.get(home / owner)
        if found is None:
            _sweep(home)
            found = _drafts[home / owner] = Draft(owner)
        return found


def _sweep(home: Path) -> None:
    """Remove drafts that nobody has touched for days, and what broken uploads left."""
    if not home.is_dir():
        return
    for folder in home.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
                _drafts.pop(folder, None)


def _checked_class(text: str) -> str:
    name = class_name(text)
    if not name:
        raise UploadRefused(f"Expected a name for the class, such as “red mugs”. Received {text[:40]!r}.")
    return name


def _free_name(place: Path, name: str) -> str:
    """A name that no file of the folder has, with letters that every file system takes."""
    pure = PurePosixPath(name)
    stem, suffix = class_name(pure.stem) or "picture", class_name(pure.suffix)
    free, number = f"{stem}.{suffix}" if suffix else stem, 2
    while (place / free).exists():
        free, number = f"{stem} {number}.{suffix}" if suffix else f"{stem} {number}", number + 1
    return free


def _born(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return (folder / _MARK).stat().st_mtime_ns
    return 0


@contextlib.contextmanager
def _disk_in_words() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise DatasetUnavailable(
            f"The upload cannot be stored in {settings.get().home}: {exc.strerror or exc}. Make room there, "
            f"or name another folder in CNNLAB_HOME."
        ) from exc
