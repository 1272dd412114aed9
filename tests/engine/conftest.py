"""An engine with toy tasks, runs for it, and waiting for a condition."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cnnlab.engine import Engine
from cnnlab.runs.store import get_store
from cnnlab.spec import presets

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 120.0

MakeEngine = Callable[..., Engine]
NewRun = Callable[..., str]


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """The condition's first true value. Fails when there is none within the limit."""
    end = time.monotonic() + LIMIT_SECONDS
    tick = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {LIMIT_SECONDS:g} s for {what}"
        tick.wait(0.01)
    return value


def status_is(run_id: str, *statuses: str) -> Callable[[], bool]:
    return lambda: get_store().run(run_id).status in statuses


def order() -> list[str]:
    """Ids of the runs that were trained, in the order in which they began."""
    file = get_store().home / "order"
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


def process_state(pid: int) -> str:
    """The first letter of what the system says a process does: S, R, T (stopped), Z; "" where it is gone."""
    answer = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()[:1]


def stands_still(pid: int) -> bool:
    """Whether a process is stopped."""
    return process_state(pid) == "T"


@pytest.fixture
def make_engine(home: Path) -> Iterator[MakeEngine]:
    made: list[Engine] = []

    def make(tasks: str = "tests.engine.toy_tasks", spare_seconds: float = 0.0) -> Engine:
        made.append(Engine(tasks, (str(ROOT),), spare_seconds))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine()


@pytest.fixture
def new_run(home: Path) -> NewRun:
    """Add a queued run; with the toy tasks its name says how its training goes."""

    def new(name: str = "endless", owner: str = "ada") -> str:
        return get_store().create_run(presets.preset("digits").design, owner, name).id

    return new
