"""A file or a folder that is there whole or not at all: written beside its place, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from cnnlab.errors import StorageError


@contextlib.contextmanager
def written_beside(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a place to write to; what lies there at the end is moved to `path` in one step.

    The place is in a hidden folder beside `path`, under the same name: whoever writes by the name's ending,
    or writes a second file beside the first, finds what they expect. When the block raises, nothing stays.

    Args:
        path: Where the file or folder belongs. A file there is replaced; a folder only when it is empty.
        replace: Whether a folder with content is replaced too.

    Raises:
        StorageError: It cannot be written there; the message says why in one line.
    """
    path = Path(path).absolute()
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        if not replace and path.is_dir() and any(path.iterdir()):
            raise StorageError(f"The folder {path} is there already and is not empty. Choose another name.")
        hidden.mkdir()
        yield hidden / path.name
        if not (hidden / path.name).exists():
            return  # nothing was to be written: see `require_writable`
        beside = sorted(each for each in hidden.iterdir() if each.name != path.name)
        for written in [*beside, hidden / path.name]:  # the file itself last: who sees it sees all
            _move(written, path.with_name(written.name), replace)
    except OSError as exc:
        raise StorageError(f"{path} cannot be written: {_reason(exc)}.") from exc
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are missing.

    Raises:
        StorageError: It cannot be made; the message says why in one line.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StorageError(f"The folder {path} cannot be made: {_reason(exc)}.") from exc


def require_writable(path: Path, *, replace: bool = False) -> None:
    """Raise what `written_beside` would raise, before the work is done; leaves nothing behind."""
    with written_beside(path, replace=replace):
        pass


def total_bytes(path: Path) -> int:
    """Size of a file, or of all files below a folder, in bytes."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())


def _move(written: Path, place: Path, replace: bool) -> None:
    if written.is_dir() and place.is_file():
        raise FileExistsError(errno.EEXIST, "there is a file of this name")
    if place.is_dir():
        if not written.is_dir():
            raise IsADirectoryError(errno.EISDIR, "there is a folder of this name")
        if replace:
            shutil.rmtree(place)
        else:
            place.rmdir()  # refuses where someone has put something into it meanwhile
    os.replace(written, place)


def _reason(exc: OSError) -> str:
    if exc.errno == errno.ENOENT:
        return "there is no such folder. Make it, or choose another"
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full. Free some space, or choose another folder"
    if exc.errno == errno.ENOTDIR:
        return "what should be its folder is a file. Choose another folder"
    said = str(exc.strerror or exc).rstrip(".")
    return f"{said}. Choose another {'name' if exc.errno in (errno.EEXIST, errno.EISDIR) else 'folder'}"
