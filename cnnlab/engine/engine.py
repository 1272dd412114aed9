"""Who runs what: trainings from a fair queue, short questions, both in worker processes."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from cnnlab import settings
from cnnlab.engine.courtesy import Courtesy
from cnnlab.engine.ends import Ends
from cnnlab.engine.pool import SPARE_SECONDS, Pool, State, Worker
from cnnlab.engine.process import WorkerProcess
from cnnlab.engine.queue import FairQueue
from cnnlab.engine.reception import Reception
from cnnlab.errors import CNNLabError, EngineError, RunNotFound, RunStateError, StorageError, WorkerLost
from cnnlab.runs.events import RESUMABLE
from cnnlab.runs.store import RunRow, get_store

TASKS = "cnnlab.backend"
"""Module whose `TASKS` the workers serve; `train` is the one that the queue runs."""

SAVE_GRACE_SECONDS = 8.0
"""How long a training may take to write its state when the engine closes; container hosts kill after 10 s."""

BEGINNING_SECONDS = 3.0
"""How long a training gives way to nobody: its first points are what somebody waits for."""

FIRST_POINT_SECONDS = 1.5
"""How long other trainings stand still, on few cores, when one begins; its first point is there by then."""

ATTENDING_SECONDS = 1.0
"""How long trainings give way to nobody after a command: what it does is what somebody waits for."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerStatus:
    """One worker: its process id, what it does, for how many seconds, and the run it trains."""

    pid: int | None
    state: State
    seconds: float
    run_id: str | None


@dataclass(frozen=True)
class EngineStatus:
    """The engine at one moment.

    Attributes:
        ready: Whether a worker is warm, so that a training or a question starts at once.
        workers: All workers.
        training: Ids of the runs that have a worker.
        queue: Ids of the runs that wait, in the order in which they will go.
        failure: Why no worker can be started, in words; None when nothing is wrong.
    """

    ready: bool
    workers: tuple[WorkerStatus, ...]
    training: tuple[str, ...]
    queue: tuple[str, ...]
    failure: str | None


