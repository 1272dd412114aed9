"""The files of a run: full states to go on from, weights to look at, evaluations.

Each is one npz file, written beside its place and renamed: a reader finds the whole file or none.
"""

from __future__ import annotations

import contextlib
import math
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np
from numpy.typing import NDArray

from cnnlab import settings
from cnnlab.errors import RunStateError, StorageError
from cnnlab.runs import npz
from cnnlab.runs.ids import checked_id
from cnnlab.runs.retention import WEIGHTS_KEPT, states_to_keep, steps_to_keep

LOCK_SECONDS = 10.0
"""How long `lock()` waits by default: whoever only looks whether a run is locked holds it for an instant."""

_SNAPSHOT = "live.npz"
_FILE = re.compile(r"(?P<kind>[a-z]+)-(?P<step>\d+)-(?P<epoch>[0-9.e+-]+)\.npz")


@dataclass(frozen=True, order=True)
class Checkpoint:
    """A step that is kept, and how many epochs were done there (2.5: in the middle of the third)."""

    step: int
    epoch: float


@dataclass(frozen=True)
class Evaluation:
    """What the weights of a step say about the test images, in the data set's order.

    Attributes:
        step: The step of the weights.
        probabilities: `(n, classes) float32`, 0–1, rows sum to 1.
        labels: `(n,) int64`, the true class of each image.
        loss: Mean cross-entropy.
    """

    step: int
    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]
    loss: float


@dataclass(frozen=True)
class Pictures:
    """What the first convolution looks like at a step of the training.

    Attributes:
        step: The step of the weights.
        layer: The convolution's name in the trace.
        kernels: `(height, width, channels, kernels) float32`.
        maps: `(height, width, maps) float32`: what it makes of the image, after the activation.
        image: `(height, width, channels) uint8`, 0–255: the first test image.
    """

    step: int
    layer: str
    kernels: NDArray[np.float32]
    maps: NDArray[np.float32]
    image: NDArray[np.uint8]


