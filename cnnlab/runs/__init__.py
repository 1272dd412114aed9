"""The record: what each run is, what happened in it, and its files."""

from __future__ import annotations

from cnnlab.runs.artifacts import Checkpoint, Evaluation, RunFiles
from cnnlab.runs.events import (
    ACTIVE,
    ENDED,
    STATUSES,
    Epoch,
    Event,
    Payload,
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
    "STATUSES",
    "Checkpoint",
    "Command",
    "Epoch",
    "Evaluation",
    "Event",
    "EventWriter",
    "History",
    "Payload",
    "RunFiles",
    "RunRow",
    "Started",
    "Status",
    "Steps",
    "Store",
    "Tested",
    "close_store",
    "get_store",
]
