"""What a run's numbers say, in words: found once for all who watch the run."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnlab.runs.history import History

FRESH_SECONDS = 1.0
"""Words that are no older than this are given again: a hundred viewers ask within the same second."""
KEPT_RUNS = 32
"""Histories that are kept, those asked for last: only what is new is then read from the record."""

FORECAST = "forecast_seconds"
"""Name in a run's result of the seconds an epoch that were foretold before its start."""


class Interpreter:
    """The words on each run, and the history that they come from.

    Args:
        fresh: For how many seconds words are given again without another look at the record.
    """

    def __init__(self, fresh: float = FRESH_SECONDS) -> None:
        self._fresh = fresh
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def words(self, run_id: str) -> list[dict[str, Any]]:
        """The findings on a run as plain data, the most important first; see `analysis.progress.Finding`.

        Raises:
            RunNotFound: There is no such run.
            StorageError: The record cannot be read.
        """
        known = self._of(run_id)
        with known.lock:
            if time.monotonic() - known.read >= self._fresh:
                known.look(run_id)
            return known.words

    def history(self, run_id: str) -> History:
        """The run's history, as of the last look.

        Raises:
            RunNotFound: There is no such run.
            StorageError: The record cannot be read.
        """
        known = self._of(run_id)
        with known.lock:
            known.look(run_id)
            return known.history

    def _of(self, run_id: str) -> _Known:
        with self._lock:
            known = self._known.get(run_id) or _Known()
            self._known[run_id] = known
            self._known.move_to_end(run_id)
            while len(self._known) > KEPT_RUNS:
                self._known.popitem(last=False)
            return known


class _Known:
    """What is known of one run."""

    def __init__(self) -> None:
        from cnnlab.runs.history import History  # with NumPy, which the first page does without

        self.lock = threading.Lock()
        self.history = History()
        self.words: list[dict[str, Any]] = []
        self.read = float("-inf")

    def look(self, run_id: str) -> None:
        """Reads what is new in the record."""
        from cnnlab.analysis.progress import findings
        from cnnlab.runs.store import get_store

        store = get_store()
        row = store.run(run_id)
        for event in store.events(run_id, after=self.history.seq):
            self.history.add(event)
        classes = row.design.architecture.classes
        found = findings(self.history, classes, forecast=row.result.get(FORECAST))
        self.words = [dataclasses.asdict(finding) for finding in found]
        self.read = time.monotonic()


_shared = Interpreter()


def shared_interpreter() -> Interpreter:
    """The interpreter of this server process."""
    return _shared
