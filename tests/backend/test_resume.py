"""A training whose process was killed, and goes on in another, equals one that was never broken."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnlab.backend.train import train
from cnnlab.runs import History, RunFiles, RunRow, Store
from cnnlab.spec.design import Design

ROOT = Path(__file__).parents[2]

CHILD = """
import functools, os, signal, sys
from cnnlab.backend import train
from cnnlab.backend.pace import Pace
from cnnlab.runs import EventWriter, History, get_store

run_id, kill_at = sys.argv[1], int(sys.argv[2])

if kill_at:  # many short calls, each recorded at once, so that it happens where it is meant to
    train.Pace = functools.partial(Pace, chunk_seconds=0.004)
    train.EventWriter = functools.partial(EventWriter, flush_seconds=0.0)

def kill():
    # As hard as it comes, in the middle of an epoch: nothing is flushed, nothing closed.
    if kill_at and History.fold(get_store().events(run_id)).last_step >= kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
    return False

train.train(run_id, stop_requested=kill)
"""


def _train_in_a_process(row: RunRow, kill_at: int = 0) -> int:
    command = [sys.executable, "-c", CHILD, row.id, str(kill_at)]
    return subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_resumed_after_sigkill_equals_unbroken_bit_for_bit(design: Design, store: Store) -> None:
    unbroken, killed = (store.create_run(design, owner="ada") for _ in range(2))
    train(unbroken.id, stop_requested=lambda: False)
    assert _train_in_a_process(killed, kill_at=50) == -signal.SIGKILL
    assert store.reap() == [killed.id]
    assert store.run(killed.id).status == "interrupted"
    told = History.fold(store.events(killed.id)).last_step
    assert told >= 50
    assert RunFiles(killed.id).states()[-1] == 42  # its last whole epoch

    store.set_status(killed.id, "queued", expect=("interrupted",))
    assert _train_in_a_process(killed) == 0

    assert store.run(killed.id).status == "finished"
    resumed = [e.payload["step"] for e in store.events(killed.id) if e.kind == "started"]
    assert resumed == [0, 42]
    expected, found = (History.fold(store.events(row.id)) for row in (unbroken, killed))
    for name in ("step", "loss", "accuracy"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "step"):
        assert [epoch[name] for epoch in found.epochs] == [epoch[name] for epoch in expected.epochs]
    assert found.tested == expected.tested
    one, two = (RunFiles(row.id).read_state(63)[0] for row in (unbroken, killed))
    assert list(one) == list(two)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    for step in (0, 21, 42, 63):
        one, two = (RunFiles(row.id).read_weights(step) for row in (unbroken, killed))
        assert all(np.array_equal(one[name], two[name]) for name in one)
