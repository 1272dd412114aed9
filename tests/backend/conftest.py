"""A small training on digits, in a record of its own, and runs that have ended."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnlab import settings
from cnnlab.backend.data import dataset_of
from cnnlab.backend.pace import Pace
from cnnlab.backend.session import Session
from cnnlab.backend.train import train
from cnnlab.datasets import Dataset
from cnnlab.runs import EventWriter, RunFiles, RunRow, Store, close_store, get_store
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from cnnlab.spec.training import TrainingConfig

TrainRun = Callable[..., RunRow]


DESIGN = Design(
    dataset="digits",
    architecture=Architecture(
        input_shape=(8, 8, 1),
        classes=10,
        layers=(Conv2D(filters=4), MaxPooling2D(), Flatten(), Dropout(rate=0.3), Dense(units=16)),
    ),
    training=TrainingConfig(epochs=3, batch_size=64, learning_rate=3e-3, schedule="cosine", seed=5),
)


@pytest.fixture
def design() -> Design:
    """Three epochs of 21 steps, the last of 14 images, with dropout and a rate that changes at each step."""
    return DESIGN


@pytest.fixture
def plain_design(design: Design) -> Design:
    """The same without a random layer, and with a constant rate: what a plain Keras loop can repeat."""
    layers = tuple(layer for layer in design.architecture.layers if layer.kind != "Dropout")
    return design.replace(
        architecture=design.architecture.with_layers(layers),
        training=design.training.replace(schedule="constant"),
    )


@pytest.fixture
def data(design: Design) -> Dataset:
    return dataset_of(design)


@pytest.fixture
def session(design: Design, data: Dataset) -> Session:
    return Session(design, data)


@pytest.fixture
def store() -> Store:
    return get_store()


@pytest.fixture
def train_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> TrainRun:
    """Trains a design, or goes on with a run, in this process; gives the run as it stands afterwards.

    Calls of a few steps, each recorded at once: what happens when does not depend on the machine's speed.
    """
    monkeypatch.setattr("cnnlab.backend.train.Pace", functools.partial(Pace, chunk_seconds=0.004))
    monkeypatch.setattr("cnnlab.backend.train.EventWriter", functools.partial(EventWriter, flush_seconds=0.0))

    def run(what: Design | RunRow, stop_requested: Callable[[], bool] = lambda: False) -> RunRow:
        if isinstance(what, Design):
            what = store.create_run(what, owner="ada")
        else:
            store.set_status(what.id, "queued")
        train(what.id, stop_requested=stop_requested)
        return store.run(what.id)

    return run


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record with one finished run of one epoch; to be copied, not to be used."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNLAB_HOME", str(folder))
        settings.get.cache_clear()
        row = get_store().create_run(DESIGN.replace(training=DESIGN.training.replace(epochs=1)), owner="ada")
        train(row.id, stop_requested=lambda: False)
        close_store()
    settings.get.cache_clear()
    return folder


@pytest.fixture
def finished(trained_home: Path, home: Path, store: Store) -> RunRow:
    """A finished run in this test's record."""
    store.close()
    shutil.copytree(trained_home, home, dirs_exist_ok=True)
    (row,) = store.runs()
    assert row.status == "finished"
    return row


@pytest.fixture
def files(finished: RunRow) -> RunFiles:
    return RunFiles(finished.id)
