"""A data folder, small files of every layout, and a server on this machine that hands them out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from cnnlab import settings

REAL_DATA = Path(
    os.environ.get("CNNLAB_TEST_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)  # read here, because each test starts without any CNNLAB_ variable


def arrays(shape: tuple[int, ...], *, train: int = 40, test: int = 20) -> dict[str, np.ndarray]:
    """Random images in Keras's layout, every one of ten classes equally often."""
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (train, *shape), np.uint8),
        "y_train": (np.arange(train) % 10).astype(np.uint8),
        "x_test": rng.integers(0, 256, (test, *shape), np.uint8),
        "y_test": (np.arange(test) % 10).astype(np.uint8),
    }


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that CNNLAB_DATA names."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("CNNLAB_DATA", str(folder))
    settings.get.cache_clear()
    return folder


@pytest.fixture
def real_or_made(data_folder: Path) -> Callable[[str, tuple[int, ...]], Path]:
    """Puts NAME.npz into the data folder: the real one if this machine has it, else a stand-in."""

    def put(name: str, shape: tuple[int, ...]) -> Path:
        path, real = data_folder / f"{name}.npz", REAL_DATA / f"{name}.npz"
        if real.is_file():
            path.symlink_to(real.resolve())
        else:
            np.savez_compressed(path, **arrays(shape, train=2000, test=500))
        return path

    return put


class FileServer:
    """Hands out `files` under their names; `cut` breaks the connection after so many bytes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.cut: int | None = None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner._answer(self)

            def log_message(self, *args: object) -> None:
                """Nothing on standard error."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def close(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.lstrip("/")
        self.requests.append(name)
        body = self.files.get(name)
        if body is None:
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cut])
        request.close_connection = True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server on this machine, with downloads allowed and no proxy in between."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("CNNLAB_DOWNLOADS", "1")
    settings.get.cache_clear()
    server = FileServer()
    yield server
    server.close()
