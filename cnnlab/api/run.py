"""A run as a handle: what it is, what happened in it, what can be done to it, what its network says."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab import datasets
from cnnlab import runs as record
from cnnlab.api.foretell import evaluation_seconds
from cnnlab.api.progress import Watch, training_bar
from cnnlab.engine import get_engine, running_engine
from cnnlab.errors import RunError, RunStateError
from cnnlab.runs.events import ACTIVE
from cnnlab.runs.history import History
from cnnlab.runs.rows import NAME_LENGTH
from cnnlab.spec.design import Design

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    ImageOf = int | NDArray[np.uint8]
    """Place among the run's test images, or pixels of the network's input shape, uint8, 0–255."""

    from cnnlab.analysis.metrics import Evaluation
    from cnnlab.runs import Checkpoint, RunFiles, RunRow
    from cnnlab.spec.formats import ExportReport

STALE_SECONDS = 0.05
"""After this a row is read again: drawing a table reads one ten times at once, a loop sees every change."""

WATCH_SECONDS = 0.1
"""How often `Run.wait` looks into the record."""

REAP_SECONDS = 2.0
"""How often `Run.wait` looks whether the run's worker is still there."""

STOP_SECONDS = 30.0
"""How long a training may take to stop: it looks for commands between chunks of steps, then evaluates."""


@dataclass(frozen=True)
class FeatureMaps:
    """What a layer makes of an image.

    Attributes:
        maps: `(height, width, channels) float32`, or `(n,) float32` behind a Flatten; after the activation.
        probabilities: `(classes,) float32`, 0–1, the network's answer.
        image: `(height, width, channels) uint8`, 0–255.
        label: Index of the image's true class; None for pixels that were given.
    """

    maps: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    image: NDArray[np.uint8]
    label: int | None


