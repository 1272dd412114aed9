"""The process that runs the engine ends: its workers leave, and what they have done stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from cnnlab.runs.store import get_store
from tests.engine.conftest import ROOT, MakeEngine, NewRun, process_state, stands_still, status_is, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses POSIX signals")


def ended(pid: int) -> Callable[[], bool]:
    """Whether a process that is not our child has ended; a zombie that nobody waits for has."""

    return lambda: process_state(pid) in ("", "Z")


@pytest.mark.parametrize(
    ("last", "how"),
    [(signal.SIGKILL, ""), (signal.SIGKILL, "still"), (signal.SIGTERM, ""), (signal.SIGINT, "still")],
)
def test_the_workers_of_a_server_that_ends_write_their_state_and_leave(
    last: signal.Signals, how: str, new_run: NewRun, make_engine: MakeEngine
) -> None:
    """Also one that stands still at that moment, because somebody acts on a page."""
    run_id = new_run()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.engine.toy_server", str(ROOT), "tests.engine.toy_tasks", run_id, how],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            workers = json.loads(server.stdout.readline())
            assert len(workers) == 2
            wait_for(
                lambda: sum(map(stands_still, workers)) == (how == "still"), "one to stand still, or none"
            )
            server.send_signal(last)
            server.wait(60)
        finally:
            server.kill()
    for pid in workers:
        wait_for(ended(pid), f"worker {pid} to leave")
    row = get_store().run(run_id)
    assert (row.status, row.message) == ("interrupted", "The state was written.")
    engine = make_engine()
    engine.train(run_id)
    wait_for(status_is(run_id, "running"), "the run to go on")


def test_a_worker_stuck_in_a_question_leaves_with_its_server(make_engine: MakeEngine) -> None:
    """The listening thread ends the process, whatever its main thread does."""
    code = (
        "from cnnlab.engine import Engine; import threading, os\n"
        f"engine = Engine('tests.engine.toy_tasks', ({str(ROOT)!r},))\n"
        "print(engine.ask('pid'), flush=True)\n"
        "threading.Thread(target=lambda: engine.ask('hang'), daemon=True).start()\n"
        "while engine.status().workers[0].state != 'asked': pass\n"
        "os.kill(os.getpid(), 9)\n"
    )
    server = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert server.returncode == -signal.SIGKILL, server.stderr
    wait_for(ended(int(server.stdout)), "the worker to leave")


def test_an_engine_is_closed_when_its_process_ends_by_itself() -> None:
    code = (
        "from cnnlab.engine import get_engine, Engine; import cnnlab.engine.engine as module\n"
        f"engine = Engine('tests.engine.toy_tasks', ({str(ROOT)!r},))\n"
        "print(engine.ask('pid'), flush=True)\n"
    )
    server = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (server.returncode, server.stderr) == (0, "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(server.stdout), 0)
