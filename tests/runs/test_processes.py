"""The record between processes: killed writers, many writers, a race to make it."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnlab import runs
from cnnlab.runs import History, RunRow, Store
from cnnlab.spec.design import Design

Spawn = Callable[..., subprocess.Popen[str]]
ROUNDS = 5

APPEND = """
import sys
from cnnlab.runs import Steps, Store
path, run_id, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = Store(path)
for step in range(1, times + 1):
    payload = Steps(first_step=step, loss=[step], accuracy=[0.5], learning_rate=0.1, images_per_second=1)
    print(store.append(run_id, [payload, payload]), flush=True)
"""

TRAIN = """
import sys
from cnnlab.runs import Store
store, run_id = Store(sys.argv[1]), sys.argv[2]
lock = store.files(run_id).lock()
lock.acquire()
store.set_status(run_id, "running")
print("running", flush=True)
sys.stdin.read()
"""

REAP = """
import sys
from cnnlab.runs import Store
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(len(store.reap()), flush=True)
"""

CREATE = """
import sys
from cnnlab.runs import Store
from cnnlab.spec import presets
design = presets.preset("digits").design
print("ready", flush=True)
sys.stdin.readline()
print(Store(sys.argv[1]).create_run(design, "ada").id, flush=True)
"""


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def _together(children: list[subprocess.Popen[str]]) -> list[str]:
    """Lets all children that are ready go at once; gives the line that each then wrote."""
    assert [_line(child) for child in children] == ["ready"] * len(children)
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    return [_line(child) for child in children]


def _assert_whole(store: Store, run_id: str) -> int:
    """Checks that the events have no gap and the file no damage; gives the last event's number."""
    numbers = [event.seq for event in store.events(run_id)]
    assert numbers == list(range(1, len(numbers) + 1))
    connection = sqlite3.connect(store.path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    return len(numbers)


def test_a_killed_writer_leaves_every_event_that_it_committed(
    store: Store, run: RunRow, spawn: Spawn
) -> None:
    last = 1
    for round_ in range(ROUNDS):
        writer = spawn(APPEND, store.path, run.id, 1_000_000)
        for _ in range(1 + 40 * round_):
            committed = int(_line(writer))
        writer.kill()
        rest, _ = writer.communicate()
        committed = max(
            [committed, *(int(line) for line in rest.splitlines(keepends=True) if line[-1] == "\n")]
        )
        written = _assert_whole(store, run.id)
        assert written >= committed > last
        assert written % 2 == 1  # the first status, then two by two: no transaction is there by half
        History.fold(store.events(run.id))
        last = written


def test_several_processes_write_one_run_while_another_reads(store: Store, run: RunRow, spawn: Spawn) -> None:
    writers = [spawn(APPEND, store.path, run.id, 40) for _ in range(3)]
    seen = 0
    while any(writer.poll() is None for writer in writers):
        for event in store.events(run.id, after=seen):
            assert event.seq == seen + 1
            seen = event.seq
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert _assert_whole(store, run.id) == 1 + 3 * 40 * 2


def test_processes_that_start_together_make_one_record(tmp_path: Path, spawn: Spawn) -> None:
    path = tmp_path / "new" / "runs.sqlite"
    children = [spawn(CREATE, path) for _ in range(4)]
    ids = _together(children)
    assert [child.wait() for child in children] == [0] * 4
    store = Store(path)
    assert sorted(run.id for run in store.runs()) == sorted(ids)
    assert sorted(run.name for run in store.runs()) == ["digits", "digits 2", "digits 3", "digits 4"]
    store.close()


def test_a_killed_worker_is_noticed_and_two_reapers_say_so_once(
    store: Store, design: Design, spawn: Spawn
) -> None:
    ids = [store.create_run(design, "ada").id for _ in range(2)]
    workers = [spawn(TRAIN, store.path, run_id) for run_id in ids]
    assert [_line(worker) for worker in workers] == ["running", "running"]
    assert all(store.files(run_id).locked() for run_id in ids)
    assert store.reap() == []
    workers[0].kill()
    workers[0].wait()
    reapers = [spawn(REAP, store.path) for _ in range(2)]
    assert sorted(_together(reapers)) == ["0", "1"]
    assert [store.run(run_id).status for run_id in ids] == ["interrupted", "running"]
    statuses = [event.payload["status"] for event in store.events(ids[0])]
    assert statuses == ["queued", "running", "interrupted"]


@pytest.mark.parametrize(
    ("use", "never"),
    [
        ("store", ["tensorflow", "keras", "streamlit", "pandas", "sklearn", "sqlalchemy.orm"]),
        ("history", ["sqlalchemy", "filelock"]),
    ],
)
def test_importing_the_record_is_cheap(use: str, never: list[str], spawn: Spawn) -> None:
    child = spawn("import sys, cnnlab.runs." + use + "\nprint(*sys.modules)")
    loaded = set(_line(child).split())
    assert f"cnnlab.runs.{use}" in loaded
    assert not loaded & set(never)


def test_the_package_offers_what_it_lists() -> None:
    assert all(getattr(runs, name) is not None for name in runs.__all__)
    assert sorted(runs.__all__) == sorted(runs._HOME)
    with pytest.raises(AttributeError, match=r"module 'cnnlab\.runs' has no attribute 'Stoer'"):
        _ = runs.Stoer
