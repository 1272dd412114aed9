"""The task "train": one run from its record to its end, told event by event."""

from __future__ import annotations

import gc
import logging
import math
import time
from collections.abc import Callable

import filelock
import keras
import numpy as np
import tensorflow as tf

from cnnlab.backend.data import dataset_of
from cnnlab.backend.pace import Pace
from cnnlab.backend.scores import softmax
from cnnlab.backend.session import Scores, Session
from cnnlab.errors import CNNLabError, RunError, RunNotFound, RunStateError, SpecError, StorageError
from cnnlab.runs import (
    Command,
    Epoch,
    EventWriter,
    RunFiles,
    RunRow,
    Started,
    Steps,
    Store,
    Tested,
    get_store,
)
from cnnlab.spec.design import Design

_LOG = logging.getLogger(__name__)

POLL_SECONDS = 0.05
"""How often a paused training looks for commands, in seconds."""
RECORD_TRIES = 6
"""Each waits as long as the store does for a locked database; the worker can do nothing more useful."""
RECORD_PAUSE_SECONDS = 1.0


class _Diverged(RunError):
    """A number became NaN or infinite; from the last state on it would do so again."""


class _Halt(Exception):
    """The training is to end here, with this status."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


def train(run_id: str, *, stop_requested: Callable[[], bool]) -> None:
    """Train a queued run to its end, from its newest readable full state if it has any.

    All there is to say about the training goes into the record, failures too. The run's file lock is held
    from before the run is marked running until after it has ended: who finds it free knows that nobody trains
    the run.

    Args:
        run_id: the run; one that is no longer queued is left alone.
        stop_requested: true when the process that asked has gone: the state is kept, the run is interrupted.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: another process is training it.
        StorageError: the record cannot be written, so that it could not be said there.
    """
    store = get_store()
    lock = _locked(store.files(run_id))
    try:
        if store.set_status(run_id, "running", expect=("queued",)):
            _conduct(store, store.run(run_id), stop_requested)
    finally:
        lock.release()
        keras.utils.clear_session()  # a worker serves many tasks: nothing of this one stays behind
        gc.collect()


def _locked(files: RunFiles) -> filelock.FileLock:
    try:
        lock = files.lock()
        lock.acquire()
    except filelock.Timeout as exc:
        raise RunStateError(f"Run {files.run_id} is already being trained by another process.") from exc
    except OSError as exc:
        raise StorageError(f"The lock of run {files.run_id} cannot be taken: {exc.strerror or exc}.") from exc
    return lock


def _conduct(store: Store, row: RunRow, stop_requested: Callable[[], bool]) -> None:
    """Train, and say how it ended."""
    training = _Training(store, row, stop_requested)
    message = None
    try:
        status = training.run()
    except RunNotFound:
        raise
    except Exception as exc:
        status, message = "failed", _words(exc, row.design, training.step)
        if isinstance(exc, _Diverged):
            training.note_divergence()
        _LOG.error("Run %s failed: %s", row.id, message, exc_info=not isinstance(exc, CNNLabError))
    training.end(status, message)


def _words(exc: Exception, design: Design, step: int) -> str:
    """Why a training failed and what to do, for whoever started it."""
    if isinstance(exc, CNNLabError):
        return str(exc)
    if isinstance(exc, MemoryError | tf.errors.ResourceExhaustedError):
        return (
            f"Out of memory after step {step}: a step of {design.training.batch_size} images needs about "
            f"{design.training_bytes() / 2**20:,.0f} MB. Use a smaller batch or a smaller network."
        )
    first_line = next(iter(str(exc).splitlines()), "no message")
    return (
        f"The training ended after step {step} by an unexpected error: {type(exc).__name__}: "
        f"{first_line:.300} Resume goes on from the last full state."
    )


class _Training:
    """The conversation between a session, which trains, and the record, which tells and asks."""

    def __init__(self, store: Store, row: RunRow, stop_requested: Callable[[], bool]) -> None:
        self._store = store
        self._row = row
        self._files = store.files(row.id)
        self._writer = EventWriter(store, row.id)
        self._stop_requested = stop_requested
        self._pace = Pace()
        self._session: Session | None = None
        self._watch = _Stopwatch()
        self._paused = False
        self._val_accuracy: float | None = None

    @property
    def step(self) -> int:
        """Optimizer steps made."""
        return 0 if self._session is None else self._session.step

    def run(self) -> str:
        """Train until the end or a command. Returns the status in which the run is to be left."""
        self._session = session = self._prepared()
        try:
            while session.position.epoch < self._row.design.training.epochs:
                while session.batches_left:
                    self._obey()
                    self._advance(session)
                self._end_epoch(session)
        except _Halt as halt:
            self._keep(session)
            if halt.status == "stopped":
                self._test(session)
            return halt.status
        self._test(session)
        return "finished"

    def end(self, status: str, message: str | None) -> None:
        """Write what is left to write, then the status: the moment at which others look.

        Raises:
            StorageError: the record cannot be written.
        """
        try:
            self._writer.close()
        except StorageError as exc:
            status, message = "failed", message or str(exc)
        self._patiently(lambda: self._store.set_status(self._row.id, status, message=message))

    def note_divergence(self) -> None:
        """Record the step at which a number was no longer finite: the run is not to be resumed."""
        self._patiently(lambda: self._store.set_result(self._row.id, diverged_at=self.step))

    def _prepared(self) -> Session:
        design = self._row.design
        obstacle = design.obstacle()
        if obstacle is not None:
            raise SpecError(obstacle)
        session = Session(design, dataset_of(design))
        if not self._restored(session):
            self._files.write_weights(0, 0.0, session.weights())
        started = Started(
            step=session.step,
            total_steps=session.total_steps,
            steps_per_epoch=session.steps_per_epoch,
            epochs=design.training.epochs,
            batch_size=design.training.batch_size,
            train_images=len(session.data.train),
        )
        self._patiently(lambda: self._store.append(self._row.id, [started]))
        return session

    def _restored(self, session: Session) -> bool:
        """Bring the session to the newest full state that can be read. False where none was ever kept.

        Raises:
            StorageError: there are some, and none of them can be read.
        """
        damage: StorageError | None = None
        for step in reversed(self._files.states()):
            try:
                arrays, meta = self._files.read_state(step)
                session.restore(arrays, meta["position"])
            except StorageError as exc:
                _LOG.warning("Run %s does not go on from step %d: %s", self._row.id, step, exc)
                damage = damage or exc
                continue
            self._watch, self._val_accuracy = _Stopwatch(meta["seconds"]), meta["val_accuracy"]
            self._files.forget_states_after(step)
            return True
        if damage is not None:
            raise damage
        return False

    def _advance(self, session: Session) -> None:
        """Make one call's steps and tell them."""
        begin = time.perf_counter()
        batches = session.advance(self._pace.steps)
        seconds = time.perf_counter() - begin
        self._pace.took(len(batches.losses), seconds)
        self._writer.append(
            Steps(
                first_step=batches.first_step,
                loss=batches.losses,
                accuracy=batches.accuracies,
                learning_rate=batches.learning_rate,
                images_per_second=batches.images / seconds,
            )
        )
        session.position.seconds += time.perf_counter() - begin
        if batches.diverged:
            raise _diverged("The loss", float(batches.losses[-1]), session)

    def _end_epoch(self, session: Session) -> None:
        """Validate, tell the epoch, keep weights and state."""
        scores, position = session.epoch_scores(), session.position
        validation = (
            session.score(session.data.validation, self._obey) if len(session.data.validation) else None
        )
        if validation is not None and not math.isfinite(validation.loss):
            raise _diverged("The loss on the validation images", validation.loss, session)
        self._val_accuracy = validation.accuracy if validation else None
        step, epoch = session.step, position.epoch + 1
        self._writer.append(
            Epoch(
                epoch=epoch,
                step=step,
                loss=scores.loss,
                accuracy=scores.accuracy,
                val_loss=validation.loss if validation else None,
                val_accuracy=self._val_accuracy,
                seconds=position.seconds,
                images_per_second=position.images / max(position.seconds, 1e-9),
            )
        )
        session.next_epoch()
        self._keep(session)

    def _keep(self, session: Session) -> None:
        """Keep weights and full state of this very step."""
        weights = session.weights()
        if not all(np.isfinite(values).all() for values in weights.values()):
            raise _diverged("A weight", math.nan, session)
        self._files.write_weights(session.step, session.epochs_done, weights)
        # A state must not be ahead of the events: a resumed run would never tell those that are missing.
        # While the record is locked, the last state before that stays the one to go on from.
        if self._writer.flush():
            arrays, position = session.state()
            meta = {
                "epoch": session.epochs_done,
                "position": position,
                "seconds": self._watch.seconds,
                "val_accuracy": self._val_accuracy,
            }
            self._files.write_state(session.step, arrays, meta)
        self._files.prune()

    def _test(self, session: Session) -> None:
        """Evaluate on the test images, and keep the result."""
        logits, labels = session.logits(session.data.test), session.data.test.labels
        scores = Scores.of(logits, labels)
        self._files.write_evaluation(session.step, softmax(logits), labels, scores.loss)
        result = {
            "test_accuracy": scores.accuracy,
            "test_loss": scores.loss,
            "val_accuracy": self._val_accuracy,
            "epochs_done": session.epochs_done,
            "step": session.step,
            "seconds": self._watch.seconds,
            "parameters": session.model.count_params(),
        }
        self._patiently(lambda: self._store.set_result(self._row.id, **result))
        self._writer.append(Tested(step=session.step, loss=scores.loss, accuracy=scores.accuracy))

    def _obey(self) -> None:
        """Take commands; return when the training may go on.

        Raises:
            _Halt: it is to end here.
        """
        while True:
            if self._stop_requested():
                raise _Halt("interrupted")
            wanted = self._paused
            for command in self._commands():
                if command.kind == "stop":
                    raise _Halt("stopped")
                wanted = command.kind == "pause"
            if wanted != self._paused:
                self._set_paused(wanted)
            if not self._paused:
                return
            time.sleep(POLL_SECONDS)

    def _commands(self) -> list[Command]:
        try:
            return self._store.take_commands(self._row.id)
        except StorageError as exc:  # they stay in the record; a locked one must not end the training
            _LOG.warning("Run %s: commands cannot be read now: %s", self._row.id, exc)
            return []

    def _set_paused(self, paused: bool) -> None:
        self._paused = paused
        self._watch.run(not paused)
        if paused and self._session is not None:
            self._keep(self._session)  # a pause may last for days, and the machine may not
        self._writer.flush()
        status = "paused" if paused else "running"
        self._patiently(lambda: self._store.set_status(self._row.id, status))

    def _patiently(self, write: Callable[[], object]) -> None:
        """Write what must not be lost, also where the record is locked for a while."""
        for attempt in range(1, RECORD_TRIES + 1):
            try:
                write()
                return
            except StorageError as exc:
                if attempt == RECORD_TRIES:
                    raise
                _LOG.warning("Run %s waits for the record: %s", self._row.id, exc)
                time.sleep(RECORD_PAUSE_SECONDS)


class _Stopwatch:
    """Seconds of work; it runs from the start, and stands still in a pause."""

    def __init__(self, before: float = 0.0) -> None:
        self._before = before
        self._since: float | None = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds that it has run, with those before it."""
        return self._before + (0.0 if self._since is None else time.monotonic() - self._since)

    def run(self, running: bool) -> None:
        """Let it run, or stand still."""
        self._before = self.seconds
        self._since = time.monotonic() if running else None


def _diverged(what: str, value: float, session: Session) -> _Diverged:
    """A number that is no longer finite at the session's last step; what can be done is always the same."""
    name = "NaN" if math.isnan(value) else "infinite"
    step = session.step
    epoch = (step - 1) // session.steps_per_epoch + 1
    return _Diverged(
        f"{what} became {name} at step {step} (epoch {epoch}). Use a smaller learning rate than "
        f"{session.design.training.learning_rate:g}, or a warm-up. The last good weights are kept."
    )
