"""One npz file with named arrays and plain data: written whole or not at all, damage noticed when read."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import secrets
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import StorageError

PART_SECONDS = 3600.0
"""Age from which a temporary file is a dead writer's, in seconds."""

_ARRAYS = "arrays/"  # keeps an array's name apart from `meta`, and from the names of savez's own arguments
_META = "meta"
_NATIVE_KINDS = "biufc"
"""Kinds of NumPy's own number types; an npz holds any other only as raw bytes or as a pickle."""


def write(
    path: Path, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any], *, durable: bool = True
) -> None:
    """Writes the file beside its place, then puts it there in one move.

    Args:
        path: Where it belongs; its folder is made when it is missing.
        arrays: Arrays of NumPy's own number types by name; their order comes back as it is.
        meta: Plain data.
        durable: Whether it must survive a power cut; what is soon renewed need not wait for the disk.

    Raises:
        StorageError: the disk is full or cannot be written, or an array has no NumPy type of its own.
    """
    for name, value in arrays.items():
        if value.dtype.kind not in _NATIVE_KINDS:
            raise StorageError(
                f"{path.name} cannot be written: the array {name!r} has the type {value.dtype}, expected one "
                f"of NumPy's own number types. Convert it, for instance to float32."
            )
    # The names are told apart from the zip's directory: damage there can hide a whole member from a reader.
    contents = json.dumps({"arrays": list(arrays), "meta": dict(meta)})
    members: dict[str, Any] = {_META: np.frombuffer(contents.encode(), dtype=np.uint8)}
    members.update({_ARRAYS + name: value for name, value in arrays.items()})
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            np.savez(file, **members)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(part, path)
        if durable:
            _sync_folder(path.parent)
    except OSError as exc:
        raise StorageError(_words(exc, path)) from exc
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and the plain data of a file.

    Raises:
        StorageError: the file is missing, damaged or cannot be read; the message names it.
    """
    try:
        return _unpacked(path)
    except FileNotFoundError as exc:
        raise StorageError(f"The file {_name(path)} is not there any more.") from exc
    except MemoryError:  # says something about this machine, not about the file
        raise
    except Exception as exc:  # zipfile answers damage with a dozen kinds of error, all mean the same here
        # A damaged directory may point in front of the file's beginning, which the system calls invalid.
        if isinstance(exc, OSError) and exc.errno != errno.EINVAL:
            raise StorageError(_words(exc, path)) from exc
        raise StorageError(
            f"The file {_name(path)} is damaged ({type(exc).__name__}: {exc}). What was kept of other steps "
            "can still be used."
        ) from exc


def remove_dead_parts(folder: Path) -> None:
    """Removes temporary files that a killed process left; younger ones may be a living process's."""
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > PART_SECONDS:
                part.unlink(missing_ok=True)


def _unpacked(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            # Read whole first: that compares the checksum, so no damaged header is ever believed.
            data = io.BytesIO(archive.read(member))
            arrays[member.removesuffix(".npy")] = np.lib.format.read_array(data, allow_pickle=False)
    contents = json.loads(arrays.pop(_META).tobytes())
    return {name: arrays[_ARRAYS + name] for name in contents["arrays"]}, contents["meta"]


def _sync_folder(folder: Path) -> None:
    """Makes the renaming itself survive a power cut, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(
            OSError
        ):  # some network folders cannot; the file is in its place all the same
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(path: Path) -> str:
    """A file by its folder and name: where a server keeps its record is not for its visitors to read."""
    return f"{path.parent.name}/{path.name}"


def _words(exc: OSError, path: Path) -> str:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The file {path} cannot be written: the disk is full. Free some space and try again."
    return f"The file {path} cannot be used: {exc.strerror or exc}."
