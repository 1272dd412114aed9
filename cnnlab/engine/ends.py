"""Ends of trainings that could not record them: written by the engine, at once or as soon as that can be."""

from __future__ import annotations

import logging
import threading

import filelock

from cnnlab.errors import RunNotFound, StorageError
from cnnlab.runs.events import ACTIVE
from cnnlab.runs.store import get_store

LOCK_SECONDS = 2.0
"""How long to wait for the lock of a run whose worker is gone: others hold it for an instant to look."""

RECORD_AGAIN_SECONDS = 2.0
"""Between two tries to write a run's end into a record that could not be written: a full disk, say."""

_log = logging.getLogger(__name__)


class Ends:
    """Writes runs' ends, and keeps those that the record does not take. All methods from any thread."""

    def __init__(self) -> None:
        self._unrecorded: dict[str, tuple[str, str]] = {}
        self._closed = threading.Event()

    def record(self, run_id: str, status: str, message: str) -> None:
        """Write how a run ended; where the record cannot be written, keep it and try again in a thread."""
        try:
            _write(run_id, status, message)
        except StorageError as exc:
            _log.error("The end of run %s could not be recorded: %s It was: %s", run_id, exc, message)
            self._unrecorded[run_id] = status, message
            threading.Thread(target=self._try_again, args=(run_id,), name="cnnlab-end", daemon=True).start()

    def unrecorded(self, run_id: str) -> tuple[str, str] | None:
        """Status and message of a run's end that the record has not taken yet."""
        return self._unrecorded.get(run_id)

    def forget(self, run_id: str) -> None:
        """The run is started anew: its last end does not count any more."""
        self._unrecorded.pop(run_id, None)

    def close(self) -> None:
        """Try no longer: whoever opens the record next finds these runs interrupted."""
        self._closed.set()

    def _try_again(self, run_id: str) -> None:
        while not self._closed.wait(RECORD_AGAIN_SECONDS) and (end := self._unrecorded.get(run_id)):
            try:
                _write(run_id, *end)
            except StorageError:
                continue
            self._unrecorded.pop(run_id, None)


def _write(run_id: str, status: str, message: str) -> None:
    """Write a run's end, unless it is over already, was deleted, or another process trains it.

    Raises:
        StorageError: the record cannot be written.
    """
    store = get_store()
    expect = ("running", "paused") if status == "interrupted" else ACTIVE
    try:
        with store.files(run_id).lock(timeout=LOCK_SECONDS):
            store.set_status(run_id, status, message=message, expect=expect)
    except filelock.Timeout:
        _log.warning("Run %s is trained by another process, which records its end.", run_id)
    except RunNotFound:
        _log.warning("Run %s was deleted. It had ended with: %s", run_id, message)
