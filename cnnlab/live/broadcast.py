"""One reader of the record per watched run, however many watch it.

A `Feed` reads a run's new events a few times a second, turns each into bytes once and wakes its viewers. A
viewer's only state is the `seq` it was sent last: one that is slow finds several frames waiting, and one that
fell far behind reads the record itself, so no viewer waits for another.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from cnnlab.errors import RunNotFound
from cnnlab.live.frames import GREETING, HEARTBEAT, FrameLog, farewell, frame

if TYPE_CHECKING:
    from cnnlab.runs.events import Event

_LOG = logging.getLogger(__name__)

POLL_SECONDS = 0.15
"""Between two looks at the record: half of it is the mean delay of an event on its way to a browser."""

PATIENCE_SECONDS = 1.0
"""Between two looks at a record that could not be read."""

HEARTBEAT_SECONDS = 10.0
LINGER_SECONDS = 5.0
"""How long a run that nobody watches is still read: a page that reloads finds everything in memory."""

BATCH_EVENTS = 2000
SEND_BYTES = 256_000

ReadEvents = Callable[[str, int, int], "list[Event]"]
"""`(run_id, after, limit)` to events, from any thread."""

TellEnd = Callable[[str], "tuple[str, str] | None"]
"""Status and message of a run that has ended while its record could not be written."""


class Feed:
    """What the viewers of one run share.

    Args:
        run_id: The run.
        read: Reads events of the record.
        unrecorded: Tells an end that the record does not.
    """

    def __init__(self, run_id: str, read: ReadEvents, unrecorded: TellEnd) -> None:
        self.run_id = run_id
        self.log = FrameLog()
        self.viewers = 0
        self.status: str | None = None
        self.read_through = float("-inf")
        """When the last look began that found nothing new, on the monotonic clock."""
        self.changed = asyncio.Event()
        self._read = read
        self._unrecorded = unrecorded
        self._left = time.monotonic()
        self._woken = time.monotonic()

    async def follow(self) -> None:
        """Reads the record until nobody has watched for a while."""
        while self.viewers or time.monotonic() - self._left < LINGER_SECONDS:
            pause = POLL_SECONDS
            began = time.monotonic()
            try:
                events = await asyncio.to_thread(self._read, self.run_id, self.log.last, BATCH_EVENTS)
            except RunNotFound:
                self.status, self.read_through = "deleted", began
                self.wake()
            except Exception:  # whatever it was: a feed that died would leave its viewers waiting forever
                _LOG.warning(
                    "The record of run %s cannot be read now; trying again.", self.run_id, exc_info=True
                )
                pause = PATIENCE_SECONDS
            else:
                pause = self._take(events, began)
            if began - self._woken >= HEARTBEAT_SECONDS:
                self.wake()
            await asyncio.sleep(pause)

    def ended_since(self, moment: float) -> bool:
        """Whether the run is over, as a look at the record after `moment` has shown."""
        return self.read_through >= moment and _is_over(self.status)

    def older(self, seq: int) -> tuple[bytes, int]:
        """Frames above `seq` from the record itself, and the `seq` of the last. Blocks: for a thread."""
        events = self._read(self.run_id, seq, BATCH_EVENTS)
        return b"".join(map(frame, events)), events[-1].seq if events else seq

    def wake(self) -> None:
        """Lets every viewer look at what there is to send."""
        self._woken = time.monotonic()
        woken, self.changed = self.changed, asyncio.Event()
        woken.set()

    def leave(self) -> None:
        """A viewer has gone."""
        self.viewers -= 1
        self._left = time.monotonic()

    def _take(self, events: list[Event], began: float) -> float:
        """Publishes what was read. Returns the pause before the next look, in seconds."""
        self.log.extend(events)
        for event in events:
            if event.kind == "status":
                self.status = event.payload["status"]
        if not events:
            self.read_through = began
            if (end := self._unrecorded(self.run_id)) is not None:
                self.status = end[0]
            if _is_over(self.status):
                self.wake()
            return POLL_SECONDS
        self.wake()
        return 0.0 if len(events) == BATCH_EVENTS else POLL_SECONDS


class Broadcast:
    """The feeds of all watched runs of this server.

    Args:
        read: Reads events of the record; by default the record of this process.
        unrecorded: Tells an end that the record does not; by default the engine of this process.
    """

    def __init__(self, read: ReadEvents | None = None, unrecorded: TellEnd | None = None) -> None:
        self.stopping = False
        self._read = read or _read_record
        self._unrecorded = unrecorded or _unrecorded_end
        self._feeds: dict[str, Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def watched(self) -> dict[str, int]:
        """Viewers of each run that is being read."""
        return {run_id: feed.viewers for run_id, feed in self._feeds.items()}

    async def stream(self, run_id: str, after: int = 0) -> AsyncIterator[bytes]:
        """The run's events above `after` as `text/event-stream`, until run, viewer or server ends."""
        feed = self._feed(run_id)
        feed.viewers += 1
        try:
            yield GREETING
            async for piece in self._pieces(feed, after, time.monotonic()):
                yield piece
        finally:
            feed.leave()

    def stop(self) -> None:
        """Ends every stream, so that the server can end. Browsers will connect again by themselves."""
        self.stopping = True
        for feed in self._feeds.values():
            feed.wake()
        for task in self._tasks:
            task.cancel()

    async def _pieces(self, feed: Feed, seq: int, opened: float) -> AsyncIterator[bytes]:
        waited = False
        while not self.stopping:
            changed = feed.changed  # taken before looking, so that nothing that comes now is missed
            found = feed.log.after(seq, SEND_BYTES)
            piece, seq = found if found is not None else await asyncio.to_thread(feed.older, seq)
            if piece:
                yield piece
            elif feed.ended_since(opened):
                yield farewell(str(feed.status))
                return
            else:
                if waited:
                    yield HEARTBEAT
                await changed.wait()
            waited = not piece

    def _feed(self, run_id: str) -> Feed:
        feed = self._feeds.get(run_id)
        if feed is None:
            feed = self._feeds[run_id] = Feed(run_id, self._read, self._unrecorded)
            task = asyncio.get_running_loop().create_task(self._follow(feed))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return feed

    async def _follow(self, feed: Feed) -> None:
        try:
            await feed.follow()
        finally:
            self._feeds.pop(feed.run_id, None)


def _is_over(status: str | None) -> bool:
    from cnnlab.runs.events import ENDED  # the server listens sooner without pydantic

    return status in ENDED or status == "deleted"


def _read_record(run_id: str, after: int, limit: int) -> list[Event]:
    from cnnlab.runs.store import get_store  # SQLAlchemy is not needed for the first page

    return get_store().events(run_id, after=after, limit=limit)


def _unrecorded_end(run_id: str) -> tuple[str, str] | None:
    from cnnlab.engine import unrecorded_end  # imported with the engine, beside the first page

    return unrecorded_end(run_id)
