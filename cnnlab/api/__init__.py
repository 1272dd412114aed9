"""CNN Lab for notebooks, scripts, pages and the command line: start runs, follow them, ask about them.

run = cnnlab.train(cnnlab.presets.get("digits"), "digits", cnnlab.TrainingConfig(epochs=5))
run.history              # one row an epoch
run.evaluate().accuracy
run.model()              # a keras.Model in this process
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnnlab import datasets, machine
from cnnlab import runs as record
from cnnlab.api.foretell import Forecast, RateTrial, find_learning_rate, forecast
from cnnlab.api.progress import download_bar
from cnnlab.api.run import FeatureMaps, Run
from cnnlab.engine import get_engine
from cnnlab.errors import EngineError, SpecError
from cnnlab.runs.events import ACTIVE
from cnnlab.runs.rows import NAME_LENGTH
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.design import Design
from cnnlab.spec.training import TrainingConfig

__all__ = [
    "FeatureMaps",
    "Forecast",
    "RateTrial",
    "Run",
    "again",
    "find_learning_rate",
    "finish",
    "forecast",
    "get",
    "install",
    "runs",
    "start",
    "train",
]

LOCAL_OWNER = "local"
"""Owner of what is started from Python or the command line."""


def start(design: Design, owner: str = LOCAL_OWNER, name: str | None = None) -> Run:
    """Start a training in the background and return at once.

    Args:
        design: Data set, architecture and training.
        owner: Who starts it; the queue is fair between owners.
        name: What to call it; None: after its preset or data set.

    Raises:
        SpecError: The design cannot be trained; the message says why.
        EngineError: There is not enough memory or disk space for it.
        DatasetError: There is no such data set.
        DatasetUnavailable: It must be downloaded first, which `install` does.
    """
    return _start(design, owner, name)


def again(
    run: Run, owner: str = LOCAL_OWNER, *, change: Mapping[str, Any] | None = None, name: str | None = None
) -> Run:
    """Start another run of the same design, with something changed or not.

    The seed stays: the initial weights and the order of the images are the same wherever the change leaves
    them their shape. The new run's `row.parent` is the run's id.

    Args:
        run: What to repeat.
        owner: Who starts it.
        change: New values of fields of the training, such as `{"learning_rate": 0.01}`, or of the design,
            such as `{"architecture": …}`.
        name: What to call it; None: after the run and what is changed.

    Raises:
        SpecError: There is no such field, or the changed design cannot be trained.
    """
    design = run.design.changed(change or {})
    if name is None and change:
        name = f"{run.name}, {_in_words(change)}"[:NAME_LENGTH].rstrip(" ,")
    return _start(design, owner, name, parent=run.id)


def get(run_id: str) -> Run:
    """The run of this id.

    Raises:
        RunNotFound: There is none.
    """
    return Run(record.get_store().run(run_id))


def runs(owner: str | None = LOCAL_OWNER, statuses: Sequence[str] | None = None) -> list[Run]:
    """Runs, the newest first: those of one owner (None: of all), in certain statuses or in any."""
    return [Run(row) for row in record.get_store().runs(owner, statuses)]


def train(
    architecture: Architecture,
    dataset: str,
    config: TrainingConfig | None = None,
    *,
    progress: bool = True,
    name: str | None = None,
) -> Run:
    """Train a network on a data set and wait for it.

    Ctrl-C, or a notebook's stop button, stops the training; its state is kept, and `run.resume()` goes on.

    Args:
        architecture: The stack of layers; it takes the shape and the classes of the data set.
        dataset: One of `cnnlab.datasets.names()`; it is downloaded where needed.
        config: How to train; None: the defaults.
        progress: Whether to show a progress bar.
        name: What to call the run.

    Raises:
        SpecError: The network does not fit the data, or the training cannot be meant.
        DatasetError: The data set is unknown or cannot be had.
        RunError: The training failed; the message says why.
    """
    info = datasets.info(dataset)
    design = Design(
        dataset=dataset,
        architecture=architecture.with_data(info.image_shape, len(info.class_names)),
        training=config or TrainingConfig(),
    )
    _check(design)
    install(dataset, progress=progress)
    return finish(start(design, name=name), progress=progress)


def install(dataset: str, *, progress: bool = True) -> None:
    """Bring a data set to this machine, with a progress bar where it must be downloaded."""
    with download_bar(f"Downloading {dataset}", enabled=progress) as told:
        datasets.install(dataset, told)


def finish(run: Run, *, progress: bool = True) -> Run:
    """Wait for a run; Ctrl-C stops it in order first, and goes on as KeyboardInterrupt.

    Raises:
        RunError: It failed or was interrupted.
    """
    try:
        return run.wait(progress)
    except KeyboardInterrupt:
        if run.status in ACTIVE:
            run.stop()
            run.wait_for_end()
        raise


def _start(design: Design, owner: str, name: str | None, *, parent: str | None = None) -> Run:
    _check(design)
    datasets.require(design.dataset)
    info = datasets.info(design.dataset)
    row = record.get_store().create_run(
        design, owner, name, parent=parent, data_title=info.title if info.own else None
    )
    get_engine().train(row.id)
    return Run(record.get_store().run(row.id))


def _in_words(change: Mapping[str, Any]) -> str:
    """What is changed, as it stands in a run's name: "learning rate 0.01"."""
    words = []
    for field, value in change.items():
        plain = f"{value:g}" if type(value) is float else value if isinstance(value, str | int) else "changed"
        words.append(f"{field.replace('_', ' ')} {plain}")
    return ", ".join(words)


def _check(design: Design) -> None:
    """Raise what stands in the way of a training, before there is a run of it."""
    network = design.architecture
    mismatch = datasets.info(design.dataset).mismatch(network.input_shape, network.classes)
    if mismatch is not None:
        raise SpecError(f"{mismatch} architecture.with_data(…) makes the network fit.")
    obstacle = design.obstacle()
    if obstacle is not None:
        raise SpecError(obstacle)
    lacking = machine.obstacle(design)
    if lacking is not None:
        raise EngineError(lacking)
