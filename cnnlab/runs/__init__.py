"""The record: what each run is, what happened in it, and its files.

Names are loaded when first used: a page that only reads an event needs no database library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnlab.runs.artifacts import Checkpoint, Evaluation, RunFiles
    from cnnlab.runs.events import (
        ACTIVE,
        ENDED,
        RESUMABLE,
        STATUSES,
        Changed,
        Epoch,
        Event,
        Health,
        LayerHealth,
        Payload,
        Snapshot,
        Started,
        Status,
        Steps,
        Tested,
    )
    from cnnlab.runs.history import History
    from cnnlab.runs.rows import Command, RunRow
    from cnnlab.runs.store import Store, close_store, get_store
    from cnnlab.runs.writer import EventWriter

__all__ = [
    "ACTIVE",
    "ENDED",
    "RESUMABLE",
    "STATUSES",
    "Changed",
    "Checkpoint",
    "Command",
    "Epoch",
    "Evaluation",
    "Event",
    "EventWriter",
    "Health",
    "History",
    "LayerHealth",
    "Payload",
    "RunFiles",
    "RunRow",
    "Snapshot",
    "Started",
    "Status",
    "Steps",
    "Store",
    "Tested",
    "close_store",
    "get_store",
]

_MODULES = {
    "artifacts": ("Checkpoint", "Evaluation", "RunFiles"),
    "events": (
        "ACTIVE",
        "ENDED",
        "RESUMABLE",
        "STATUSES",
        "Changed",
        "Epoch",
        "Event",
        "Health",
        "LayerHealth",
        "Payload",
        "Snapshot",
        "Started",
        "Status",
        "Steps",
        "Tested",
    ),
    "history": ("History",),
    "rows": ("Command", "RunRow"),
    "store": ("Store", "close_store", "get_store"),
    "writer": ("EventWriter",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
