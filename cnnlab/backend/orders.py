"""What a training is asked to do in its course: go on, hold, make a step, change a setting, stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from cnnlab.errors import StorageError
from cnnlab.runs import Command, Store

_LOG = logging.getLogger(__name__)

POLL_SECONDS = 0.05
"""How often a paused training looks for commands, in seconds."""


class Halt(Exception):
    """The training is to end here, with this status."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Listener(Protocol):
    """The training that is told."""

    def hold(self, paused: bool) -> None:
        """It is paused from now on, or goes on."""

    def change(self, name: str, value: float) -> None:
        """A setting has another value from the next step on."""

    def steps_to_epoch_end(self) -> int:
        """Steps until the epoch is complete; 0 in its validation."""


class Orders:
    """The commands of a run, obeyed in their order.

    Args:
        store: The record.
        run_id: The run.
        listener: The training that is told.
        stop_requested: True when the process that asked for the training has gone.
    """

    def __init__(
        self, store: Store, run_id: str, listener: Listener, stop_requested: Callable[[], bool]
    ) -> None:
        self._store, self._run_id = store, run_id
        self._listener = listener
        self._stop_requested = stop_requested
        self._paused = False
        self._left: int | None = None
        """Steps that may still be made before the training holds; None: as many as there are."""

    @property
    def stepping(self) -> bool:
        """Whether a paused training makes single steps."""
        return self._paused and bool(self._left)

    def limit(self, steps: int) -> int:
        """At most so many steps may be made now."""
        return steps if self._left is None else min(steps, self._left)

    def made(self, steps: int) -> None:
        """Note that steps were made."""
        if self._left is not None:
            self._left -= steps

    def obey(self, *, between_steps: bool = True) -> None:
        """Take commands; return when the training may go on.

        Args:
            between_steps: Whether a step comes next; where not, as in a validation, steps that are used up
                do not hold the training yet.

        Raises:
            Halt: It is to end here.
        """
        while True:
            if self._stop_requested():
                raise Halt("interrupted")
            for command in self._commands():
                self._take(command)
            if between_steps and self._left == 0:
                self._left = None
                self._hold(True)
            if not self._paused or self._left:
                return
            time.sleep(POLL_SECONDS)

    def _take(self, command: Command) -> None:
        if command.kind == "stop":
            raise Halt("stopped")
        if command.kind == "step":
            self._left = (self._left or 0) + 1
        elif command.kind == "epoch":
            self._left = self._listener.steps_to_epoch_end()
            self._hold(False)
        elif command.kind == "set" and command.value is not None:
            self._listener.change(command.value["name"], command.value["value"])
        elif command.kind in ("pause", "resume"):
            self._left = None
            self._hold(command.kind == "pause")

    def _hold(self, paused: bool) -> None:
        if paused != self._paused:
            self._paused = paused
            self._listener.hold(paused)

    def _commands(self) -> list[Command]:
        try:
            return self._store.take_commands(self._run_id)
        except StorageError as exc:  # they stay in the record; a locked one must not end the training
            _LOG.warning("Run %s: commands cannot be read now: %s", self._run_id, exc)
            return []
