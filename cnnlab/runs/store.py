"""The record of all runs: what each is, what happened in it, what it is asked to do.

    store = get_store()
    row = store.create_run(design, owner="local")          # queued
    store.append(row.id, [Steps(first_step=1, …)])         # by the worker that trains
    store.events(row.id, after=12)                         # by anyone who watches

Every method is one short transaction and may be called from any thread.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from cnnlab import settings
from cnnlab.errors import RunStateError
from cnnlab.runs.artifacts import RunFiles
from cnnlab.runs.database import BUSY_SECONDS, COMMANDS, EVENTS, RUNS, Database
from cnnlab.runs.events import ACTIVE, ENDED, STATUSES, Event, Payload, Status
from cnnlab.runs.ids import checked_id, new_id, not_found
from cnnlab.runs.rows import Command, RunRow, checked_name, event_row, plain_number, run_row

if TYPE_CHECKING:
    from cnnlab.spec.design import Design

__all__ = ["ACTIVE", "Command", "RunRow", "Store", "close_store", "get_store"]

DATABASE_NAME = "runs.sqlite"
RELEASE_SECONDS = 2.0
"""How long a worker may hold the lock of a run that it has already recorded as ended."""
COMMAND_KINDS = ("stop", "pause", "resume", "step", "epoch", "set")
_LOST_MESSAGE = (
    "The worker process ended before the training did. Resume goes on from the last full state on the disk."
)


class Store:
    """The record in one SQLite database, and beside it the folders of the runs' files.

    Args:
        path: File of the database; the runs' files lie in `runs/` beside it.
        busy_seconds: How long a transaction waits for another process's, in seconds.

    Raises:
        StorageError: the database cannot be opened. Every method raises it when the database is locked for
            longer than that, the disk is full, or the file is damaged.
    """

    def __init__(self, path: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = Path(path)
        self.home = self.path.parent
        self._database = Database(self.path, busy_seconds)

    def close(self) -> None:
        """Closes the connections; using the store again opens them again."""
        self._database.close()

    def files(self, run_id: str) -> RunFiles:
        """The files of a run of this record."""
        return RunFiles(run_id, home=self.home)

    # Runs

    def create_run(
        self,
        design: Design,
        owner: str,
        name: str | None = None,
        *,
        parent: str | None = None,
        parent_step: int | None = None,
        data_title: str | None = None,
    ) -> RunRow:
        """Adds a run, queued; without a name it gets that of its preset or data set, numbered if taken.

        Args:
            design: What is trained.
            owner: Whose it is.
            name: What to call it.
            parent: The run that it repeats with something changed, or goes on from.
            parent_step: The step of the parent from which it goes on.
            data_title: What its data set is called, where that is not its name.
        """
        now = time.time()
        run_id, text = new_id(), design.to_json()
        with self._database.write() as connection:
            if name is None:
                name = _free_name(connection, owner, _default_name(design, data_title))
            row = {
                "id": run_id,
                "owner": owner,
                "name": checked_name(name),
                "status": "queued",
                "design": text,
                "parent": parent,
                "parent_step": parent_step,
            }
            connection.execute(insert(RUNS).values(created_at=now, **row))
            _append(connection, run_id, [Status(status="queued")], now)
            return _run(connection, run_id)

    def run(self, run_id: str) -> RunRow:
        """The run of this id.

        Raises:
            RunNotFound: there is none.
        """
        with self._database.read() as connection:
            return _run(connection, checked_id(run_id))

    def runs(self, owner: str | None = None, statuses: Sequence[str] | None = None) -> list[RunRow]:
        """Runs, the newest first: those of one owner, or of all; in certain statuses, or in any."""
        query = select(RUNS).order_by(RUNS.c.created_at.desc(), RUNS.c.id)
        if owner is not None:
            query = query.where(RUNS.c.owner == owner)
        if statuses is not None:
            query = query.where(RUNS.c.status.in_(statuses))
        with self._database.read() as connection:
            return [run_row(row) for row in connection.execute(query)]

    def rename(self, run_id: str, name: str) -> None:
        """Gives the run another name.

        Raises:
            RunNotFound: there is no such run.
            RunError: the name is empty or too long.
        """
        change = update(RUNS).where(RUNS.c.id == checked_id(run_id)).values(name=checked_name(name))
        with self._database.write() as connection:
            if not connection.execute(change).rowcount:
                raise not_found(run_id)

    def delete(self, run_id: str) -> None:
        """Removes the run, its events and its files.

        Raises:
            RunNotFound: there is no such run.
            RunStateError: a worker is training it.
        """
        row = self.run(run_id)
        files = self.files(row.id)
        # Held until the record is gone: no worker can begin in between.
        with files.try_lock(0 if row.active else RELEASE_SECONDS) as locked:
            if not locked:
                raise RunStateError(f"Run {row.id} ({row.name!r}) is being trained. Stop it, then delete it.")
            # The record first: files that nobody knows of do no harm, a run without its files does.
            with self._database.write() as connection:
                for table in (EVENTS, COMMANDS):
                    connection.execute(delete(table).where(table.c.run_id == row.id))
                connection.execute(delete(RUNS).where(RUNS.c.id == row.id))
            files.remove()
        files.remove_lock()

    def set_status(
        self, run_id: str, status: str, *, message: str | None = None, expect: Sequence[str] | None = None
    ) -> bool:
        """Moves the run to a status and writes the `status` event, in one transaction.

        A run that is queued again has no result: that of its earlier end is not the one it will have.

        Args:
            run_id: The run's id.
            status: The new status, one of `STATUSES`.
            message: What there is to say about it, in words.
            expect: Statuses in which the run must be; None: any. Of two who try the same change one succeeds.

        Returns:
            Whether the run was in an expected status, and so was moved.

        Raises:
            RunNotFound: there is no such run.
        """
        checked_id(run_id)
        _check_statuses(status, *(expect or ()))
        now = time.time()
        values: dict[str, Any] = {"status": status, "message": message, "ended_at": None}
        if status == "queued":
            values["result"] = "{}"
        if status == "running":
            values["started_at"] = func.coalesce(RUNS.c.started_at, now)
        if status in ENDED:
            values["ended_at"] = now
        change = update(RUNS).where(RUNS.c.id == run_id).values(values)
        if expect is not None:
            change = change.where(RUNS.c.status.in_(expect))
        with self._database.write() as connection:
            if not connection.execute(change).rowcount:
                _run(connection, run_id)
                return False
            if status in ENDED:  # a stop that came too late must not stop the run once it is resumed
                connection.execute(delete(COMMANDS).where(COMMANDS.c.run_id == run_id))
            _append(connection, run_id, [Status(status=status, message=message)], now)
        return True

    def set_result(self, run_id: str, **numbers: SupportsFloat | None) -> None:
        """Adds numbers to the run's result, over those of the same names.

        Raises:
            RunNotFound: there is no such run.
        """
        with self._database.write() as connection:
            result = _run(connection, checked_id(run_id)).result
            result.update({name: plain_number(value) for name, value in numbers.items()})
            connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(result=json.dumps(result)))

    # Events

    def append(self, run_id: str, payloads: Sequence[Payload], *, patience: float | None = None) -> int:
        """Adds events, all or none, with the run's next numbers.

        Args:
            run_id: The run's id.
            payloads: What the events say, in order.
            patience: How long to wait for another writer, in seconds; None: the store's own `busy_seconds`.

        Returns:
            `seq` of the run's last event.

        Raises:
            RunNotFound: there is no such run.
        """
        checked_id(run_id)
        with self._database.write(patience) as connection:
            return _append(connection, run_id, payloads, time.time())

    def events(self, run_id: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """Events of the run with a `seq` above `after`, in order, at most `limit`.

        Raises:
            RunNotFound: there is no such run.
        """
        checked_id(run_id)
        query = select(EVENTS).where(EVENTS.c.run_id == run_id, EVENTS.c.seq > after).order_by(EVENTS.c.seq)
        if limit is not None:
            query = query.limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            if not rows:
                _run(connection, run_id)
        return [event_row(row) for row in rows]

    # Commands

    def send_command(self, run_id: str, kind: str, value: Mapping[str, Any] | None = None) -> bool:
        """Asks something of the training; its worker takes it between two chunks of steps.

        Args:
            run_id: The run's id.
            kind: One of `COMMAND_KINDS`.
            value: What comes with it, plain data; see `Command`.

        Returns:
            Whether the run is still active; nobody would take a command to one that ended, so it is not kept.

        Raises:
            RunNotFound: there is no such run.
        """
        if kind not in COMMAND_KINDS:
            raise ValueError(f"A command must be one of {', '.join(COMMAND_KINDS)}. Received {kind!r}.")
        text = None if value is None else json.dumps(dict(value), allow_nan=False)
        with self._database.write() as connection:
            if not _run(connection, checked_id(run_id)).active:
                return False
            connection.execute(insert(COMMANDS).values(run_id=run_id, kind=kind, value=text))
        return True

    def take_commands(self, run_id: str) -> list[Command]:
        """The commands to the run that nobody has taken yet, in the order in which they were sent."""
        mine = COMMANDS.c.run_id == checked_id(run_id)
        with self._database.read() as connection:
            # Asked several times a second, and most often in vain: that must not queue up as a writer.
            if connection.execute(select(COMMANDS.c.id).where(mine).limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            rows = connection.execute(delete(COMMANDS).where(mine).returning(COMMANDS)).all()
        return [
            Command(row.kind, None if row.value is None else json.loads(row.value))
            for row in sorted(rows, key=lambda row: row.id)
        ]

    def reap(self) -> list[str]:
        """Marks as interrupted each run that is running or paused by the record, but whose worker is gone.

        A worker takes its run's lock before it sets the run running, and keeps it to the end. So whoever gets
        the lock of a running run knows that its worker is gone, for as long as they hold it.

        Returns:
            The ids of the runs that this call marked.
        """
        reaped = []
        for row in self.runs(statuses=("running", "paused")):
            with self.files(row.id).try_lock() as locked:
                if locked and self.set_status(
                    row.id, "interrupted", message=_LOST_MESSAGE, expect=("running", "paused")
                ):
                    reaped.append(row.id)
        return reaped


_stores: dict[tuple[int, Path], Store] = {}
_stores_lock = threading.Lock()


def get_store() -> Store:
    """The record in the folder of the settings; one object a process.

    Raises:
        StorageError: the record cannot be opened.
    """
    home = settings.get().home
    key = (os.getpid(), home)
    with _stores_lock:
        if key not in _stores:
            _stores[key] = Store(home / DATABASE_NAME)
        return _stores[key]


def close_store() -> None:
    """Closes what `get_store` opened in this process; the next call opens it anew."""
    with _stores_lock:
        for key in [key for key in _stores if key[0] == os.getpid()]:
            _stores.pop(key).close()


def _append(connection: Connection, run_id: str, payloads: Sequence[Payload], now: float) -> int:
    raised = update(RUNS).where(RUNS.c.id == run_id).values(last_seq=RUNS.c.last_seq + len(payloads))
    last = connection.execute(raised.returning(RUNS.c.last_seq)).scalar_one_or_none()
    if last is None:
        raise not_found(run_id)
    first = last - len(payloads) + 1
    rows = [
        {"run_id": run_id, "seq": seq, "time": now, "kind": payload.kind, "payload": payload.to_json()}
        for seq, payload in enumerate(payloads, start=first)
    ]
    if rows:
        connection.execute(insert(EVENTS), rows)
    return int(last)


def _run(connection: Connection, run_id: str) -> RunRow:
    row = connection.execute(select(RUNS).where(RUNS.c.id == run_id)).first()
    if row is None:
        raise not_found(run_id)
    return run_row(row)


def _default_name(design: Design, data_title: str | None) -> str:
    """That of the preset while the design is one, of the preset with a word where it was changed."""
    from cnnlab.spec import presets

    if design.preset is None:
        return data_title or design.dataset
    return design.preset if presets.of(design) else f"{design.preset}, changed"


def _free_name(connection: Connection, owner: str, wanted: str) -> str:
    taken = set(connection.execute(select(RUNS.c.name).where(RUNS.c.owner == owner)).scalars())
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name


def _check_statuses(*statuses: str) -> None:
    for status in statuses:
        if status not in STATUSES:
            raise ValueError(f"A status must be one of {', '.join(STATUSES)}. Received {status!r}.")
