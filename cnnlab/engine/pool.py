"""The worker processes: one warm one to spare where that is wanted, dead ones replaced.

A worker is in one of these states:

    starting ──► idle ──► asked ──► idle            a short question
                   └────► training ──► idle         one training, or several in a row
    any ──► gone

With `keep_spare` at least one worker is always not training, so that a click on Train, or a question, finds
TensorFlow imported (that takes 7 to 8 s). In the small profile there is one worker in all, whatever it does.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from cnnlab.engine.process import LEAVE_SECONDS, WorkerProcess
from cnnlab.errors import EngineError, WorkerLost

State = Literal["starting", "idle", "asked", "training"]

SPARE_SECONDS = 5.0
"""How long a training has the processor to itself before the next spare worker starts: importing TensorFlow
takes a core for several seconds, and a short training is over by then. A question does not wait for this."""

TRIES = 3
"""Workers in a row that may fail to start, or die unasked, before the pool waits for the next demand."""


@dataclass(eq=False)
class Worker:
    """A process in the pool, what it does, and since when (`time.monotonic()`)."""

    process: WorkerProcess
    state: State = "starting"
    since: float = field(default_factory=time.monotonic)
    trained: bool = False
    keeper: threading.Thread | None = None

    def turn(self, state: State) -> None:
        """Note what the worker does from now on."""
        self.state, self.since = state, time.monotonic()


class Pool:
    """Keeps workers ready and hands them out.

    Args:
        make: Makes a worker process that is not started yet.
        changed: The condition under whose lock everything here happens; notified at every change.
        small: Whether there is to be one worker in all.
        start_seconds: How long a worker may take to get ready, in seconds.
        spare_seconds: How long after a training took the spare worker the next one is started, in seconds.
        on_change: Called under the lock when a worker became free or was lost, or the pool gave up.
    """

    def __init__(
        self,
        make: Callable[[], WorkerProcess],
        changed: threading.Condition,
        *,
        small: bool,
        start_seconds: float,
        spare_seconds: float,
        on_change: Callable[[], None],
    ) -> None:
        self.small = small
        self.failure: str | None = None
        self._make = make
        self._changed = changed
        self._start_seconds = start_seconds
        self._spare_seconds = spare_seconds
        self._later: threading.Timer | None = None
        self._on_change = on_change
        self._workers: list[Worker] = []
        self._asking: deque[object] = deque()
        self._bad_ends = 0
        self._spare = False
        self._closed = False

    @property
    def workers(self) -> tuple[Worker, ...]:
        """All workers, the longest-standing first."""
        return tuple(self._workers)

    def keep_spare(self) -> None:
        """Have one worker at all times that does not train, from now on."""
        with self._changed:
            self._spare = True
            self.forgive()
            self._fill()

    def forgive(self) -> None:
        """Someone wants a worker: try to start one again, also after the pool had given up."""
        with self._changed:
            if self.failure is not None:
                self.failure, self._bad_ends = None, 0

    def take_for_training(self) -> Worker | None:
        """A warm worker, or None: `on_change` tells when there is one."""
        with self._changed:
            worker = self._idle()
            if worker is None:
                self._fill(wanted=True)
                return None
            worker.turn("training")
            worker.trained = True
            self._fill_later()
            return worker

    def take_for_question(self, limit: float) -> Worker:
        """A warm worker that does not train; those who ask get one in the order in which they came.

        Args:
            limit: How long to wait for one, in seconds.

        Raises:
            EngineError: there is none to be had, and why.
        """
        end = time.monotonic() + limit
        ticket = object()
        with self._changed:
            self.forgive()
            self._asking.append(ticket)
            self._fill()
            try:
                while True:
                    self._refuse(end, limit)
                    worker = self._idle() if self._asking[0] is ticket else None
                    if worker is not None:
                        worker.turn("asked")
                        return worker
                    self._changed.wait(end - time.monotonic())
            finally:
                self._asking.remove(ticket)
                self._changed.notify_all()

    def give_back(self, worker: Worker) -> None:
        """The worker has done its task and is free again."""
        with self._changed:
            self._bad_ends = 0
            if not worker.process.alive:
                self._remove(worker)  # it died after its answer, when nobody listened
            elif worker in self._workers:
                worker.turn("idle")
                self._freed()

    def discard(self, worker: Worker) -> None:
        """The worker is lost: end its process for good and start another where one is missing."""
        worker.process.kill()
        worker.process.wait()
        with self._changed:
            self._remove(worker)

    def close(self, grace: float) -> None:
        """End all processes: the idle ones at once, those that write their state within `grace` seconds."""
        with self._changed:
            self._closed = True
            if self._later is not None:
                self._later.cancel()
            workers = self.workers
            self._changed.notify_all()
        end = time.monotonic() + grace
        for worker in workers:
            worker.process.leave()
        for worker in workers:
            limit = end - time.monotonic() if worker.state == "training" else LEAVE_SECONDS
            if worker.state == "starting" or worker.process.wait(max(limit, 0)) is None:
                worker.process.kill()
            worker.process.wait()
            if worker.keeper is not None:
                worker.keeper.join(LEAVE_SECONDS)

    # Inside: everything below runs under the lock, but for _keep

    def _refuse(self, end: float, limit: float) -> None:
        """Raise when waiting for a worker has become pointless."""
        if self._closed:
            raise EngineError("The engine is closed.")
        if self.failure is not None:
            raise WorkerLost(self.failure)
        if self.small and any(worker.state == "training" for worker in self._workers):
            raise EngineError(
                "This machine has memory for one worker, and that is training now. Try again when the "
                "training has ended, or stop it."
            )
        if time.monotonic() > end:
            raise EngineError(f"All workers were busy for {limit:g} s. Try again in a moment.")

    def _idle(self) -> Worker | None:
        """The free worker to use next: one that has trained before, so that the spare stays fresh."""
        idle = [worker for worker in self._workers if worker.state == "idle"]
        return min(idle, key=lambda worker: not worker.trained, default=None)

    def _fill(self, *, wanted: bool = False) -> None:
        """Start a worker where one is wanted and none is left that does not train (small: none at all)."""
        if not (wanted or self._spare or self._asking):
            return
        present = [worker for worker in self._workers if self.small or worker.state != "training"]
        if present or self._closed or self.failure is not None:
            return
        worker = Worker(self._make())
        self._workers.append(worker)
        worker.keeper = threading.Thread(target=self._keep, args=(worker,), name="cnnlab-worker", daemon=True)
        worker.keeper.start()

    def _fill_later(self) -> None:
        """Start the next spare worker in a while, if it is still missing then."""

        def fill() -> None:
            with self._changed:
                self._fill()

        if self._later is not None:
            self._later.cancel()
        if self._asking:
            self._fill()
        elif self._spare and not self.small:
            self._later = threading.Timer(self._spare_seconds, fill)
            self._later.daemon = True
            self._later.start()

    def _freed(self) -> None:
        """A worker became idle: first the queue may take it, then whoever asks, and a surplus one leaves."""
        self._on_change()
        idle = [worker for worker in self._workers if worker.state == "idle"]
        if len(idle) > 1 and not self._asking:
            # The one that has trained leaves: it may be niced for good, and its memory has grown.
            leaver = max(idle, key=lambda worker: worker.trained)
            self._workers.remove(leaver)
            leaver.process.leave()
        self._changed.notify_all()

    def _remove(self, worker: Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
            self._fill()
            self._on_change()  # the queue may have waited for this very worker
            self._changed.notify_all()

    def _failed(self, worker: Worker, why: str) -> None:
        """A worker ended that had no task. After several in a row, stop and say why."""
        if worker not in self._workers:
            return
        self._workers.remove(worker)
        self._bad_ends += 1
        if self._bad_ends >= TRIES:
            self.failure = why
        self._fill()
        self._on_change()
        self._changed.notify_all()

    def _keep(self, worker: Worker) -> None:
        """The life of one process, in a thread of its own."""
        process = worker.process
        try:
            process.start(self._start_seconds)
        except Exception as exc:  # whatever it is, those who wait must hear of it
            process.kill()
            process.wait()
            process.close()
            with self._changed:
                self._failed(worker, str(exc))
            return
        with self._changed:
            if self._closed:
                process.leave()
            else:
                worker.turn("idle")
                self._freed()
        process.wait()
        with self._changed:
            if worker.state == "idle":
                self._failed(
                    worker, f"Worker processes end by themselves. The last one wrote: {process.log_tail()}"
                )
            # A worker with a task is discarded by whoever waits for its answer.
        process.close()
