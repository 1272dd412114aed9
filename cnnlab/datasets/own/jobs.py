"""Imports under way, one for each owner: started from a page, watched by whichever page comes next."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import cnnlab
from cnnlab.datasets.own import drafts
from cnnlab.datasets.own.pictures import Preparation

AT_ONCE = 2
"""Imports that decode at the same time; the others wait."""

_slots = threading.BoundedSemaphore(AT_ONCE)
_jobs: dict[str, Job] = {}
_lock = threading.Lock()


class Job:
    """An import of an owner's draft, done by a process of its own.

    Args:
        owner: whose draft is imported.
        title: what the data set is to be called.
        preparation: what is done to every picture.

    Attributes:
        title: as given.
        done: pictures done so far.
        total: pictures in all; 0 before that is known.
        name: the data set's name, once it is made.
        error: why there is none, in words.
    """

    def __init__(self, owner: str, title: str, preparation: Preparation) -> None:
        self.title = title
        self.done = self.total = 0
        self.name: str | None = None
        self.error: str | None = None
        self._owner = owner
        self._preparation = preparation
        self._process: subprocess.Popen[str] | None = None
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cnnlab-import", daemon=True)
        self._thread.start()

    @property
    def active(self) -> bool:
        """Whether it is still under way."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """End it; nothing of it stays but the draft."""
        self._cancelled.set()
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came in time."""
        self._thread.join(seconds)
        return not self.active

    def _run(self) -> None:
        try:
            with _slots:
                if not self._cancelled.is_set():
                    self._watch()
        except (OSError, ValueError) as exc:
            self.error = f"The import could not be started: {getattr(exc, 'strerror', None) or exc}."
        if self.name is not None:
            drafts.draft(self._owner).clear()
        elif self._cancelled.is_set():
            self.error = "The import was cancelled. The pictures are still here."
        elif self.error is None:
            self.error = (
                "The import ended without an answer, perhaps for want of memory. Try smaller pictures."
            )

    def _watch(self) -> None:
        request = {
            "owner": self._owner,
            "title": self.title,
            "preparation": self._preparation.to_plain(),
        }
        with subprocess.Popen(
            # -P: the folder in which the user works may hold a `PIL.py` of their own.
            [sys.executable, "-P", "-m", "cnnlab.datasets.own.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=_environment(),
        ) as self._process:
            if self._cancelled.is_set():  # while it started
                self._process.terminate()
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
                stdin.write(json.dumps(request) + "\n")
            for line in self._process.stdout:
                facts = json.loads(line)
                self.done, self.total = facts.get("done", self.done), facts.get("total", self.total)
                self.name, self.error = facts.get("name"), facts.get("error")


def start(owner: str, title: str, preparation: Preparation) -> Job:
    """Import an owner's draft; the import that is under way, where there is one."""
    with _lock:
        job = _jobs.get(owner)
        if job is None or not job.active:
            drafts.draft(owner).touch()
            job = _jobs[owner] = Job(owner, title, preparation)
        return job


def current(owner: str) -> Job | None:
    """The owner's import, under way or just ended, until it is forgotten."""
    return _jobs.get(owner)


def forget(owner: str) -> None:
    """Let go of an import whose end was shown."""
    with _lock:
        if owner in _jobs and not _jobs[owner].active:
            del _jobs[owner]


def _environment() -> dict[str, str]:
    """This process's, with the package where it finds it, wherever it runs."""
    package = str(Path(cnnlab.__file__).resolve().parents[1])
    paths = [package, os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path), "PYTHONUTF8": "1"}