class RunFiles:
    """The folder of one run's files.

    Args:
        run_id: The run's id.
        home: Folder with the record; None: that of the settings.

    Raises:
        RunNotFound: the id does not have the form of one.
    """

    def __init__(self, run_id: str, home: Path | None = None) -> None:
        self.run_id = checked_id(run_id)
        runs = (settings.get().home if home is None else Path(home)) / "runs"
        self.folder = runs / self.run_id
        # Beside the folder, so that removing the folder does not take the lock away from under its holder.
        self._lock_path = runs / f"{self.run_id}.lock"

    # The lock

    def lock(self, timeout: float = LOCK_SECONDS) -> filelock.FileLock:
        """The run's lock; the worker that trains the run holds it, and its death frees it.

        Usable as a context manager; `acquire()` raises `filelock.Timeout` when another process keeps it.
        """
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        # Every call makes its own object: two of them exclude each other in one process too.
        return filelock.FileLock(self._lock_path, timeout=timeout, thread_local=False)

    def locked(self) -> bool:
        """Whether someone holds the run's lock now, in this process or another."""
        if not self._lock_path.exists():
            return False
        with self.try_lock() as free:
            return not free

    @contextlib.contextmanager
    def try_lock(self, timeout: float = 0) -> Iterator[bool]:
        """Takes the lock if it is free within `timeout` seconds, for the `with` block; gives whether."""
        lock = self.lock(timeout=timeout)
        try:
            lock.acquire()
        except filelock.Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    # Full states

    def write_state(self, step: int, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Keeps all that a training needs to go on from `step`.

        Args:
            step: Optimizer updates done.
            arrays: Variables of the model and of the optimizer; their order comes back as it is.
            meta: Plain data. Its `epoch`, the epochs done as a number, tells `prune` which states to keep.

        Raises:
            StorageError: the disk is full, or an array has no NumPy type of its own.
        """
        self._write("state", Checkpoint(step, float(meta.get("epoch", 0))), arrays, meta)

    def states(self) -> list[int]:
        """Steps of the full states, rising."""
        return [checkpoint.step for checkpoint in self._kept("state")]

    def read_state(self, step: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The arrays and the meta data of a full state.

        Raises:
            StorageError: there is none of this step, or its file is damaged.
        """
        return self._read("state", step)

    def forget_states_after(self, step: int) -> None:
        """Removes the full states of later steps: the training goes on from `step`, and repeats the others.

        What was recorded after `step` no longer counts, so a state from there must not be gone on from.
        """
        self._unlink("state", {later for later in self.states() if later > step})

    # Weights

    def write_weights(self, step: int, epoch: float, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Keeps the weights of a step to look at, by names like `conv2d/kernel`."""
        self._write("weights", Checkpoint(step, float(epoch)), weights, {})

    def checkpoints(self) -> list[Checkpoint]:
        """Steps whose weights are kept, rising."""
        return self._kept("weights")

    def read_weights(self, step: int) -> dict[str, NDArray[np.float32]]:
        """The weights of a step, by names like `conv2d/kernel`.

        Raises:
            StorageError: they are not kept, or their file is damaged.
        """
        return self._read("weights", step)[0]

    def missing_weights(self, epochs: Sequence[Checkpoint]) -> list[str]:
        """Files of weights that somebody took away: none that `prune` removes is among them.

        Args:
            epochs: The ends of all epochs; after each of them weights were kept.
        """
        kept = {checkpoint.step for checkpoint in self.checkpoints()}
        if max(len(kept), len(epochs)) >= WEIGHTS_KEPT:
            return []
        return [_name("weights", epoch) for epoch in epochs if epoch.step not in kept]

    def kept_step(self, step: int | None = None) -> int:
        """The step itself, or for None the chosen one, else the last one, whose weights are kept.

        Raises:
            RunStateError: no weights of this step are kept, or none at all.
        """
        steps = [checkpoint.step for checkpoint in self.checkpoints()]
        if not steps:
            raise RunStateError(f"Run {self.run_id} has no weights yet. Train it first.")
        if step is None:
            chosen = self._kept("chosen")
            return chosen[-1].step if chosen and chosen[-1].step in steps else steps[-1]
        if step not in steps:
            raise RunStateError(
                f"Run {self.run_id} keeps no weights of step {step}. Kept are those of {_listed(steps)}."
            )
        return step

    def choose(self, checkpoint: Checkpoint) -> None:
        """Makes the weights of an earlier step those of the run, instead of the last ones."""
        self._write("chosen", checkpoint, {}, {})

    # Evaluations

    def write_evaluation(
        self, step: int, probabilities: NDArray[Any], labels: NDArray[Any], loss: float
    ) -> None:
        """Keeps what the weights of a step say about the test images; shapes as in `Evaluation`."""
        if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
            raise ValueError(
                f"Expected probabilities of shape (n, classes) and labels of shape (n,). Received "
                f"{probabilities.shape} and {labels.shape}."
            )
        arrays: dict[str, NDArray[Any]] = {
            "probabilities": probabilities.astype(np.float32),
            "labels": labels.astype(np.int64),
            "loss": np.array(loss, dtype=np.float64),
        }
        self._write("evaluation", Checkpoint(step, 0.0), arrays, {})

    def read_evaluation(self, step: int) -> Evaluation | None:
        """The evaluation of a step; None where there is none, or none that can be read.

        It can be computed anew from the weights: a damaged file is then replaced.
        """
        try:
            arrays, _ = self._read("evaluation", step)
            return Evaluation(step, arrays["probabilities"], arrays["labels"], float(arrays["loss"]))
        except (StorageError, KeyError):
            return None

    # Pictures of the training as it goes on

    def write_snapshot(
        self,
        step: int,
        layer: str,
        *,
        kernels: NDArray[np.float32],
        maps: NDArray[np.float32],
        image: NDArray[np.uint8],
    ) -> None:
        """Keeps the newest pictures in place of those before; shapes as in `Pictures`."""
        arrays: dict[str, NDArray[Any]] = {"kernels": kernels, "maps": maps, "image": image}
        npz.write(self.folder / _SNAPSHOT, arrays, {"step": step, "layer": layer}, durable=False)

    def snapshot(self) -> Pictures | None:
        """The newest pictures, or None where none were taken.

        Raises:
            StorageError: their file is damaged.
        """
        path = self.folder / _SNAPSHOT
        if not path.is_file():
            return None
        arrays, meta = npz.read(path)
        return Pictures(meta["step"], meta["layer"], **arrays)

    # Housekeeping

    def prune(self, spare: Collection[int] = ()) -> None:
        """Removes what no one needs any more; called by the one who writes, after each checkpoint.

        Of the full states the last five and those of every tenth epoch stay, so the very last always does. Of
        the weights at most 100 steps stay, spread evenly, the first and the last among them; an evaluation
        goes with its weights.

        Args:
            spare: Steps whose weights stay in any case.
        """
        states = self._kept("state")
        keep = states_to_keep([(state.step, state.epoch) for state in states])
        self._unlink("state", {state.step for state in states} - keep)
        steps = [checkpoint.step for checkpoint in self.checkpoints()]
        gone = set(steps) - set(steps_to_keep(steps)) - set(spare)
        self._unlink("weights", gone)
        self._unlink("evaluation", gone)
        npz.remove_dead_parts(self.folder)

    def remove(self) -> None:
        """Removes all files of the run; none there is fine.

        Raises:
            StorageError: a file cannot be removed.
        """
        try:
            shutil.rmtree(self.folder)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise StorageError(f"The folder {self.folder} cannot be removed: {exc.strerror or exc}.") from exc

    def remove_lock(self) -> None:
        """Removes the lock's file; only for a run that is no longer in the record."""
        with contextlib.suppress(OSError):  # an empty file that stays behind does no harm
            self._lock_path.unlink(missing_ok=True)

    def _files(self, kind: str) -> dict[Checkpoint, Path]:
        """The files of a kind, by rising step."""
        files = {}
        for path in self.folder.glob(f"{kind}-*.npz"):
            match = _FILE.fullmatch(path.name)
            if match is not None:
                files[Checkpoint(int(match["step"]), float(match["epoch"]))] = path
        return dict(sorted(files.items()))

    def _kept(self, kind: str) -> list[Checkpoint]:
        return list(self._files(kind))

    def _write(
        self, kind: str, at: Checkpoint, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]
    ) -> None:
        if at.step < 0 or not 0 <= at.epoch < math.inf:
            raise ValueError(f"Expected a step and an epoch of 0 or more. Received {at}.")
        path = self.folder / _name(kind, at)
        npz.write(path, arrays, meta)
        for checkpoint, other in self._files(kind).items():
            if checkpoint.step == at.step and other != path:
                other.unlink(missing_ok=True)

    def _read(self, kind: str, step: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        files = self._files(kind)
        for checkpoint, path in files.items():
            if checkpoint.step == step:
                return npz.read(path)
        steps = ", ".join(str(checkpoint.step) for checkpoint in files) or "none"
        raise StorageError(f"Run {self.run_id} keeps no {kind} of step {step}. Kept steps: {steps}.")

    def _unlink(self, kind: str, steps: set[int]) -> None:
        for checkpoint, path in self._files(kind).items():
            if checkpoint.step in steps:
                path.unlink(missing_ok=True)


def _name(kind: str, at: Checkpoint) -> str:
    return f"{kind}-{at.step:08d}-{at.epoch!r}.npz"


def _listed(steps: Sequence[int], limit: int = 8) -> str:
    words = [str(step) for step in steps]
    return ", ".join(words if len(words) <= limit else [*words[: limit - 1], "…", words[-1]])