class Run:
    """A run of the record, by its id: what it is, what happened in it, and what can be done to it.

    Nothing is kept here but the id; every answer is the record's of that moment.

    Args:
        row: The run's row, as just read.
    """

    def __init__(self, row: RunRow) -> None:
        self._row = row
        self._read = time.monotonic()

    def __repr__(self) -> str:
        row = self._row
        return f"<Run {row.id} {row.name!r}, {row.status}>"

    # What it is

    @property
    def id(self) -> str:
        """Ten hexadecimal digits."""
        return self._row.id

    @property
    def row(self) -> RunRow:
        """All that the record has in one row: owner, times, message, result."""
        if time.monotonic() - self._read > STALE_SECONDS:
            self._refresh()
        return self._row

    @property
    def name(self) -> str:
        """What users call it."""
        return self.row.name

    @property
    def status(self) -> str:
        """One of queued, running, paused, finished, stopped, failed, interrupted."""
        return self.row.status

    @property
    def resumable(self) -> bool:
        """Whether `resume` goes on: it ended early, and would not diverge at the same step once more."""
        return self.row.resumable

    @property
    def design(self) -> Design:
        """What is trained, and how."""
        return self._row.design  # never changes

    # What happened

    @property
    def history(self) -> list[dict[str, Any]]:
        """One row an epoch: epoch, loss, accuracy, val_loss, val_accuracy, seconds, …; for a data frame."""
        return [dict(row) for row in self.curve().epochs]

    def curve(self) -> History:
        """Loss and accuracy of every step and epoch, as arrays."""
        return History.fold(record.get_store().events(self.id))

    def checkpoints(self) -> list[Checkpoint]:
        """Steps whose weights are kept, in order."""
        return self._files().checkpoints()

    def states(self) -> list[int]:
        """Steps from which `rewind` can go on: those whose full state is kept, in order."""
        return self._files().states()

    def weights(self, step: int | None = None) -> dict[str, NDArray[np.float32]]:
        """The weights of a step (None: the last kept) by "layer/weight", such as "conv2d/kernel"."""
        return self._files().read_weights(self._files().kept_step(step))

    def evaluate(self, step: int | None = None) -> Evaluation:
        """The answers of a step's weights (None: the last kept) to the test images.

        Raises:
            RunStateError: No such weights are kept.
            EngineError: They could not be evaluated.
        """
        from cnnlab.analysis.metrics import Evaluation

        step = self._files().kept_step(step)
        kept = self._files().read_evaluation(step)
        if kept is None:
            limit = evaluation_seconds(self.design)
            kept = get_engine().ask("evaluate", timeout=limit, run_id=self.id, step=step)
        names = datasets.info(self.design.dataset).class_names
        return Evaluation(kept.probabilities, kept.labels, names, kept.loss)

    def feature_maps(self, image: ImageOf, layer: str, *, step: int | None = None) -> FeatureMaps:
        """What a layer makes of an image.

        Args:
            image: Place among the run's test images, as in an `Evaluation`; or pixels of the network's input
                shape, uint8, 0–255.
            layer: The layer's name in the trace; the output row gives the logits.
            step: Of the weights; None: the last kept.

        Raises:
            RunError: There is no such image, layer or step.
            EngineError: No worker could answer.
        """
        answer = get_engine().ask(
            "feature_maps",
            run_id=self.id,
            step=self._files().kept_step(step),
            image=image,
            layer_name=layer,
        )
        return FeatureMaps(**answer)

    def model(self, step: int | None = None) -> keras.Model:
        """A Keras model in this process with the weights of a step (None: the last kept).

        It takes pixels divided by 255 and gives logits. Imports TensorFlow.
        """
        step = self._files().kept_step(step)
        from cnnlab.backend import load  # takes seconds, which a refusal must not

        return load.model(self.id, step)

    def export(self, format: str, path: str | Path, step: int | None = None) -> ExportReport:
        """Write the network, the curves or the design in another form; checked, and whole or not at all.

        Networks take pixels from 0 to 255 and give probabilities: the division by 255 and the softmax are
        inside. Their README lies beside them.

        Args:
            format: keras, savedmodel, litert (or tflite), litert-int8, onnx, serve, source, notebook,
                tensorboard or csv.
            path: File or folder to write. A folder that is there takes a file under the run's name.
            step: Of the weights; None: the last kept.

        Raises:
            RunError: There is no such format, or no such step.
            ExportError: A package is missing; the message says how to install it.
            StorageError: It cannot be written there.
            EngineError: No worker could do it.
        """
        from cnnlab.api.exports import export

        return export(self.id, format, path, step)

    # What can be done

    def position(self) -> int | None:
        """How many runs of this process must end before this one starts; None when it does not wait here."""
        return get_engine().position(self.id)

    def stop(self) -> None:
        """End the training after the current steps; its state is kept, and it can be resumed.

        Raises:
            RunStateError: It has ended already.
        """
        if not get_engine().cancel(self.id):
            self._command("stop")
        self._refresh()

    def pause(self) -> None:
        """Hold the training after the current steps, until `resume`.

        Raises:
            RunStateError: It does not train.
        """
        self._hold("pause")

    def step(self) -> None:
        """Make one step, then be paused. Pauses a training that goes on, after the next steps.

        Raises:
            RunStateError: It does not train.
        """
        self._hold("step")

    def epoch(self) -> None:
        """Train to the end of the epoch, then be paused.

        Raises:
            RunStateError: It does not train.
        """
        self._hold("epoch")

    def set(self, name: str, value: float) -> None:
        """Change a setting in the course of the training: from one of the next steps on, within 0.25 s.

        Args:
            name: "learning_rate" (the rate that the schedule starts from), "dropout" (the rate of all dropout
                layers) or "augmentation" (its strength; 1 is as declared, 0 is off).
            value: The new value, within `cnnlab.spec.training.CHANGEABLE`.

        Raises:
            RunError: There is no such setting, the value is out of bounds, or the network has nothing to set.
            RunStateError: It does not train.
        """
        obstacle = self.design.why_not_changeable(name, value)
        if obstacle is not None:
            raise RunError(obstacle)
        self._command("set", {"name": name, "value": float(value)})

    def rewind(self, step: int, name: str | None = None) -> Run:
        """Go on from an earlier epoch's kept state, as a new run that knows what happened up to there.

        Args:
            step: One of `states()`.
            name: What to call the new run; None: after this one and the epoch.

        Raises:
            RunStateError: No full state of this step is kept.
        """
        from cnnlab.runs.branch import branch

        datasets.require(self.design.dataset)
        store = record.get_store()
        row = branch(store, self.id, step, self.row.owner, name or self._from_epoch(step))
        get_engine().train(row.id)
        return Run(store.run(row.id))

    def _from_epoch(self, step: int) -> str | None:
        """This run's name and the epoch that another goes on from; None for an unknown step."""
        epochs = (checkpoint.epoch for checkpoint in self.checkpoints() if checkpoint.step == step)
        epoch = next(epochs, None)
        if epoch is None:
            return None
        behind = f", from epoch {epoch:.4g}"
        return f"{self.name[: NAME_LENGTH - len(behind)].rstrip(' ,')}{behind}"

    def resume(self) -> None:
        """Go on: after a pause at once, after a stop, a failure or an interruption through the queue.

        Raises:
            RunStateError: It is finished, or it diverged and would do so again.
            DatasetUnavailable: Its data set is no longer on this machine.
        """
        store = record.get_store()
        if self.status == "paused":
            store.reap()  # a worker that died in the pause takes no command
        if store.run(self.id).status == "paused":
            self._command("resume")
        else:
            if self.resumable:
                datasets.require(self.design.dataset)
            get_engine().train(self.id)
        self._refresh()

    def rename(self, name: str) -> None:
        """Give it another name.

        Raises:
            RunError: The name is empty or too long.
        """
        record.get_store().rename(self.id, name)
        self._refresh()

    def delete(self) -> None:
        """Remove the run, its events and its files; one that trains is stopped first.

        Raises:
            RunStateError: It did not stop in time.
        """
        if self.status in ACTIVE:
            with contextlib.suppress(RunStateError):  # it may end by itself at this very moment
                self.stop()
            self.wait_for_end()
        record.get_store().delete(self.id)

    def wait(self, progress: bool | Watch = False) -> Run:
        """Wait until the run has ended, wherever it trains.

        Args:
            progress: Whether to show a progress bar; or a function to call with the growing `History`.

        Raises:
            RunError: It failed or was interrupted; the message says why.
        """
        if callable(progress):
            self._follow(progress)
        else:
            with training_bar(enabled=progress) as watch:
                self._follow(watch)
        row = self._refresh()
        if row.status in ("failed", "interrupted"):
            raise RunError(row.message or f"Run {row.id} was {row.status}.")
        return self

    def wait_for_end(self, limit: float = STOP_SECONDS) -> None:
        """Wait until the run has ended, however.

        Raises:
            RunStateError: It has not within `limit` seconds.
        """
        tick, end = threading.Event(), time.monotonic() + limit
        while self._refresh().status in ACTIVE:
            record.get_store().reap()
            if time.monotonic() > end:
                raise RunStateError(
                    f"Run {self.id} ({self.name!r}) did not stop within {limit:g} s. Try again."
                )
            tick.wait(WATCH_SECONDS)

    # Inside

    def _refresh(self) -> RunRow:
        self._row = record.get_store().run(self._row.id)
        self._read = time.monotonic()
        return self._row

    def _files(self) -> RunFiles:
        return record.get_store().files(self.id)

    def _hold(self, kind: str) -> None:
        if self.status == "queued":
            raise RunStateError(f"Run {self.id} waits in the queue and cannot be paused. Stop it instead.")
        self._command(kind)

    def _command(self, kind: str, value: dict[str, Any] | None = None) -> None:
        record.get_store().reap()  # a run whose worker is gone takes no commands: it can be resumed
        if not record.get_store().send_command(self.id, kind, value):
            row = self._refresh()
            raise RunStateError(f"Run {row.id} ({row.name!r}) is {row.status}: there is nothing to {kind}.")
        engine = running_engine()
        if engine is not None:
            engine.attend()

    def _follow(self, watch: Watch) -> None:
        """Call `watch` with the growing history until the run has ended."""
        store, history = record.get_store(), History()
        tick, reaped = threading.Event(), time.monotonic()
        while True:
            ended = store.run(self.id).status not in ACTIVE  # read before the events: then they are complete
            for event in store.events(self.id, after=history.seq):
                history.add(event)
            watch(history)
            if ended:
                return
            if time.monotonic() - reaped > REAP_SECONDS:
                store.reap()
                reaped = time.monotonic()
            tick.wait(WATCH_SECONDS)
