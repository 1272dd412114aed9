"""Downloads with checksums, by Pooch: to a temporary name, then renamed, so that a file found is whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""

TIMEOUT_SECONDS = 30
"""How long a server may stay silent."""

CHUNK_BYTES = 256 * 1024
"""Between two calls of the progress: a page must not be redrawn 160,000 times for CIFAR-10."""


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
    """A file is neither here nor to be downloaded; the message says which and why."""


def fetch(
    files: Sequence[RemoteFile], folder: Path, *, here: Path | None = None, progress: Progress | None = None
) -> list[Path]:
    """Download what is needed, with its checksum.

    Args:
        files: what is needed.
        folder: where downloads go; what lies there whole is not downloaded again.
        here: a folder that holds all files already, whose checksums are then all that is left to look at.
        progress: told the bytes of all files together.

    Returns:
        The paths, in the order of `files`.

    Raises:
        DownloadFailed: a server cannot be reached, or a file has another checksum.
    """
    report = _Report(progress, sum(file.size for file in files))
    paths = []
    for file in files:
        report.begin(file.size)
        paths.append(_checked(file, here / file.name) if here else _download(file, folder, report))
        report.end()
    return paths


def _checked(file: RemoteFile, path: Path) -> Path:
    import pooch

    algorithm, _, digest = file.checksum.partition(":")
    if pooch.file_hash(str(path), alg=algorithm) != digest:
        raise DownloadFailed(f"{path} has another checksum than {file.checksum}")
    return path


def _download(file: RemoteFile, folder: Path, report: _Report) -> Path:
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)  # its notes on each download would go to standard error
    downloader = pooch.HTTPDownloader(progressbar=report, chunk_size=CHUNK_BYTES, timeout=TIMEOUT_SECONDS)
    try:
        return Path(pooch.retrieve(file.url, file.checksum, file.name, folder, downloader=downloader))
    except requests.HTTPError as exc:
        if exc.response is not None:
            exc.response.close()  # Pooch leaves the connection open
        raise DownloadFailed(f"{file.name} could not be downloaded: {exc}") from exc
    except requests.exceptions.ChunkedEncodingError as exc:
        raise DownloadFailed(f"{file.name}: the connection to {file.url} broke off") from exc
    except requests.RequestException as exc:
        raise DownloadFailed(
            f"{file.name} could not be downloaded: {file.url} cannot be reached ({type(exc).__name__})"
        ) from exc
    except OSError as exc:
        raise DownloadFailed(f"{file.name} could not be written to {folder}: {exc.strerror or exc}") from exc
    except ValueError as exc:  # what Pooch raises for a wrong checksum
        raise DownloadFailed(
            f"{file.name} from {file.url} has another checksum than {file.checksum}"
        ) from exc


class _Report:
    """What Pooch takes for a progress bar (`total`, `update`, `reset`, `close`), over several files."""

    def __init__(self, progress: Progress | None, size: int) -> None:
        self.total = 0  # set by Pooch to the length that the server states
        self._progress, self._size = progress, size
        self._before = self._file = self._now = 0

    def begin(self, size: int) -> None:
        """A file of this size comes next."""
        self._file, self._now = size, 0

    def end(self) -> None:
        """The file is there, downloaded or found."""
        self._before += self._file
        self.begin(0)
        self._tell()

    def update(self, count: int) -> None:
        """So many more bytes are there; the last chunk is counted whole, though it is shorter."""
        self._now = min(self._now + count, self._file)
        self._tell()

    def reset(self) -> None:
        """Pooch starts its bar again, only to fill it in one step."""
        self._now = 0

    def close(self) -> None:
        """Pooch has finished with the file."""

    def _tell(self) -> None:
        if self._progress:
            self._progress(self._before + self._now, self._size)
