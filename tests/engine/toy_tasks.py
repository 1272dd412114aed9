"""Tasks for workers under test. They use the record as a training does, and nothing heavier."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnnlab.errors import DatasetUnavailable
from cnnlab.runs.store import get_store

TASKS = {
    name: f"tests.engine.toy_tasks:{name}"
    for name in (
        "train", "echo", "pid", "fail", "fail_in_words", "unsendable", "die", "die_talking", "die_once",
        "hang", "hang_once", "priority", "modules", "say",
    )
}  # fmt: skip

LIMIT_SECONDS = 60.0


def train(run_id: str, *, stop_requested: Callable[[], bool]) -> None:
    """A training whose run's name says how it goes."""
    store = get_store()
    with store.files(run_id).lock():
        name = store.run(run_id).name
        if name.startswith("stillborn"):
            once(f"born-{run_id}", lambda: os.kill(os.getpid(), signal.SIGKILL))
        if name.startswith("unrunnable"):
            raise ValueError("nothing can be done")
        if not store.set_status(run_id, "running", expect=("queued",)):
            return
        note("order", f"{run_id} {os.getpid()} {thread_priorities()}")
        if name.startswith("quick"):
            store.set_status(run_id, "finished")
            return
        until = threading.Event()
        while not until.wait(0.01):
            if stop_requested():
                store.set_status(run_id, "interrupted", message="The state was written.")
                return
            for command in store.take_commands(run_id):
                if command.kind == "stop":
                    store.set_status(run_id, "stopped")
                    return
                store.set_status(run_id, {"pause": "paused", "resume": "running"}[command.kind])


def echo(value: Any) -> Any:
    return value


def pid() -> int:
    return os.getpid()


def fail() -> None:
    raise KeyError("kernel")


def fail_in_words() -> None:
    raise DatasetUnavailable("mnist is not here. Put mnist.npz there.")


def unsendable() -> Any:
    return threading.Lock()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_talking() -> None:
    """Write what a training's log holds, and die."""
    logging.getLogger("toy").warning("A hitch, long over")
    try:
        try:
            raise KeyError("ink")
        except KeyError as exc:
            raise ValueError("out of paper") from exc
    except ValueError:
        logging.getLogger("toy").error("Cannot go on", exc_info=True)
    die()


def die_once() -> int:
    once("died", die)
    return os.getpid()


def hang() -> None:
    threading.Event().wait(LIMIT_SECONDS)


def hang_once() -> int:
    once("hung", hang)
    return os.getpid()


def priority() -> list[int]:
    return thread_priorities()


def modules() -> list[str]:
    return sorted(sys.modules)


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def thread_priorities() -> list[int]:
    """Niceness of each thread of this process."""
    return sorted(
        {os.getpriority(os.PRIO_PROCESS, int(task.name)) for task in Path("/proc/self/task").iterdir()}
    )


def note(name: str, line: str) -> None:
    """Add a line to a file that the test reads."""
    with (get_store().home / name).open("a") as file:
        file.write(line + "\n")


def once(name: str, action: Callable[[], None]) -> None:
    """Do something the first time only, whichever process it is."""
    mark = get_store().home / name
    if not mark.exists():
        mark.touch()
        action()
