from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from cnnlab.errors import RunNotFound, StorageError
from cnnlab.live import broadcast as module
from cnnlab.live.broadcast import Broadcast
from cnnlab.live.frames import GREETING, HEARTBEAT, FrameLog, farewell, frame
from cnnlab.runs.events import Event

RUN = "0123456789"


def event(seq: int, kind: str = "steps", **payload: Any) -> Event:
    return Event(seq, RUN, datetime(2026, 1, 1, tzinfo=UTC), kind, payload)


class Record:
    """A record in memory that counts how often it is read."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)
        self.reads = 0
        self.failure: Exception | None = None

    def read(self, run_id: str, after: int, limit: int) -> list[Event]:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return [each for each in self.events if each.seq > after][:limit]

    def say(self, kind: str, **payload: Any) -> None:
        self.events.append(event(len(self.events) + 1, kind, **payload))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.002)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.002)
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.0)


def play(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 20))


async def everything(broadcast: Broadcast, after: int = 0) -> bytes:
    return b"".join([piece async for piece in broadcast.stream(RUN, after)])


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_a_run_that_ended_is_sent_whole_and_then_bidden_farewell() -> None:
    record = Record(event(1), event(2), event(3, "status", status="finished"))

    async def scene() -> None:
        sent = await everything(Broadcast(record.read))
        assert sent.startswith(GREETING)
        assert b"".join(map(frame, record.events)) in sent
        assert sent.endswith(farewell("finished"))

    play(scene)


def test_a_viewer_is_sent_what_comes_after_the_event_it_names() -> None:
    record = Record(event(1), event(2), event(3, "status", status="stopped"))

    async def scene() -> None:
        sent = await everything(Broadcast(record.read), after=1)
        assert frame(record.events[0]) not in sent
        assert frame(record.events[1]) in sent

    play(scene)


def test_many_viewers_share_one_reader() -> None:
    record = Record(event(1))
    broadcast = Broadcast(record.read)

    async def scene() -> None:
        viewers = [asyncio.create_task(everything(broadcast)) for _ in range(50)]
        await until(lambda: broadcast.watched == {RUN: 50})
        before = record.reads
        for _ in range(20):
            record.say("steps")
            await asyncio.sleep(0.004)
        record.say("status", status="finished")
        sent = await asyncio.gather(*viewers)
        assert record.reads - before < 200, "each viewer would have read more than 20 times"
        whole = b"".join(map(frame, record.events))
        assert all(one.replace(HEARTBEAT, b"") == GREETING + whole + farewell("finished") for one in sent)

    play(scene)


def test_a_status_that_was_followed_by_a_resume_does_not_end_the_stream() -> None:
    record = Record(event(1, "status", status="stopped"), event(2, "status", status="running"), event(3))
    broadcast = Broadcast(record.read)

    async def scene() -> None:
        viewer = asyncio.create_task(everything(broadcast))
        await until(lambda: record.reads > 5)
        assert not viewer.done()
        record.say("status", status="finished")
        assert (await viewer).endswith(farewell("finished"))

    play(scene)


def test_a_viewer_who_comes_back_after_a_resume_is_not_sent_away_by_what_was_read_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LINGER_SECONDS", 10.0)
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    record = Record(event(1, "status", status="stopped"))
    broadcast = Broadcast(record.read)

    async def scene() -> None:
        assert (await everything(broadcast)).endswith(farewell("stopped"))
        record.say("status", status="running")
        viewer = asyncio.create_task(everything(broadcast, after=1))
        before = record.reads
        await until(lambda: record.reads > before + 2)
        assert not viewer.done()
        record.say("status", status="finished")
        assert frame(record.events[1]) in await viewer
        broadcast.stop()

    play(scene)


def test_one_who_fell_behind_what_is_kept_in_memory_reads_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = Record(
        *(event(seq, text="x" * 100) for seq in range(1, 200)), event(200, "status", status="failed")
    )
    monkeypatch.setattr(FrameLog.__init__, "__defaults__", (1000,))
    monkeypatch.setattr(module, "BATCH_EVENTS", 30)
    monkeypatch.setattr(module, "SEND_BYTES", 500)

    async def scene() -> None:
        sent = await everything(Broadcast(record.read))
        whole = b"".join(map(frame, record.events))
        assert sent.replace(HEARTBEAT, b"") == GREETING + whole + farewell("failed")

    play(scene)


def test_a_quiet_stream_says_that_it_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.01)
    broadcast = Broadcast(Record(event(1, "status", status="running")).read)

    async def scene() -> None:
        stream = broadcast.stream(RUN)
        while await anext(stream) != HEARTBEAT:
            pass
        await stream.aclose()

    play(scene)


def test_a_run_that_nobody_watches_any_more_is_not_read_any_more() -> None:
    record = Record(event(1))
    broadcast = Broadcast(record.read)

    async def scene() -> None:
        stream = broadcast.stream(RUN)
        await anext(stream)
        assert broadcast.watched == {RUN: 1}
        await stream.aclose()
        await until(lambda: broadcast.watched == {})
        reads = record.reads
        await asyncio.sleep(0.02)
        assert record.reads == reads

    play(scene)


@pytest.mark.parametrize("failure", [StorageError("The record is locked."), RuntimeError("Bug.")])
def test_a_record_that_cannot_be_read_for_a_while_only_delays(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    record = Record(event(1), event(2, "status", status="finished"))
    record.failure = failure

    async def scene() -> None:
        viewer = asyncio.create_task(everything(Broadcast(record.read)))
        await until(lambda: record.reads > 2)
        assert not viewer.done()
        record.failure = None
        assert (await viewer).endswith(farewell("finished"))

    play(scene)
    assert f"The record of run {RUN} cannot be read now" in caplog.text


def test_the_stream_of_a_run_whose_end_cannot_be_recorded_tells_it() -> None:
    record = Record(event(1, "status", status="running"))
    ends = {RUN: ("interrupted", "the disk is full")}

    async def scene() -> None:
        sent = await everything(Broadcast(record.read, ends.get))
        assert sent.endswith(farewell("interrupted"))

    play(scene)


def test_the_stream_of_a_run_that_is_deleted_ends() -> None:
    record = Record(event(1))

    async def scene() -> None:
        viewer = asyncio.create_task(everything(Broadcast(record.read)))
        await until(lambda: record.reads > 2)
        record.failure = RunNotFound("There is no such run.")
        assert (await viewer).endswith(farewell("deleted"))

    play(scene)


def test_stopping_ends_every_stream_and_reader() -> None:
    broadcast = Broadcast(Record(event(1)).read)

    async def scene() -> None:
        viewers = [asyncio.create_task(everything(broadcast)) for _ in range(3)]
        await until(lambda: broadcast.watched == {RUN: 3})
        broadcast.stop()
        sent = await asyncio.gather(*viewers)
        assert not any(b"event: end" in one for one in sent), "browsers connect again to the next server"
        await until(lambda: broadcast.watched == {})

    play(scene)


def test_the_log_forgets_its_oldest_frames() -> None:
    log = FrameLog(limit=len(frame(event(1))) * 3)
    log.extend([event(seq) for seq in range(1, 7)])
    assert log.after(6, 10_000) == (b"", 6)
    assert log.after(5, 10_000) == (frame(event(6)), 6)
    assert log.after(3, 10_000) == (b"".join(frame(event(seq)) for seq in (4, 5, 6)), 6)
    assert log.after(2, 10_000) is None


def test_the_log_gives_no_more_at_once_than_asked_for() -> None:
    log = FrameLog()
    log.extend([event(seq) for seq in range(1, 7)])
    assert log.after(0, 1) == (frame(event(1)), 1)
