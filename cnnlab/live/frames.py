"""Events as the bytes that browsers read, kept once for all viewers of a run."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlab.runs.events import Event

KEPT_BYTES = 2_000_000
"""Newest frames of a watched run that stay in memory; a viewer who needs older ones reads the record."""

GREETING = b"retry: 2000\nevent: hello\ndata: {}\n\n"
"""Sent at once: a browser that has not received it after a while sits behind a proxy that buffers."""

HEARTBEAT = b": still here\n\n"
"""A comment, which browsers skip: it keeps proxies from closing a quiet stream and finds closed ones."""


def frame(event: Event) -> bytes:
    """The event as one message of `text/event-stream`, whose id is the event's `seq`."""
    return f"id: {event.seq}\ndata: {event.to_json()}\n\n".encode()


def farewell(status: str) -> bytes:
    """The last message of a stream: the run has ended, there is nothing to reconnect for."""
    return f"event: end\ndata: {json.dumps({'status': status})}\n\n".encode()


class FrameLog:
    """The newest frames of one run, in the order of their `seq`, in at most `limit` bytes.

    Args:
        limit: Bytes to keep; the newest frame is kept whatever its size.
    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self.limit = limit
        self.last = 0
        self._frames: deque[bytes] = deque()
        self._bytes = 0

    def extend(self, events: Sequence[Event]) -> None:
        """Adds events that follow those added before, and forgets the oldest beyond the limit."""
        for event in events:
            encoded = frame(event)
            self._frames.append(encoded)
            self._bytes += len(encoded)
            self.last = event.seq
        while self._bytes > self.limit and len(self._frames) > 1:
            self._bytes -= len(self._frames.popleft())

    def after(self, seq: int, limit: int) -> tuple[bytes, int] | None:
        """The frames above `seq`, joined to about `limit` bytes, and the `seq` of the last one among them.

        Returns:
            `(b"", seq)` when there is none yet; None when the frame after `seq` was forgotten.
        """
        if seq >= self.last:
            return b"", seq
        first = self.last - len(self._frames) + 1
        if seq + 1 < first:
            return None
        if seq + 1 == self.last:  # the usual case: every viewer is sent the very same bytes
            return self._frames[-1], self.last
        picked: list[bytes] = []
        size = 0
        for place in range(seq + 1 - first, len(self._frames)):
            picked.append(self._frames[place])
            size += len(picked[-1])
            if size >= limit:
                break
        return b"".join(picked), seq + len(picked)
