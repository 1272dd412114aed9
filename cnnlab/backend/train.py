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

from cnnlab import machine
from cnnlab.backend.best import Best
from cnnlab.backend.data import dataset_of
from cnnlab.backend.failures import Diverged, diverged, words
from cnnlab.backend.health import Examiner
from cnnlab.backend.orders import Halt, Orders
from cnnlab.backend.pace import Pace
from cnnlab.backend.scores import softmax
from cnnlab.backend.session import Scores, Session
from cnnlab.backend.snapshots import Camera
from cnnlab.errors import CNNLabError, EngineError, RunNotFound, RunStateError, SpecError, StorageError
from cnnlab.runs import (
    Changed,
    Checkpoint,
    Epoch,
    EventWriter,
    RunFiles,
    RunRow,
    Snapshot,
    Started,
    Steps,
    Store,
    Tested,
    get_store,
)

_LOG = logging.getLogger(__name__)

RECORD_TRIES = 6
"""Each waits as long as the store does for a locked database; the worker can do nothing more useful."""
RECORD_PAUSE_SECONDS = 1.0


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
    try:
        status, message = training.run()
    except RunNotFound:
        raise
    except Exception as exc:
        status, message = "failed", words(exc, row.design, training.step)
        if isinstance(exc, Diverged):
            training.note_divergence()
        _LOG.error("Run %s failed: %s", row.id, message, exc_info=not isinstance(exc, CNNLabError))
    training.end(status, message)


