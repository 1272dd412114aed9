"""The database behind the record: its tables, how it is opened, its transactions and its errors in words."""

from __future__ import annotations

import errno
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from cnnlab.errors import StorageError

SCHEMA_VERSION = 3
"""SQLite's `user_version`; raise it with every change of a table, and write the change to `_upgrade`."""

BUSY_SECONDS = 5.0
"""How long a transaction waits for another one. Ours take milliseconds: longer is another program's."""

METADATA = MetaData()

# Times are seconds since 1970 in UTC: the one form that no driver and no time zone reinterprets.
RUNS = Table(
    "runs",
    METADATA,
    Column("id", String(10), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("message", Text),
    Column("design", Text, nullable=False),
    Column("result", Text, nullable=False, default="{}"),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    # Raised in the transaction that inserts the events: this row is what gives each event its own number.
    Column("last_seq", Integer, nullable=False, default=0),
    Column("parent", String(10), ForeignKey("runs.id", ondelete="SET NULL")),
    Column("parent_step", Integer),
    Index("runs_by_owner", "owner", "created_at"),
    Index("runs_by_status", "status"),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("run_id", String(10), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("time", Float, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("payload", Text, nullable=False),
    # Events lie in the order in which they are read: a run's page is one range, not one look-up an event.
    sqlite_with_rowid=False,
)

COMMANDS = Table(
    "commands",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(10), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("value", Text),
)


_LINEAGE = ("parent VARCHAR(10) REFERENCES runs (id) ON DELETE SET NULL", "parent_step INTEGER")
"""Columns of `runs` that version 3 added, as SQLite's ALTER TABLE takes them."""


class Database:
    """Two connections to the record for all threads of this process: one that writes, one that only reads.

    A writer may wait seconds for another process's transaction; those who read then go on all the same, as
    SQLite's write-ahead log lets them.

    Args:
        path: File of the SQLite database; made when there is none.
        busy_seconds: How long a transaction waits for another process's, in seconds.

    Raises:
        StorageError: the file cannot be opened, is no database, or belongs to a newer CNN Lab.
    """

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self.busy_seconds = busy_seconds
        self._writer = _Access(path, busy_seconds)
        self._reader = _Access(path, busy_seconds, read_only=True)
        try:
            with self._in_words():
                path.parent.mkdir(parents=True, exist_ok=True)
                self._prepare()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the record throughout."""
        with self._in_words(), self._reader.transaction("BEGIN", self.busy_seconds) as connection:
            yield connection

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[Connection]:
        """A transaction that is the only writer from its start: what it reads stays true until it commits.

        Args:
            patience: How long to wait for another writer, in seconds; None: `busy_seconds`.
        """
        seconds = self.busy_seconds if patience is None else patience
        with self._in_words(), self._writer.transaction("BEGIN IMMEDIATE", seconds) as connection:
            yield connection

    def close(self) -> None:
        """Closes both connections; the next transaction opens its own again."""
        for access in (self._reader, self._writer):
            access.close()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, OSError, filelock.Timeout) as exc:
            raise StorageError(_words(exc, self.path)) from exc

    def _prepare(self) -> None:
        """Makes or checks the tables; one process at a time, the others find the work done."""
        with self.read() as connection:
            if self._version(connection) == SCHEMA_VERSION:
                return
        with filelock.FileLock(self.path.with_name(self.path.name + ".lock"), timeout=self.busy_seconds):
            self._use_wal()
            with self.write() as connection:
                self._upgrade(connection, self._version(connection))

    def _use_wal(self) -> None:
        """Lets readers go on while one writes; the file itself remembers it.

        Where the file system cannot do it (a network folder) SQLite keeps its older journal: safe but slow.
        """
        connection = self._writer.engine.raw_connection()  # not possible inside a transaction
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL").close()
        finally:
            connection.close()

    def _version(self, connection: Connection) -> int:
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"The record {self.path} was written by a newer CNN Lab: it has version {version}, this one "
                f"reads up to version {SCHEMA_VERSION}. Update CNN Lab, or set CNNLAB_HOME to another folder."
            )
        return version

    def _upgrade(self, connection: Connection, version: int) -> None:
        """Brings the tables from `version` (0: there are none) to this one, in one transaction."""
        if version < 3:  # commands got a value; those that nobody has taken yet are not worth keeping
            COMMANDS.drop(connection, checkfirst=True)
            if version > 0:
                for column in _LINEAGE:
                    connection.exec_driver_sql(f"ALTER TABLE runs ADD COLUMN {column}")
            METADATA.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")


class _Access:
    """One connection and the lock under which the threads of this process share it."""

    def __init__(self, path: Path, busy_seconds: float, *, read_only: bool = False) -> None:
        self.lock = threading.RLock()
        self.engine = _engine(path, busy_seconds)
        if read_only:
            event.listen(self.engine, "connect", _only_read)
        # A thread that outlives `close` opens the connection again: whoever drops the record still closes it.
        weakref.finalize(self, self.engine.dispose)

    @contextmanager
    def transaction(self, begin: str, seconds: float) -> Iterator[Connection]:
        with self.lock, self.engine.connect() as connection:
            connection.execution_options(cnnlab_begin=begin, cnnlab_seconds=seconds)
            with connection.begin():
                yield connection

    def close(self) -> None:
        with self.lock:
            self.engine.dispose()


def _engine(path: Path, busy_seconds: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": busy_seconds},
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # Python's driver would begin transactions of its own, and late
    # A commit then survives the death of the process, not of the machine: a training loses at most its last
    # points to a power cut, and pays no fsync for each batch of events.
    connection.execute("PRAGMA synchronous=NORMAL").close()
    connection.execute("PRAGMA foreign_keys=ON").close()


def _only_read(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA query_only=ON").close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    milliseconds = round(1000 * options.get("cnnlab_seconds", BUSY_SECONDS))
    connection.exec_driver_sql(f"PRAGMA busy_timeout={milliseconds}")
    connection.exec_driver_sql(options.get("cnnlab_begin", "BEGIN"))


def _words(exc: BaseException, path: Path) -> str:
    """What went wrong with the database, and what to do."""
    cause = getattr(exc, "orig", exc)
    code = (
        getattr(cause, "sqlite_errorcode", 0) & 0xFF
    )  # the lowest byte is the kind, the rest its finer shade
    if isinstance(exc, filelock.Timeout) or code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"The record {path} is locked by another program. Try again, or find what holds it open."
    if code == sqlite3.SQLITE_FULL or getattr(cause, "errno", None) == errno.ENOSPC:
        return f"The record {path} cannot be written: the disk is full. Free some space and try again."
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return (
            f"The record {path} is damaged ({cause}). Move this file away to begin with an empty record, or "
            f"put a backup in its place."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN) or isinstance(cause, OSError):
        return (
            f"The record {path} cannot be opened for writing ({cause}). Check its folder and permissions, "
            f"or set CNNLAB_HOME to a folder that can be written."
        )
    return f"The record {path} cannot be used: {cause}."
