"""Who runs what: a pool of local worker processes behind one small interface.

engine = get_engine()                  # at once; nothing is started yet
engine.warm()                          # at once; a worker imports TensorFlow in the background
engine.train(run_id)                   # at once; the run's record tells the rest
engine.ask("feature_maps", run_id=…)   # waits for the answer
"""

from __future__ import annotations

import os
import sys
import threading
from types import ModuleType

from cnnlab.engine.engine import Engine, EngineStatus, WorkerStatus
from cnnlab.engine.queue import FairQueue

__all__ = [
    "Engine",
    "EngineStatus",
    "FairQueue",
    "WorkerStatus",
    "close_engine",
    "get_engine",
    "running_engine",
    "unrecorded_end",
]

_HOLDER = "cnnlab_engine_of_this_process"


def get_engine() -> Engine:
    """The engine of this process, shared by all its threads. Never waits for a worker.

    Streamlit removes edited modules from `sys.modules` and imports them anew. The engine is therefore kept in
    a module without a file, which stays; one of outdated code is replaced as soon as nothing trains or waits.
    """
    holder = _holder()
    with holder.lock:
        engine = holder.engines.get(os.getpid())  # a forked child must not use its parent's workers
        if engine is not None and type(engine) is not Engine and not engine.busy:
            engine.close()
        if engine is None or engine.closed:
            engine = holder.engines[os.getpid()] = Engine()
        return engine


def running_engine() -> Engine | None:
    """The engine of this process where there is one already. Never makes one."""
    engine: Engine | None = _holder().engines.get(os.getpid())
    return engine


def close_engine() -> None:
    """Close the engine of this process, where there is one; the next `get_engine` makes another."""
    holder = _holder()
    with holder.lock:
        engine = holder.engines.pop(os.getpid(), None)
    if engine is not None:
        engine.close()


def unrecorded_end(run_id: str) -> tuple[str, str] | None:
    """Status and message of a training that ended in this process while the record could not be written.

    It is None where the record tells the end, and where this process trained nothing.
    """
    engine = running_engine()
    return None if engine is None else engine.unrecorded_end(run_id)


def _holder() -> ModuleType:
    fresh = ModuleType(_HOLDER)
    fresh.__dict__.update(lock=threading.Lock(), engines={})
    return sys.modules.setdefault(_HOLDER, fresh)
