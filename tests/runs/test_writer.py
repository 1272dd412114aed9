from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from cnnlab.errors import RunNotFound, StorageError
from cnnlab.runs import EventWriter, History, RunRow, Status, Steps, Store
from cnnlab.runs import writer as writer_module

OneStep = Callable[[int], Steps]
Locked = Callable[[], AbstractContextManager[None]]


class Clock:
    """Stands in for `time` in the writer: a test decides what time it is."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr(writer_module, "time", fake)
    return fake


def _losses(store: Store, run: RunRow) -> list[float]:
    return History.fold(store.events(run.id)).loss.tolist()


def test_the_first_payload_goes_out_at_once_and_the_next_together(
    store: Store, run: RunRow, steps: OneStep, clock: Clock
) -> None:
    writer = EventWriter(store, run.id)
    writer.append(steps(1))
    assert _losses(store, run) == [1]
    clock.now += 0.1
    writer.append(steps(2))
    assert (_losses(store, run), writer.waiting) == ([1], 1)
    clock.now += 0.1
    writer.append(steps(3))
    assert (_losses(store, run), writer.waiting) == ([1, 2, 3], 0)


def test_a_full_batch_goes_out_before_its_time(
    store: Store, run: RunRow, steps: OneStep, clock: Clock
) -> None:
    writer = EventWriter(store, run.id, flush_payloads=3)
    for step in (1, 2, 3):
        writer.append(steps(step))
    assert _losses(store, run) == [1]
    writer.append(steps(4))
    assert _losses(store, run) == [1, 2, 3, 4]


def test_the_end_of_the_block_writes_what_waits(
    store: Store, run: RunRow, steps: OneStep, clock: Clock
) -> None:
    with EventWriter(store, run.id) as writer:
        for step in (1, 2, 3):
            writer.append(steps(step))
        assert writer.waiting == 2
        assert writer.flush()
        assert writer.waiting == 0
        writer.append(steps(4))
    assert _losses(store, run) == [1, 2, 3, 4]
    assert len(store.events(run.id)) == 5  # no note: nothing went wrong


def test_payloads_outlast_a_locked_record_and_the_run_says_so_afterwards(
    store: Store,
    run: RunRow,
    steps: OneStep,
    clock: Clock,
    locked_by_another: Locked,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.set_status(run.id, "running")
    writer = EventWriter(store, run.id, patience=0.01)
    with locked_by_another(), caplog.at_level(logging.WARNING):
        for step in range(1, 9):
            writer.append(steps(step))
            clock.now += 0.5
        assert writer.waiting == 8
        assert not writer.flush()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "are kept in memory: The record" in caplog.text
    clock.now += 8
    writer.append(steps(9))
    assert writer.waiting == 0
    assert _losses(store, run) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    row = store.run(run.id)
    assert row.status == "running"
    assert row.message is not None
    assert row.message.startswith("The record stood still for 12.0 s and is complete again. The record")
    assert row.message.endswith("is locked by another program. Try again, or find what holds it open.")
    last = store.events(run.id)[-1].parsed()
    assert last == Status(status="running", message=row.message)
    clock.now += 1
    writer.append(steps(10))
    assert len(store.events(run.id)) == 2 + 10 + 1  # said once


def test_tries_grow_apart_while_the_record_is_locked(
    store: Store, run: RunRow, steps: OneStep, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    def fail(*_: object, **__: object) -> int:
        tries.append(clock.now - 1000)
        raise StorageError("The record is locked.")

    monkeypatch.setattr(store, "append", fail)
    writer = EventWriter(store, run.id, flush_payloads=2, backoff=(0.5, 1.0, 4.0))
    for step in range(1, 81):
        writer.append(steps(step))
        clock.now += 0.25
    assert tries == [0, 0.5, 1.5, 5.5, 9.5, 13.5, 17.5]


def test_a_full_disk_keeps_the_payloads_until_there_is_space(
    store: Store, run: RunRow, steps: OneStep, clock: Clock
) -> None:
    writer = EventWriter(store, run.id)
    _limit_pages(store, 0)
    writer.append(Status(status="running", message="x" * 100_000))
    writer.append(steps(1))
    assert writer.waiting == 2
    _limit_pages(store, 10_000)
    clock.now += 60
    writer.append(steps(2))
    assert _losses(store, run) == [1, 2]
    message = store.run(run.id).message
    assert message is not None
    assert "stood still for 60.0 s" in message
    assert "the disk is full" in message


def test_a_note_that_could_not_be_written_is_written_later(
    store: Store, run: RunRow, steps: OneStep, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> bool:
        raise StorageError("The record is locked.")

    writer = EventWriter(store, run.id)
    with monkeypatch.context() as broken:
        broken.setattr(store, "append", fail)
        writer.append(steps(1))
    with monkeypatch.context() as broken:
        broken.setattr(store, "set_status", fail)
        assert writer.flush()
    assert store.run(run.id).message is None
    writer.close()
    assert _losses(store, run) == [1]
    message = store.run(run.id).message
    assert message is not None
    assert "stood still" in message


def test_more_than_can_be_kept_is_an_error_in_words(
    store: Store, run: RunRow, steps: OneStep, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise StorageError("The record is locked.")

    monkeypatch.setattr(store, "append", fail)
    writer = EventWriter(store, run.id, kept_payloads=3)
    for step in (1, 2, 3):
        writer.append(steps(step))
        clock.now += 1
    expected = rf"^Run {run.id} cannot be recorded: 4 events wait since 3 s\. The record is locked\.$"
    with pytest.raises(StorageError, match=expected):
        writer.append(steps(4))


def test_what_cannot_be_written_at_the_end_is_an_error_and_may_be_closed_again(
    store: Store, run: RunRow, steps: OneStep, locked_by_another: Locked
) -> None:
    writer = EventWriter(store, run.id, patience=0.01)
    with locked_by_another():
        writer.append(steps(1))
        expected = rf"^The last 1 events of run {run.id} could not be recorded\. The record .* is locked"
        with pytest.raises(StorageError, match=expected):
            writer.close(patience=0.01)
    writer.close()
    assert _losses(store, run) == [1]


def test_a_deleted_run_ends_its_writer(store: Store, run: RunRow, steps: OneStep) -> None:
    writer = EventWriter(store, run.id)
    store.delete(run.id)
    with pytest.raises(RunNotFound):
        writer.append(steps(1))


def _limit_pages(store: Store, more: int) -> None:
    with store._database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + more}")
