"""How many steps to make in one call, so that the chart moves and a stop is obeyed several times a second."""

from __future__ import annotations

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
