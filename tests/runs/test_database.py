"""The database behind the record: opened, of another version, damaged, full, locked, shared."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from cnnlab.errors import StorageError
from cnnlab.runs import (
    Command,
    RunRow,
    Status,
    Steps,
    Store,
)
from cnnlab.runs.store import close_store, get_store
from cnnlab.spec.design import Design


def test_a_closed_store_opens_again(store: Store, run: RunRow) -> None:
    store.close()
    assert store.run(run.id) == run


def test_get_store_is_one_object_for_the_home_of_the_settings(home: Path) -> None:
    assert get_store() is get_store()
    assert get_store().home == home
    first = get_store()
    close_store()
    assert get_store() is not first


def test_a_record_of_a_newer_version_is_refused_and_left_alone(store: Store, run: RunRow) -> None:
    with store._database.write() as connection:
        connection.exec_driver_sql("PRAGMA user_version=99")
    store.close()
    with pytest.raises(
        StorageError, match=r"newer CNN Lab: it has version 99, this one reads up to version 3\."
    ):
        Store(store.path)
    untouched = sqlite3.connect(store.path)
    assert untouched.execute("PRAGMA user_version").fetchone() == (99,)
    untouched.close()


VERSION_2_RUNS = """
    CREATE TABLE older (
        id VARCHAR(10) NOT NULL PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL,
        status VARCHAR(16) NOT NULL, message TEXT, design TEXT NOT NULL, result TEXT NOT NULL,
        created_at FLOAT NOT NULL, started_at FLOAT, ended_at FLOAT, last_seq INTEGER NOT NULL
    )
"""


@pytest.mark.parametrize("version", [1, 2])
def test_a_record_of_an_older_version_is_brought_to_this_one(
    version: int, store: Store, run: RunRow, design: Design
) -> None:
    fresh = _tables(store)
    store.close()
    old = sqlite3.connect(store.path)  # foreign keys are off here: the events stay while their run is moved
    old.executescript(
        f"""
        {VERSION_2_RUNS};
        INSERT INTO older SELECT {", ".join(fresh["runs"][:11])} FROM runs;
        DROP TABLE runs;
        ALTER TABLE older RENAME TO runs;
        DROP TABLE commands;
        CREATE TABLE commands (id INTEGER PRIMARY KEY, run_id VARCHAR(10), kind VARCHAR(16));
        PRAGMA user_version={version};
        """
    )
    old.close()
    opened = Store(store.path)
    assert _tables(opened) == fresh
    assert opened.run(run.id) == run
    assert [event.kind for event in opened.events(run.id)] == ["status"]
    assert opened.send_command(run.id, "set", {"name": "dropout", "value": 0.5})
    assert opened.take_commands(run.id) == [Command("set", {"name": "dropout", "value": 0.5})]
    child = opened.create_run(design, "ada", parent=run.id, parent_step=21)
    assert (child.parent, child.parent_step) == (run.id, 21)
    opened.delete(run.id)
    assert opened.run(child.id).parent is None
    opened.close()


def _tables(store: Store) -> dict[str, list[str]]:
    """Names of the columns of each table."""
    with store._database.read() as connection:
        return {
            table: [column[1] for column in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
            for table in ("runs", "events", "commands")
        }


def test_a_file_that_is_no_database_is_named_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(StorageError, match=rf"The record {path} is damaged .*Move this file away"):
        Store(path)
    assert path.read_bytes() == b"no database " * 1000


def test_a_folder_that_cannot_be_made_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot be opened for writing \(.*set CNNLAB_HOME to a folder"):
        Store(tmp_path / "file" / "runs.sqlite")


def test_a_path_that_is_a_folder_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened for writing"):
        Store(tmp_path)


def test_a_full_disk_is_said_in_words_and_costs_nothing_that_was_written(
    store: Store, run: RunRow, steps: Callable[[int], Steps]
) -> None:
    store.append(run.id, [steps(1)])
    _limit_pages(store, 0)
    big = Status(status="running", message="x" * 1_000_000)
    with pytest.raises(StorageError, match=r"cannot be written: the disk is full\. Free some space"):
        store.append(run.id, [steps(2), big])
    assert [event.seq for event in store.events(run.id)] == [1, 2]
    _limit_pages(store, 10_000)
    assert store.append(run.id, [steps(2), big]) == 4


def test_a_locked_record_is_said_in_words_while_reading_goes_on(
    store: Store, run: RunRow, locked_by_another: Callable[[], AbstractContextManager[None]]
) -> None:
    impatient = Store(store.path, busy_seconds=0.05)
    with locked_by_another():
        with pytest.raises(StorageError, match=r"The record .* is locked by another program\. Try again"):
            impatient.rename(run.id, "x")
        assert impatient.run(run.id) == run
        opened = Store(store.path, busy_seconds=0.05)  # opening writes nothing to a record that is ready
        assert opened.run(run.id) == run
        opened.close()
    impatient.rename(run.id, "x")
    assert impatient.run(run.id).name == "x"
    impatient.close()


def test_those_who_read_do_not_wait_for_a_writer_who_waits(
    store: Store,
    run: RunRow,
    locked_by_another: Callable[[], AbstractContextManager[None]],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    patient = Store(store.path, busy_seconds=60)
    writer = threading.Thread(target=patient.rename, args=(run.id, "written"))
    with locked_by_another():
        writer.start()
        wait_until(lambda: _taken(patient._database._writer.lock))
        assert patient.run(run.id) == run
        assert len(patient.events(run.id)) == 1
        assert writer.is_alive()
    writer.join(60)
    assert patient.run(run.id).name == "written"
    patient.close()


def test_who_reads_cannot_write(store: Store, run: RunRow) -> None:
    with pytest.raises(StorageError, match="readonly"), store._database.read() as connection:
        connection.exec_driver_sql("DELETE FROM runs")
    assert store.run(run.id) == run


def _taken(lock: Any) -> bool:
    """Whether another thread holds the lock."""
    if lock.acquire(blocking=False):
        lock.release()
        return False
    return True


def _limit_pages(store: Store, more: int) -> None:
    """Lets the database grow by so many pages: SQLite then says what it says when the disk is full."""
    with store._database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + more}")