class _Training:
    """The conversation between a session, which trains, and the record, which tells and asks."""

    def __init__(self, store: Store, row: RunRow, stop_requested: Callable[[], bool]) -> None:
        self._store = store
        self._row = row
        self._files = store.files(row.id)
        self._writer = EventWriter(store, row.id)
        self._orders = Orders(store, row.id, self, stop_requested)
        self._pace = Pace()
        self._session: Session | None = None
        self._watch = _Stopwatch()
        self._best = Best()
        self._val_accuracy: float | None = None
        self._tested_step: int | None = None

    @property
    def step(self) -> int:
        """Optimizer steps made."""
        return 0 if self._session is None else self._session.step

    def run(self) -> tuple[str, str | None]:
        """Train until the end or a command. Returns the status in which to leave the run, and a message."""
        self._session = session = self._prepared()
        self._examiner, self._camera = Examiner(session), Camera(session, self._files)
        config = self._row.design.training
        try:
            while session.position.epoch < config.epochs and not self._best.ends(config.early_stopping):
                while session.batches_left:
                    self._orders.obey()
                    self._advance(session)
                self._end_epoch(session)
        except Halt as halt:
            self._keep(session)
            if halt.status == "stopped":
                self._test(session)
            return halt.status, None
        message = self._conclude(session)
        self._test(session)
        return "finished", message

    def hold(self, paused: bool) -> None:
        """It is paused from now on, or goes on."""
        self._watch.run(not paused)
        if paused and self._session is not None:
            self._keep(self._session)  # a pause may last for days, and the machine may not
        self._writer.flush()
        status = "paused" if paused else "running"
        self._patiently(lambda: self._store.set_status(self._row.id, status))

    def change(self, name: str, value: float) -> None:
        """A setting has another value from the next step on."""
        if self._session is not None:
            self._session.set(name, value)
            self._writer.append(Changed(step=self._session.step + 1, name=name, value=value))
            self._writer.flush()  # a pause may follow, and the change is waited for

    def steps_to_epoch_end(self) -> int:
        """Steps until the epoch is complete; 0 in its validation."""
        return 0 if self._session is None else self._session.batches_left

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
        lacking = machine.obstacle(design)  # others may have taken it while the run waited
        if lacking is not None:
            raise EngineError(lacking)
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
        # A change for the very next step stands in the state, but `started` takes back what was told of it.
        told = [
            Changed(step=setting.step, name=name, value=setting.value)
            for name, setting in session.settings.items()
            if setting.step > session.step
        ]
        self._patiently(lambda: self._store.append(self._row.id, [started, *told]))
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
            self._best = Best(**meta["best"]) if meta.get("best") else Best()
            self._files.forget_states_after(step)
            return True
        if damage is not None:
            raise damage
        return False

    def _advance(self, session: Session) -> None:
        """Make one call's steps and tell them."""
        begin = time.perf_counter()
        stepping = self._orders.stepping  # there is time for a look at each step
        examination = self._examiner.begin() if stepping or self._examiner.due else None
        started = time.perf_counter()
        batches = session.advance(1 if examination else self._orders.limit(self._pace.steps))
        seconds = time.perf_counter() - started
        self._orders.made(len(batches.losses))
        if not stepping:
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
        if batches.diverged:
            raise diverged("The loss", float(batches.losses[-1]), session)
        if examination is not None:
            self._writer.append(examination.finish())
        if stepping or self._camera.due:
            self._take_picture()
        if stepping:
            self._writer.flush()
        session.position.seconds += time.perf_counter() - begin

    def _take_picture(self) -> None:
        try:
            step = self._camera.take()
        except StorageError as exc:  # a full disk will end the training when it keeps its weights
            _LOG.warning("Run %s: no picture was taken: %s", self._row.id, exc)
            return
        if step is not None:
            self._writer.append(Snapshot(step=step))

    def _end_epoch(self, session: Session) -> None:
        """Validate, tell the epoch, keep weights and state."""
        scores, position, began = session.epoch_scores(), session.position, self._watch.seconds
        validation = (
            session.score(session.data.validation, self._obey_meanwhile)
            if len(session.data.validation)
            else None
        )
        if validation is not None and not math.isfinite(validation.loss):
            raise diverged("The loss on the validation images", validation.loss, session)
        self._val_accuracy = validation.accuracy if validation else None
        step, epoch = session.step, position.epoch + 1
        if validation is not None:
            self._best.took(epoch, step, validation.loss, validation.accuracy)
        self._writer.append(
            Epoch(
                epoch=epoch,
                step=step,
                loss=scores.loss,
                accuracy=scores.accuracy,
                val_loss=validation.loss if validation else None,
                val_accuracy=self._val_accuracy,
                precision=scores.precision,
                recall=scores.recall,
                val_precision=validation.precision if validation else None,
                val_recall=validation.recall if validation else None,
                seconds=position.seconds + self._watch.seconds - began,
                images_per_second=position.images / max(position.seconds, 1e-9),
            )
        )
        session.next_epoch()
        self._keep(session)

    def _keep(self, session: Session) -> None:
        """Keep weights and full state of this very step."""
        weights = session.weights()
        if not all(np.isfinite(values).all() for values in weights.values()):
            raise diverged("A weight", math.nan, session)
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
                "best": self._best.plain(),
            }
            self._files.write_state(session.step, arrays, meta)
        self._files.prune(spare=(self._best.step,))

    def _conclude(self, session: Session) -> str | None:
        """Go back to the best weights where that is wished. Returns what is to be said about the end."""
        config, best = self._row.design.training, self._best
        said = []
        if session.position.epoch < config.epochs:
            said.append(
                f"Stopped early after epoch {session.position.epoch} of {config.epochs}: the validation loss "
                f"has not fallen for {best.stale} epochs."
            )
        if config.keep_best and best.epoch:
            session.load_weights(self._files.read_weights(best.step))
            self._files.choose(Checkpoint(best.step, best.epoch))
            self._tested_step, self._val_accuracy = best.step, best.accuracy
            said.append(
                f"Kept are the weights of epoch {best.epoch}, whose validation loss of {best.loss:.3g} is "
                "the lowest."
            )
        return " ".join(said) or None

    def _test(self, session: Session) -> None:
        """Evaluate on the test images, and keep the result."""
        logits, labels = session.float32_logits(session.data.test), session.data.test.labels
        scores = Scores.of(logits, labels)
        step = self._tested_step or session.step
        self._files.write_evaluation(step, softmax(logits), labels, scores.loss)
        result = {
            "test_accuracy": scores.accuracy,
            "test_loss": scores.loss,
            "val_accuracy": self._val_accuracy,
            "epochs_done": session.epochs_done,
            "step": step,
            "seconds": self._watch.seconds,
            "parameters": session.model.count_params(),
        }
        self._patiently(lambda: self._store.set_result(self._row.id, **result))
        self._writer.append(Tested(step=step, loss=scores.loss, accuracy=scores.accuracy))

    def _obey_meanwhile(self) -> None:
        """Take commands where no step comes next."""
        self._orders.obey(between_steps=False)

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
