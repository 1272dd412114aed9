"""`python -m cnnlab.worker`: a process that imports TensorFlow once and serves tasks until its parent leaves.

Started by `cnnlab.engine` alone. It reads one line of JSON from standard input (where to connect, the key,
the module that names the tasks), connects, imports the tasks, says that it is ready, and then answers one
request after the other. Its connection is its lease: when that closes, because the parent left or was killed,
an idle worker ends at once and a training gets the time to write its state.

Messages, each one pickled tuple:

    parent → worker    (task name, arguments)                    or None: leave
    worker → parent    ("ready",)                                once, at the start, after the task `warm`
                       ("done", result)
                       ("failed", name of the error's class, message)
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import importlib
import inspect
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Client, Connection
from typing import Any

from cnnlab.errors import CNNLabError

SAVE_SECONDS = 60.0
"""How long a training may take to write its state after the parent has gone."""

TRAINING_NICENESS = 10
"""Niceness while a training runs, so that pages and questions go first."""

STARTING_NICENESS, STARTING_SECONDS = 5, 2.0
"""Niceness at its start: somebody waits for its first point, beside trainings that nobody waits for."""

PR_SET_PDEATHSIG = 1
"""From Linux's `sys/prctl.h`: which signal this process gets when its parent dies."""

Task = Callable[..., Any]


def main() -> int:
    """Connect to the parent that started this process and serve it. Returns the exit status."""
    faulthandler.enable()
    with contextlib.suppress(ValueError):
        # Ctrl-C in a terminal is the parent's to answer: it stops the run in order.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    goes_on_without_parent()
    start = json.loads(sys.stdin.readline())
    address = start["address"]
    connection = Client(
        tuple(address) if isinstance(address, list) else address, authkey=bytes.fromhex(start["authkey"])
    )
    connection.send(start["token"])
    parent = Parent(connection)
    try:
        tasks = load_tasks(start["tasks"])
        if "warm" in tasks:
            tasks["warm"]()  # whoever waits for this worker waits for its first use too
    except Exception as exc:
        traceback.print_exc()
        parent.say("failed", type(exc).__name__, _words(exc))
        return 1
    set_loaded_code_aside()
    parent.say("ready")
    serve(parent, tasks)
    return 0


def set_loaded_code_aside() -> None:
    """Leave TensorFlow's half a million objects out of every later search for garbage.

    A training ends with two searches, which took as long as a short training, and the next one waited.
    """
    gc.collect()
    gc.freeze()


def goes_on_without_parent() -> None:
    """Have the system wake this process should its parent die while it stands still (`engine.courtesy`).

    A stopped process does not notice the end of its connection. Linux sends the signal that is asked for
    here. Every Unix wakes a stopped group of processes that has lost its session, and sends it a hang-up as
    well, which would end it before it has written its state.
    """
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGCONT))


def load_tasks(registry: str) -> dict[str, Task]:
    """Import every task that a module names in `TASKS: dict[str, "module:function"]`."""
    named: dict[str, str] = importlib.import_module(registry).TASKS
    tasks: dict[str, Task] = {}
    for name, target in named.items():
        module, _, function = target.partition(":")
        tasks[name] = getattr(importlib.import_module(module), function)
    return tasks


def serve(parent: Parent, tasks: dict[str, Task]) -> None:
    """Answer requests one after the other until the parent has gone."""
    for name, arguments in parent.requests():
        task = tasks.get(name)
        try:
            if task is None:
                raise LookupError(f"There is no task {name!r}; there are {', '.join(sorted(tasks))}.")
            answer: tuple[Any, ...] = ("done", _perform(task, arguments, parent))
        except Exception as exc:  # whatever a task raises is an answer; the worker stays
            with contextlib.suppress(OSError):  # a log on a full disk must not take the answer with it
                sys.stderr.write(f"Task {name} failed:\n")
                traceback.print_exc()
            answer = ("failed", type(exc).__name__, _words(exc))
        parent.say(*answer)


def _perform(task: Task, arguments: dict[str, Any], parent: Parent) -> Any:
    """Call a task; one that takes `stop_requested` is a training: niced, and given time to save."""
    if "stop_requested" not in inspect.signature(task).parameters:
        return task(**arguments)
    with parent.waits_for_saving(), niced(STARTING_NICENESS, TRAINING_NICENESS, STARTING_SECONDS):
        return task(**arguments, stop_requested=parent.gone.is_set)


class Parent:
    """The process that started this one, at the other end of the connection.

    A thread of its own receives, so that the end of the connection is noticed in the middle of a task.
    """

    def __init__(self, connection: Connection) -> None:
        """Start to listen."""
        self.gone = threading.Event()
        self._connection = connection
        self._inbox: queue.SimpleQueue[tuple[str, dict[str, Any]] | None] = queue.SimpleQueue()
        self._saving = False
        threading.Thread(target=self._listen, name="parent", daemon=True).start()

    def requests(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Requests in the order in which they came, until the parent has gone."""
        while (request := self._inbox.get()) is not None:
            yield request

    def say(self, *message: Any) -> None:
        """Send one message; a result that cannot be pickled is told as a failure."""
        with contextlib.suppress(OSError):  # the parent left; the listening thread has seen it too
            try:
                self._connection.send(message)
            except OSError:
                raise
            except Exception as exc:
                self._connection.send(("failed", type(exc).__name__, f"The result cannot be sent: {exc}"))

    @contextlib.contextmanager
    def waits_for_saving(self) -> Iterator[None]:
        """While inside, the parent's leaving does not end this process at once."""
        self._saving = True
        try:
            yield
        finally:
            self._saving = False

    def _listen(self) -> None:
        request: tuple[str, dict[str, Any]] | None = ("", {})
        while request is not None:
            try:
                request = self._connection.recv()
            except (EOFError, OSError):
                request = None
            self._inbox.put(request)
            # From here on nobody waits for an answer: end even where the main thread hangs in a task.
            if request is None:
                self.gone.set()
        if self._saving:
            threading.Event().wait(SAVE_SECONDS)
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(0)


@contextlib.contextmanager
def niced(first: int, then: int, after: float) -> Iterator[None]:
    """Lower this process's priority while inside, where the system knows priorities.

    The group is addressed, not the process: on Linux a process's priority is that of its main thread alone,
    and TensorFlow's threads exist already. A worker is the leader of its own group (see `engine.process`).
    Going back needs a privilege that ordinary users lack; the worker then stays niced.

    Args:
        first: niceness at once.
        then: niceness later; not less.
        after: seconds until then.
    """
    if not hasattr(os, "setpriority") or os.getpgrp() != os.getpid():
        yield
        return
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PGRP, 0, max(before, first))
    later = threading.Timer(after, os.setpriority, (os.PRIO_PGRP, 0, max(before, then)))
    later.start()
    try:
        yield
    finally:
        later.cancel()
        later.join()
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PGRP, 0, before)


def _words(exc: Exception) -> str:
    """An error's message, with its class where the message alone would not say enough."""
    if isinstance(exc, CNNLabError):
        return str(exc)
    return f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__


if __name__ == "__main__":
    sys.exit(main())