class Engine:
    """Runs trainings and answers questions in worker processes. All methods may be called from any thread.

    Nothing is started before the first `warm`, `train` or `ask`. The record is the truth about a run; the
    queue only holds the order of those that are queued there.

    Args:
        tasks: Module whose `TASKS` the workers serve.
        folders: Put in front of the workers' module path.
        spare_seconds: How long after a training took the spare worker the next one is started, in seconds.
    """

    def __init__(
        self, tasks: str = TASKS, folders: tuple[str, ...] = (), spare_seconds: float = SPARE_SECONDS
    ) -> None:
        chosen = settings.get()
        self._changed = threading.Condition()
        self._reception = Reception()
        self._places = 1 if chosen.small else chosen.trainings
        self._start_seconds = chosen.worker_start_seconds
        self._question_seconds = chosen.question_seconds
        self._queue = FairQueue()
        self._training: dict[str, Worker] = {}
        self._tried: set[str] = set()
        self._ends = Ends()
        self._threads: set[threading.Thread] = set()
        self._closed = False
        self._pool = Pool(
            lambda: WorkerProcess(self._reception, tasks, folders),
            self._changed,
            small=chosen.small,
            start_seconds=chosen.worker_start_seconds,
            spare_seconds=spare_seconds,
            on_change=self._dispatch,
        )
        self._courtesy = Courtesy(self._patient_trainings)
        # Interpreter exit must not wait for training threads: they are daemons, and this ends the processes.
        atexit.register(self.close)

    # What users of the engine call

    def warm(self) -> None:
        """From now on keep one worker warm that does not train, in the background. Returns at once.

        A server wants this. A script that trains once does not: a second process would import TensorFlow
        beside its training.
        """
        self._check_open()
        self._pool.keep_spare()

    def train(self, run_id: str) -> None:
        """Put a run into the queue: a new one, or one to resume from its last full state. Returns at once.

        A run that waits or trains already stays as it is: a double click starts it once.

        Raises:
            RunNotFound: there is no such run.
            RunStateError: the run is finished, or it diverged and would do so again.
        """
        self._check_open()
        store = get_store()
        row = store.run(run_id)
        self._ends.forget(run_id)  # what becomes of it from now on counts
        if row.status in ("running", "paused"):
            store.reap()  # its worker may be gone; where it is not, it goes on
            row = store.run(run_id)
        if row.status == "finished":
            raise RunStateError(
                f"Run {run_id} ({row.name!r}) is finished. Start it again as a new run to repeat it."
            )
        if row.status in RESUMABLE and row.diverged:
            raise RunStateError(
                f"Run {run_id} ({row.name!r}) diverged at step {row.result['diverged_at']:,} and would do so "
                f"again. Start a new run with a smaller learning rate, or a warm-up."
            )
        if row.status == "queued":
            self._enqueue(row)
        elif row.resumable and store.set_status(run_id, "queued", expect=RESUMABLE):
            self._enqueue(row, anew=True)

    def ask(self, task: str, /, timeout: float | None = None, **arguments: Any) -> Any:
        """Have a worker that does not train do one short task, and return its result.

        A worker that dies or does not answer in time is replaced, and the next one is asked once more.

        Args:
            task: Name of the task.
            timeout: How long the task may take, in seconds; None: the setting `question_seconds`, which is
                meant for short work.
            **arguments: The task's arguments, plain data.

        Raises:
            EngineError: no worker can be had, both were lost, or the task failed.
            CNNLabError: the error that the task raised.
        """
        self._check_open()
        limit = self._question_seconds if timeout is None else timeout
        try:
            return self._ask_once(task, arguments, limit)
        except WorkerLost as exc:
            if self._closed or self._pool.failure is not None:
                raise
            _log.warning("%s It is asked once more.", exc)
        return self._ask_once(task, arguments, limit)

    def give_way(self) -> None:
        """Somebody waits for a page: trainings stand still for a moment. Returns at once."""
        self._courtesy.give_way()

    def attend(self) -> None:
        """A training was sent a command: whoever stands still goes on and takes it. Returns at once."""
        self._courtesy.end(ATTENDING_SECONDS)

    def position(self, run_id: str) -> int | None:
        """How many runs, training ones too, must end before this one starts; None if it does not wait."""
        with self._changed:
            place = self._queue.position(run_id)
            if place is None:
                return None
            return max(0, place + len(self._training) - self._places + 1)

    def unrecorded_end(self, run_id: str) -> tuple[str, str] | None:
        """Status and message of a training that ended here while the record could not be written."""
        return self._ends.unrecorded(run_id)

    def cancel(self, run_id: str) -> bool:
        """Take a run out of the queue and mark it as stopped. False when it does not wait any more."""
        with self._changed:
            self._queue.remove(run_id)
        return get_store().set_status(
            run_id, "stopped", message="Stopped before it had started.", expect=("queued",)
        )

    def adopt(self) -> list[str]:
        """Take over from a dead server: its trainings become interrupted, its queued runs wait here.

        Returns:
            Ids of the queued runs that were taken over.
        """
        self._check_open()
        store = get_store()
        store.reap()
        left = list(reversed(store.runs(statuses=("queued",))))  # the oldest first
        return [row.id for row in left if self._enqueue(row)]

    def status(self) -> EngineStatus:
        """What the engine does at this moment."""
        with self._changed:
            runs = {id(worker): run_id for run_id, worker in self._training.items()}
            workers = tuple(
                WorkerStatus(
                    worker.process.pid, worker.state, time.monotonic() - worker.since, runs.get(id(worker))
                )
                for worker in self._pool.workers
            )
            return EngineStatus(
                ready=any(worker.state == "idle" for worker in workers),
                workers=workers,
                training=tuple(self._training),
                queue=tuple(self._queue.order()),
                failure=self._pool.failure,
            )

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def busy(self) -> bool:
        """Whether a run trains or waits here."""
        with self._changed:
            return bool(self._training) or len(self._queue) > 0

    def close(self) -> None:
        """End all workers; a training writes its state first, and can be resumed."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        self._courtesy.end()  # what stands still does not hear that it is to leave
        self._pool.close(SAVE_GRACE_SECONDS)
        self._ends.close()
        for thread in tuple(self._threads):
            thread.join(SAVE_GRACE_SECONDS)
        self._reception.close()

    # Inside

    def _patient_trainings(self) -> list[WorkerProcess]:
        """Processes of the trainings that have begun a while ago."""
        with self._changed:
            if self._closed:
                return []
            begun = time.monotonic() - BEGINNING_SECONDS
            return [worker.process for worker in self._training.values() if worker.since < begun]

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("The engine is closed. Use cnnlab.engine.get_engine() to get an open one.")

    def _enqueue(self, row: RunRow, *, anew: bool = False) -> bool:
        """Put a queued run into the queue; `anew`: also while its last training is being put away here."""
        with self._changed:
            if (row.id in self._training and not anew) or not self._queue.push(row.id, row.owner):
                return False
            self._pool.forgive()
            self._dispatch()
            self._changed.notify_all()
            return True

    def _ask_once(self, task: str, arguments: dict[str, Any], limit: float) -> Any:
        worker = self._pool.take_for_question(self._start_seconds + limit)
        try:
            result = worker.process.call(task, arguments, limit)
        except WorkerLost:
            self._pool.discard(worker)
            raise
        except CNNLabError:
            self._pool.give_back(worker)
            raise
        except BaseException:  # Ctrl-C while waiting: the answer would be taken for that to the next question
            self._pool.discard(worker)
            raise
        self._pool.give_back(worker)
        return result

    def _dispatch(self) -> None:
        """Start as many trainings as there are places and warm workers; called when one of them changed."""
        with self._changed:
            if self._pool.failure is not None:
                self._give_up(self._pool.failure)
            while len(self._queue) and len(self._training) < self._places and not self._closed:
                if self._queue.order()[0] in self._training:
                    return  # just stopped and resumed: the thread of its last training calls again
                worker = self._pool.take_for_training()
                if worker is None:
                    return
                run_id = self._queue.pop()
                self._training[run_id] = worker
                self._start_thread(self._train, run_id, worker)

    def _give_up(self, why: str) -> None:
        """No worker can be started: the runs that wait for one fail, and say why."""
        waiting = [self._queue.pop() for _ in range(len(self._queue))]
        if waiting:
            self._start_thread(self._fail_all, waiting, why)

    def _start_thread(self, target: Any, *arguments: Any) -> None:
        def work() -> None:
            try:
                target(*arguments)
            finally:
                with self._changed:
                    self._threads.discard(thread)

        thread = threading.Thread(target=work, name="cnnlab-training", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _train(self, run_id: str, worker: Worker) -> None:
        """One training from its worker's start to its end, in a thread of its own."""
        owner, why = "", None
        try:
            row = get_store().run(run_id)
            owner = row.owner
            if row.status == "queued":  # else it was stopped, or another process has it
                self._courtesy.give_way(FIRST_POINT_SECONDS)
                worker.process.call("train", {"run_id": run_id}, None)
        except RunNotFound:
            pass  # deleted while it waited
        except Exception as exc:  # whatever it is, the run must not stay behind as running
            why = str(exc) or type(exc).__name__
        lost = not worker.process.alive
        if lost:
            self._pool.discard(worker)
        again = why is not None and self._settle(run_id, why, lost=lost)
        with self._changed:
            del self._training[run_id]
            if again:
                self._queue.push(run_id, owner)
            if not lost:
                self._pool.give_back(worker)
            self._dispatch()
            self._changed.notify_all()

    def _settle(self, run_id: str, why: str, *, lost: bool) -> bool:
        """Write into the record how a training ended that could not do so itself.

        Returns:
            Whether the run is to be tried once more: its worker was lost before it had begun.
        """
        try:
            status = get_store().run(run_id).status
        except RunNotFound:
            _log.warning("Run %s was deleted. It had ended with: %s", run_id, why)
            return False
        except StorageError:  # it has most likely begun; what follows is tried again until it can be written
            status = "running"
        if lost and status == "queued":
            if self._closed:
                return False  # it stays queued, for the next server to adopt
            if run_id not in self._tried:
                self._tried.add(run_id)
                return True
        self._tried.discard(run_id)
        if lost and status != "queued":
            why = f"The training was cut off. {why} Resume goes on from the last state on the disk."
            self._ends.record(run_id, "interrupted", why)
        else:
            self._ends.record(run_id, "failed", why)
        return False

    def _fail_all(self, run_ids: list[str], why: str) -> None:
        for run_id in run_ids:
            self._settle(run_id, why, lost=False)
