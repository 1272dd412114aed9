"""Trainings stand still for a moment while a page answers somebody.

Niceness alone does not keep pages quick on a machine of few cores: a training's threads fill all of them,
and what a page needs finds cold caches and half a core. Measured on 2 cores: a slider in Design took 331 ms
at the 95th percentile beside a training of niceness 10, and 205 ms without one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

FEW_CORES = 4
"""With more cores niceness is left to do it alone: what stands still might be a graphics card."""

HOLD_SECONDS = 0.35
"""How long trainings stand still after an action: a page is redrawn by then, in server and browser."""

SAVED_SECONDS = 3.0
"""The most that they stand still in a row, when somebody acts again and again."""

SHARE = 0.5
"""The greatest share of the time that they stand still when many act all the time, 0–1."""


class Held(Protocol):
    """A process that can stand still."""

    def hold(self) -> bool:
        """Stop it; false where that cannot be done."""

    def go_on(self) -> None:
        """Have it go on."""


class Courtesy:
    """Stops trainings for a moment, and sees to it that they go on. Any thread may call its methods.

    Args:
        trainings: Gives the processes that are to stand still now.
        cores: Cores of this machine; with more than `FEW_CORES` nothing is stopped.
        clock: Seconds that pass.
    """

    def __init__(
        self,
        trainings: Callable[[], Iterable[Held]],
        *,
        cores: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trainings = trainings
        self._wanted = (cores or os.cpu_count() or 1) <= FEW_CORES
        self._clock = clock
        self._changed = threading.Condition()
        self._held: list[Held] = []
        self._until = self._free_until = clock()
        self._saved, self._counted = SAVED_SECONDS, clock()

    def give_way(self, seconds: float | None = None) -> None:
        """Somebody waits: trainings stand still from now on, for so long. Returns at once.

        Args:
            seconds: how long; None: `HOLD_SECONDS`, for a page.
        """
        wanted = HOLD_SECONDS if seconds is None else seconds
        with self._changed:
            now = self._clock()
            if self._held:
                self._until = max(self._until, min(now + wanted, self._counted + self._saved))
                return
            self._saved = min(SAVED_SECONDS, self._saved + SHARE / (1 - SHARE) * (now - self._counted))
            self._counted = now
            if not self._wanted or self._saved < HOLD_SECONDS or now < self._free_until:
                return
            self._held = [training for training in self._trainings() if training.hold()]
            if self._held:
                self._until = now + min(wanted, self._saved)
                threading.Thread(target=self._see_to_it, name="cnnlab-courtesy", daemon=True).start()

    def end(self, seconds: float = 0.0) -> None:
        """Whatever stands still goes on now, and nothing is stopped for so many seconds."""
        with self._changed:
            self._free_until = self._clock() + seconds
            self._let_go()
            self._changed.notify_all()

    def _see_to_it(self) -> None:
        with self._changed:
            while self._held and (left := self._until - self._clock()) > 0:
                self._changed.wait(left)
            self._let_go()

    def _let_go(self) -> None:
        """Under the lock: have all go on, and count how long they stood still."""
        if self._held:
            now = self._clock()
            self._saved, self._counted = self._saved - (now - self._counted), now
        for training in self._held:
            training.go_on()
        self._held = []
