"""A record of its own for each test, and other processes to share it with."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from cnnlab.runs import RunRow, Steps, Store
from cnnlab.spec import presets
from cnnlab.spec.design import Design

ROOT = Path(__file__).parents[2]

Spawn = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store(home / "runs.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def design() -> Design:
    return presets.preset("digits").design


@pytest.fixture
def run(store: Store, design: Design) -> RunRow:
    return store.create_run(design, owner="ada")


@pytest.fixture
def steps() -> Callable[[int], Steps]:
    """A payload of one step, whose loss is the step itself."""

    def one(step: int) -> Steps:
        return Steps(
            first_step=step, loss=[float(step)], accuracy=[0.5], learning_rate=0.001, images_per_second=100.0
        )

    return one


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Starts Python on a text in another process, with pipes; whatever still runs at the end is killed."""
    children: list[subprocess.Popen[str]] = []

    def start(source: str, *arguments: object) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", source, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def locked_by_another(store: Store, spawn: Spawn) -> Callable[[], AbstractContextManager[None]]:
    """Another process keeps the record to itself while the `with` block lasts."""

    @contextmanager
    def locked() -> Iterator[None]:
        child = spawn(
            "import sqlite3, sys\n"
            "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
            "connection.execute('BEGIN EXCLUSIVE')\n"
            "print('locked', flush=True)\n"
            "sys.stdin.read()\n",
            store.path,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "locked\n"
        yield
        child.communicate()  # closes its input, which ends it, and waits

    return locked


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Waits for a condition, at most ten seconds."""

    def wait(condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < limit, "the condition did not come true within 10 s"
            time.sleep(0.005)

    return wait
