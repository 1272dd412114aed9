"""A run and a command as plain data, and how they are read from the record's rows."""

from __future__ import annotations

import json
import math
import numbers
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnnlab.errors import RunError
from cnnlab.runs.events import ACTIVE, RESUMABLE, Event

if TYPE_CHECKING:
    from sqlalchemy import Row

    from cnnlab.spec.design import Design

NAME_LENGTH = 80
"""Longest name of a run, in characters: what a table row shows."""


@dataclass(frozen=True)
class RunRow:
    """A run as the record has it now. Times are aware and in UTC.

    Attributes:
        result: Numbers of the run since it was last queued: test_accuracy, test_loss, val_accuracy,
            epochs_done, step, seconds, parameters; diverged_at, the step at which a number was no longer
            finite. None for one that is not finite; a number that is not known yet is absent.
        parent: The run that this one repeats with something changed, or goes on from; None where there is
            none, or where it was deleted.
        parent_step: The step of the parent from which it goes on; None where it starts from the beginning.
    """

    id: str
    owner: str
    name: str
    status: str
    message: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    result: dict[str, Any]
    design_json: str
    parent: str | None = None
    parent_step: int | None = None

    @cached_property
    def design(self) -> Design:
        """What is trained; read when first asked for, so that one unreadable design spoils no list of runs.

        Raises:
            SpecError: the design was written by another version, or is damaged.
        """
        from cnnlab.spec.design import Design

        return Design.from_json(self.design_json)

    @property
    def active(self) -> bool:
        """Whether a worker has the run or will have it."""
        return self.status in ACTIVE

    @property
    def diverged(self) -> bool:
        """Whether the training ended because a number was no longer finite."""
        return self.result.get("diverged_at") is not None

    @property
    def resumable(self) -> bool:
        """Whether the run can go on: it ended early, and would not diverge at the same step once more."""
        return self.status in RESUMABLE and not self.diverged


@dataclass(frozen=True)
class Command:
    """What a user asks of a training.

    Attributes:
        kind: One of `COMMAND_KINDS`.
        value: Of a `set`: its name and value, such as `{"name": "learning_rate", "value": 0.01}`; else None.
    """

    kind: str
    value: dict[str, Any] | None = None


def run_row(row: Row[Any]) -> RunRow:
    """A row of the table `runs`."""
    return RunRow(
        id=row.id,
        owner=row.owner,
        name=row.name,
        status=row.status,
        message=row.message,
        created_at=_utc(row.created_at),
        started_at=None if row.started_at is None else _utc(row.started_at),
        ended_at=None if row.ended_at is None else _utc(row.ended_at),
        result=json.loads(row.result),
        design_json=row.design,
        parent=row.parent,
        parent_step=row.parent_step,
    )


def event_row(row: Row[Any]) -> Event:
    """A row of the table `events`."""
    return Event(row.seq, row.run_id, _utc(row.time), row.kind, json.loads(row.payload))


def checked_name(name: str) -> str:
    """The name with single spaces.

    Raises:
        RunError: it is empty or too long.
    """
    stripped = " ".join(name.split())
    if not 0 < len(stripped) <= NAME_LENGTH:
        raise RunError(
            f"A run's name must have 1 to {NAME_LENGTH} characters. Received {len(stripped)}. Choose another "
            f"name."
        )
    return stripped


def plain_number(value: Any) -> float | None:
    """A number as JSON can carry it: None for one that is not finite."""
    if value is None:
        return None
    if isinstance(value, numbers.Integral):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else None


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
