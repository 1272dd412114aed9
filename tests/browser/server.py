"""A running app: its own port, its own CNNLAB_HOME, its own log."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 20.0


class AppServer:
    """`streamlit run` of an app in a process group of its own.

    Args:
        home: folder for the record of runs; kept, so that a second server can go on where one was killed.
        log: file that takes what the server prints.
        script: the launcher to run.
        settings: further environment variables.
    """

    def __init__(
        self, home: Path, log: Path, *, script: Path = ROOT / "streamlit_app.py", **settings: str
    ) -> None:
        self.home = home
        self.log = log
        self.script = script
        self.settings = settings
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> Self:
        """Start the server and, unless told otherwise, wait until it answers."""
        ours = ("CNNLAB_", "STREAMLIT_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environment |= {"CNNLAB_HOME": str(self.home), "CNNLAB_DOWNLOADS": "0", **self.settings}
        command = [sys.executable, "-m", "streamlit", "run", str(self.script)]
        options = {"port": self.port, "address": "127.0.0.1", "headless": "true", "fileWatcherType": "none"}
        command += [f"--server.{name}={value}" for name, value in options.items()]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.script.parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if wait:
            self.wait_until_healthy()
        return self

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None, "start() first"
        return self._process.pid

    def wait_until_healthy(self, seconds: float = START_SECONDS) -> None:
        """Wait until the server answers its health check."""
        limit = time.monotonic() + seconds
        while not self._healthy():
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"The server ended before it answered:\n{self.output()}")
            if time.monotonic() > limit:
                raise TimeoutError(f"The server did not answer within {seconds:.0f} s:\n{self.output()}")
            time.sleep(0.02)

    def output(self) -> str:
        """What the server has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def stop(self) -> float:
        """End the server as a terminal would (SIGTERM), and return how long it took, in seconds."""
        began = time.monotonic()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        took = time.monotonic() - began
        self._end_group()
        return took

    def kill(self) -> None:
        """Kill the server (SIGKILL) and leave its workers to notice for themselves."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _end_group(self) -> None:
        """End what a killed server left of its process group; one that stopped in order leaves nothing."""
        if self._process is not None and hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


ServerFactory = Callable[..., AppServer]
"""What the fixture `new_server` gives."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
