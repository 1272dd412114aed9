"""A training's own writer: small batches, nothing lost while the database is locked or the disk is full."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cnnlab.errors import StorageError
from cnnlab.runs.events import Payload

if TYPE_CHECKING:
    from cnnlab.runs.store import Store

_LOG = logging.getLogger(__name__)

FLUSH_SECONDS = 0.2
"""A chart moves about four times a second; a flush for each chunk of steps would cost more than it shows."""
FLUSH_PAYLOADS = 64
"""A flush also happens at this many payloads, so that a batch stays small when chunks are short."""
KEPT_PAYLOADS = 20_000
"""Bound of what is kept while the database cannot be written: about an hour of a training, some 20 MB."""
PATIENCE_SECONDS = 0.5
"""How long one flush may hold up the training when another process has the database locked."""
LAST_PATIENCE_SECONDS = 30.0
"""How long the last flush waits: after it there is nobody left to try again."""
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses between tries, in seconds; the last one repeats."""


class EventWriter:
    """Appends the events of one run, for one thread.

    A payload waits in memory until its batch is written. While the database is locked or the disk is full the
    payloads are kept and tried again; when they get through, the run says in a `status` event how long the
    record stood still. A status set with `Store.set_status` overtakes what waits here: call `flush()` before.

    Use it as a context manager, or call `close()`.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        *,
        flush_seconds: float = FLUSH_SECONDS,
        flush_payloads: int = FLUSH_PAYLOADS,
        kept_payloads: int = KEPT_PAYLOADS,
        patience: float = PATIENCE_SECONDS,
        backoff: tuple[float, ...] = BACKOFF_SECONDS,
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._flush_seconds = flush_seconds
        self._flush_payloads = flush_payloads
        self._kept_payloads = kept_payloads
        self._patience = patience
        self._backoff = backoff
        self._waiting: list[Payload] = []
        self._next_flush = 0.0  # the first payload goes out at once: the chart's first point is waited for
        self._failures = 0
        self._failed_since = 0.0
        self._reason = ""

    @property
    def waiting(self) -> int:
        """Payloads that are not yet written."""
        return len(self._waiting)

    def append(self, payload: Payload) -> None:
        """Takes a payload, and writes the batch when it is due.

        Raises:
            StorageError: the database could not be written for so long that no more payloads can be kept.
            RunNotFound: the run was deleted.
        """
        self._waiting.append(payload)
        now = time.monotonic()
        due = now >= self._next_flush
        full = len(self._waiting) >= self._flush_payloads and not self._failures
        if due or full:
            self._try(self._patience)
        if len(self._waiting) > self._kept_payloads:
            raise StorageError(
                f"Run {self._run_id} cannot be recorded: {len(self._waiting)} events wait since "
                f"{time.monotonic() - self._failed_since:.0f} s. {self._reason}"
            )

    def flush(self) -> bool:
        """Tries to write all that waits, now. Returns whether nothing waits any more.

        Raises:
            RunNotFound: the run was deleted.
        """
        return self._try(self._patience)

    def close(self, patience: float = LAST_PATIENCE_SECONDS) -> None:
        """Writes all that waits; what waits stays, so that a caller may close once more.

        Args:
            patience: How long to wait for a locked database, in seconds.

        Raises:
            StorageError: it could not be written.
            RunNotFound: the run was deleted.
        """
        if not self._try(patience):
            raise StorageError(
                f"The last {len(self._waiting)} events of run {self._run_id} could not be recorded. "
                f"{self._reason}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _try(self, patience: float) -> bool:
        try:
            if self._waiting:
                self._store.append(self._run_id, self._waiting, patience=patience)
        except StorageError as exc:
            self._note_failure(exc)
            return False
        self._waiting.clear()
        self._next_flush = time.monotonic() + self._flush_seconds
        if self._failures:
            self._say_what_was()
        return True

    def _note_failure(self, exc: StorageError) -> None:
        now = time.monotonic()
        if not self._failures:
            self._failed_since = now
            _LOG.warning("Events of run %s are kept in memory: %s", self._run_id, exc)
        self._reason = str(exc)
        pause = self._backoff[min(self._failures, len(self._backoff) - 1)]
        self._failures += 1
        self._next_flush = now + pause

    def _say_what_was(self) -> None:
        seconds = time.monotonic() - self._failed_since
        message = f"The record stood still for {seconds:.1f} s and is complete again. {self._reason}"
        _LOG.warning("Run %s: %s", self._run_id, message)
        try:
            status = self._store.run(self._run_id).status
            self._store.set_status(self._run_id, status, message=message, expect=(status,))
        except StorageError as exc:  # the events are safe; the note is tried again with the next batch
            _LOG.warning("Run %s: the note about this could not be written: %s", self._run_id, exc)
            return
        self._failures = 0
