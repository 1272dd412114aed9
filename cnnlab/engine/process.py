"""One worker process, seen from its parent: start it, ask it, end it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import TimeoutError as NoConnection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cnnlab
from cnnlab import errors, settings
from cnnlab.engine.reception import Reception
from cnnlab.errors import CNNLabError, TaskFailed, WorkerLost

PACKAGE_FOLDER = Path(cnnlab.__file__).resolve().parent.parent

KEPT_LOGS = 20
"""Log files of earlier workers that stay; each is a few lines, unless something went wrong."""

LEAVE_SECONDS = 2.0
"""How long a process may take from its last word to its end before it is killed."""

LOG_TAIL_BYTES = 8_000
"""How much of the end of a log is read for a process's last words."""

_GREETING = re.compile(
    r"[IW]\d{4} |WARNING: All log messages before absl|To enable the following instructions"
)
"""What TensorFlow says at every start, whatever the log level; it explains no death."""

_OF_A_TRACEBACK = re.compile(r"Traceback \(|\s|The above exception was |During handling of the above ")
"""Its headings and all that is indented below them."""

_WATCH_SECONDS = 0.1
"""How often a start looks whether its process is still alive, in seconds."""


class WorkerProcess:
    """A `python -m cnnlab.worker` and the connection to it.

    `start`, `wait`, `leave` and `kill` may be called from any thread; one thread at a time has a `call` under
    way.

    Args:
        reception: Where the process is to connect to.
        tasks: Module whose `TASKS` the process serves.
        folders: Put in front of the process's module path, after the folder of `cnnlab`.
    """

    def __init__(self, reception: Reception, tasks: str, folders: tuple[str, ...] = ()) -> None:
        self._reception = reception
        self._tasks = tasks
        self._folders = folders
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._in_use = threading.Lock()
        self._log: Path | None = None
        self._log_start = 0
        self._killed = False

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Process id, or None before the start."""
        return self._process.pid if self._process else None

    # Start and end

    def start(self, limit: float) -> None:
        """Start the process and wait until it has imported its tasks.

        Args:
            limit: How long that may take, in seconds.

        Raises:
            WorkerLost: it did not get ready; the message says what it wrote last.
        """
        end = time.monotonic() + limit
        token = secrets.token_hex(16)
        connected = self._reception.expect(token)
        try:
            self._spawn(token)
            while self._connection is None:
                with contextlib.suppress(NoConnection):
                    self._connection = connected.result(_WATCH_SECONDS)
                if self._connection is None and (self._ended() or time.monotonic() > end):
                    raise EOFError
            if not self._connection.poll(max(0.0, end - time.monotonic())):
                raise EOFError
            answer = self._connection.recv()
        except (EOFError, OSError) as exc:
            slow = f"it was not ready within {limit:g} s and was ended"
            raise WorkerLost(f"A worker process did not start: {self._last_words(slow)}") from exc
        finally:
            self._reception.forget(token)
        if answer[0] != "ready":
            raise WorkerLost(f"A worker process could not import its tasks: {answer[2]}")

    def hold(self) -> bool:
        """Have the process stand still until `go_on`. False where it has ended, or the system cannot do that.

        Should this process die before, the system has the worker go on (see `cnnlab.worker`).
        """
        return hasattr(signal, "SIGSTOP") and self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have a process that stands still go on."""
        if hasattr(signal, "SIGCONT"):
            self._signal(signal.SIGCONT)

    def leave(self) -> None:
        """Ask the process to end: at once when it is idle, after writing its state when it trains."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.send(None)

    def kill(self) -> None:
        """End the process now; one that is only about to start, then."""
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the process's end; its exit status, or None when it lives on after `timeout` seconds."""
        if self._process is None:
            return 0
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Let go of the connection of a process that has ended, once nobody waits for its answer."""
        with self._in_use:
            if self._connection is not None:
                self._connection.close()

    # Tasks

    def call(self, task: str, arguments: dict[str, Any], timeout: float | None) -> Any:
        """Have the process do one task and return its result.

        Args:
            task: Name of the task.
            arguments: Its keyword arguments, plain data.
            timeout: How long it may take, in seconds; None: as long as it takes.

        Raises:
            WorkerLost: the process died, or took longer and was killed.
            TaskFailed: the task raised an error.
            CNNLabError: the task raised one; it is raised again here, in its own class.
        """
        connection = self._connection
        if connection is None:
            raise WorkerLost("The worker process has not started.")
        with self._in_use:
            self._log_start = self._log_bytes()  # what earlier tasks wrote is not about this one
            try:
                connection.send((task, arguments))
                answer = connection.recv() if connection.poll(timeout) else None
            except (EOFError, OSError) as exc:
                silent = "its process closed the connection and was ended"
                raise WorkerLost(f"During the task {task!r} {self._last_words(silent)}") from exc
            except Exception as exc:
                raise TaskFailed(f"The answer to the task {task!r} cannot be read: {exc}") from exc
        if answer is None:
            self.kill()
            raise WorkerLost(f"The task {task!r} did not answer within {timeout:g} s; its worker was ended.")
        if answer[0] == "done":
            return answer[1]
        raise _error(task, *answer[1:])

    # Inside

    def _signal(self, number: int) -> bool:
        """Send a signal; false where the process has ended."""
        if self._process is None or self._process.poll() is not None:
            return False
        self._process.send_signal(number)
        return True

    def _spawn(self, token: str) -> None:
        start = {
            "address": self._reception.address,
            "authkey": self._reception.authkey.hex(),
            "token": token,
            "tasks": self._tasks,
        }
        group: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        with _open_log() as log:
            self._log = Path(log.name) if log.name != os.devnull else None
            self._process = subprocess.Popen(
                # -P: the folder in which the user works may hold a `keras.py` of their own.
                [sys.executable, "-P", "-m", "cnnlab.worker"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                **group,
            )
        stdin = self._process.stdin
        assert stdin is not None  # it is a pipe
        with contextlib.suppress(OSError), stdin:
            stdin.write(json.dumps(start).encode() + b"\n")

    def _environment(self) -> dict[str, str]:
        chosen = settings.get()
        path = [str(PACKAGE_FOLDER), *self._folders, os.environ.get("PYTHONPATH", "")]
        environment = {
            "TF_CPP_MIN_LOG_LEVEL": "2",  # errors only: its greetings would hide them
            "KERAS_BACKEND": "tensorflow",
            **os.environ,
            "PYTHONPATH": os.pathsep.join(entry for entry in path if entry),
            "CNNLAB_HOME": str(chosen.home.resolve()),
        }
        if chosen.data is not None:
            environment["CNNLAB_DATA"] = str(chosen.data.resolve())
        return environment

    def _ended(self) -> bool:
        return self._killed or (self._process is not None and self._process.poll() is not None)

    def _last_words(self, otherwise: str) -> str:
        """How the process ended (`otherwise`, when it must be killed now), and what it wrote last."""
        status = self.wait(LEAVE_SECONDS if self._connection else 0)
        if status is None:
            self.kill()
            self.wait()
            how = otherwise
        elif status < 0:
            how = f"its process was killed by {_signal_name(-status)}{_signal_reason(-status)}"
        else:
            how = f"its process ended with status {status}"
        tail = self.log_tail()
        return f"{how}. It wrote last: {tail}" if tail else f"{how}."

    def log_tail(self, characters: int = 400) -> str:
        """The last two lines that the process wrote in its last task, or in its start, as one.

        Of a traceback only its last line: the others are for the log.
        """
        if self._log is None:
            return ""
        try:
            with self._log.open("rb") as file:
                file.seek(max(self._log_start, self._log_bytes() - LOG_TAIL_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        told = [line for line in lines if line and not (_GREETING.match(line) or _OF_A_TRACEBACK.match(line))]
        words = " ".join(" ".join(told[-2:]).split())
        return words if len(words) <= characters else "…" + words[1 - characters :]

    def _log_bytes(self) -> int:
        try:
            return self._log.stat().st_size if self._log is not None else 0
        except OSError:
            return 0


def _open_log() -> Any:
    """A new file in the home's `logs`, of which the newest stay; without a writable disk, nowhere."""
    folder = settings.get().home / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.glob("worker-*.log"))[: -KEPT_LOGS + 1]:
            old.unlink(missing_ok=True)
        return (folder / f"worker-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}.log").open("wb")
    except OSError:
        return open(os.devnull, "wb")


def _error(task: str, name: str, message: str) -> CNNLabError:
    """The error that a worker told, in its own class where it is one of ours."""
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, CNNLabError):
        return kind(message)
    return TaskFailed(f"The task {task!r} failed: {message}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _signal_reason(number: int) -> str:
    killed = getattr(signal, "SIGKILL", None)
    return ", as a system does that runs out of memory" if number == killed else ""
