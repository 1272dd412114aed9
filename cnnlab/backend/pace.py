"""How much to do at once, and how often: the chart moves and a stop is obeyed several times a second."""

from __future__ import annotations

import time
from collections.abc import Callable

CHUNK_SECONDS = 0.15
"""What one call should last: the chart moves six times a second, and a call's own cost stays small."""
MAX_GROWTH = 4
"""The first step is slow, and so is any after a pause of the machine: the size finds back in a few calls."""


class Pace:
    """The number of steps of the next call, from how long the last ones took."""

    def __init__(self, chunk_seconds: float = CHUNK_SECONDS) -> None:
        self.steps = 1  # the chart's first point is waited for
        self._chunk_seconds = chunk_seconds

    def took(self, steps: int, seconds: float) -> None:
        """Note that a call of so many steps took so many seconds."""
        fitting = int(steps * self._chunk_seconds / max(seconds, 1e-9))
        self.steps = max(1, min(fitting, MAX_GROWTH * self.steps))


class Ration:
    """When something that costs time may be done again, so that it takes a small share of all time.

    Args:
        share: The greatest share of the time that it may take, 0–1.
        every: The least time from one to the next, in seconds.
        first: The time before the first, in seconds.
        clock: Seconds that pass.
    """

    def __init__(
        self, share: float, every: float, first: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._share, self._every, self._clock = share, every, clock
        self._next = clock() + first

    @property
    def due(self) -> bool:
        """Whether it may be done now."""
        return self._clock() >= self._next

    def spent(self, seconds: float) -> None:
        """Note that it was done, and how long it took."""
        self._next = self._clock() + max(self._every, seconds / self._share)
