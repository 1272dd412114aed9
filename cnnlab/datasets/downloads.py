"""Downloads with checksums, by Pooch: to a temporary name, then renamed, so that a file that is there is whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""

TIMEOUT_SECONDS = 30
"""How long a server may stay silent."""


@dataclass(frozen=True)
class RemoteFile:
    """A file to download.

    Attributes:
        url: where it lies; its last part is the file's name.
        checksum: "md5:…" or "sha256:…".
        size: in bytes, for the progress.
    """

    url: str
    checksum: str
    size: int

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]


class DownloadFailed(Exception):
    """A file could not be downloaded; the message says which and why."""


def fetch(files: Sequence[RemoteFile], folder: Path, progress: Progress | None = None) -> list[Path]:
    """Download what the folder does not already hold with the right checksum.

    Args:
        files: what is needed.
        folder: where the files go.
        progress: told the bytes of all files together.

    Returns:
        The paths, in the order of `files`.

    Raises:
        DownloadFailed: a server cannot be reached, or sends something else.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)  # its notes on each download would go to standard error
    report = _Report(progress, sum(file.size for file in files))
    paths = []
    for file in files:
        downloader = pooch.HTTPDownloader(progressbar=report, timeout=TIMEOUT_SECONDS)
        try:
            path = pooch.retrieve(file.url, file.checksum, file.name, folder, downloader=downloader)
        except (requests.RequestException, OSError) as exc:
            raise DownloadFailed(
                f"{file.name} could not be downloaded from {file.url} ({_short(exc)})"
            ) from exc
        except ValueError as exc:  # what Pooch raises for a wrong checksum
            raise DownloadFailed(
                f"{file.name} came from {file.url} with another checksum than {file.checksum}"
            ) from exc
        report.whole(file.size)
        paths.append(Path(path))
    return paths


class _Report:
    """What Pooch takes for a progress bar (`total`, `reset`, `update`, `close`), over several files."""

    def __init__(self, progress: Progress | None, size: int) -> None:
        self.total = 0  # Pooch sets it to each file's length
        self._progress, self._size = progress, size
        self._before = self._now = 0

    def reset(self) -> None:
        """Pooch resets its bar before it fills it a last time, to show it whole; there is nothing to do."""

    def update(self, count: int) -> None:
        """So many more bytes are there."""
        self._now += count
        self._tell()

    def close(self) -> None:
        """The file is there."""

    def whole(self, size: int) -> None:
        """A file is there whole, downloaded or found."""
        self._before += size
        self._now = 0
        self._tell()

    def _tell(self) -> None:
        if self._progress:
            self._progress(min(self._before + self._now, self._size), self._size)


def _short(exc: Exception) -> str:
    return type(exc).__name__ if not isinstance(exc, OSError) or exc.strerror is None else exc.strerror
