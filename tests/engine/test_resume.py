"""The real training through real processes: killed in mid-epoch, resumed, and nothing can be told from it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from cnnlab.engine import Engine
from cnnlab.engine.engine import TASKS
from cnnlab.runs import Event, History, get_store
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Conv2D, Dense, Dropout, Flatten
from cnnlab.spec.training import TrainingConfig
from tests.engine.conftest import ROOT, MakeEngine, status_is, wait_for
from tests.engine.test_server_death import ended

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="uses POSIX signals"),
]

# Small batches and many epochs: the training must last long enough to be killed in the middle, also on a
# machine that makes 3,000 of these steps a second, and after a server has started its second worker.
DESIGN = Design(
    dataset="digits",
    architecture=Architecture(
        input_shape=(8, 8, 1),
        classes=10,
        layers=(Conv2D(filters=4), Flatten(), Dropout(rate=0.2), Dense(units=8)),
    ),
    training=TrainingConfig(epochs=12, batch_size=2, seed=7),
)


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine(TASKS)


def new_run() -> str:
    return get_store().create_run(DESIGN, "ada").id


def events(run_id: str) -> list[Event]:
    return get_store().events(run_id)


def in_mid_epoch(run_id: str) -> bool:
    """Whether the second epoch is over and the third has begun."""
    history = History.fold(events(run_id))
    return len(history.epochs) >= 2 and history.last_step > history.epochs[-1]["step"] + 10


def complete(engine: Engine, run_id: str) -> None:
    engine.train(run_id)
    wait_for(lambda: not engine.busy, "the end of the training")
    row = get_store().run(run_id)
    assert row.status == "finished", row.message


def assert_same(run_id: str, other: str) -> None:
    """Every step, every epoch, every weight and every answer of two runs is the same, bit for bit."""
    left, right = History.fold(events(run_id)), History.fold(events(other))
    np.testing.assert_array_equal(left.step, np.arange(1, left.total_steps + 1))
    np.testing.assert_array_equal(left.step, right.step)
    np.testing.assert_array_equal(left.loss, right.loss)
    np.testing.assert_array_equal(left.accuracy, right.accuracy)
    for here, there in zip(left.epochs, right.epochs, strict=True):
        told = ("epoch", "step", "loss", "accuracy", "val_loss", "val_accuracy")
        assert [here[name] for name in told] == [there[name] for name in told]
    assert left.tested == right.tested
    files, others = get_store().files(run_id), get_store().files(other)
    last = files.checkpoints()[-1].step
    weights, expected = files.read_weights(last), others.read_weights(last)
    assert weights.keys() == expected.keys()
    for name, values in weights.items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)


def test_killed_in_mid_epoch_and_resumed_equals_unbroken(engine: Engine) -> None:
    engine.warm()
    killed, unbroken = new_run(), new_run()
    engine.train(killed)
    wait_for(lambda: in_mid_epoch(killed), "the middle of an epoch")
    pid = next(worker.pid for worker in engine.status().workers if worker.run_id == killed)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(status_is(killed, "interrupted"), "the record to tell")
    wait_for(lambda: engine.status().ready, "another worker")
    complete(engine, killed)
    complete(engine, unbroken)
    assert_same(killed, unbroken)


def test_a_killed_server_leaves_its_record_and_the_next_goes_on(engine: Engine) -> None:
    broken = new_run()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.engine.toy_server", str(ROOT), TASKS, broken],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            workers = json.loads(server.stdout.readline())
            wait_for(lambda: in_mid_epoch(broken), "the middle of an epoch")
            before = events(broken)
        finally:
            server.kill()  # where a line above failed, too: the server would stay for ever
    for pid in workers:
        wait_for(ended(pid), f"worker {pid} to leave")
    after = events(broken)
    assert after[: len(before)] == before
    assert get_store().run(broken).status == "interrupted"
    assert engine.adopt() == []
    complete(engine, broken)
    assert events(broken)[: len(after)] == after
    unbroken = new_run()
    complete(engine, unbroken)
    assert_same(broken, unbroken)
