"""Who trains next: first come first served, fair between owners."""

from __future__ import annotations

from dataclasses import dataclass, field

REMEMBERED_OWNERS = 1000
"""Owners whose last turn is remembered; every new browser is a new owner, so the memory needs an end."""


@dataclass
class FairQueue:
    """Runs that wait for a worker.

    The next run belongs to the owner whose last turn is the longest ago (never is longest); among the runs of
    one owner, and between owners who never had a turn, the one that came first goes first. One owner's twenty
    runs therefore delay another owner's first by one training, not by twenty.

    Not thread-safe: the engine calls it under its lock.
    """

    _waiting: dict[str, str] = field(default_factory=dict)  # run id -> owner, in order of arrival
    _last_turn: dict[str, int] = field(default_factory=dict)  # owner -> number of the turn it had last
    _turns: int = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._waiting

    def push(self, run_id: str, owner: str) -> bool:
        """Add a run at the end. Returns False, and changes nothing, when it waits already."""
        if run_id in self._waiting:
            return False
        self._waiting[run_id] = owner
        return True

    def pop(self) -> str:
        """Take the run whose turn it is, and remember that its owner had a turn.

        Raises:
            LookupError: no run waits.
        """
        if not self._waiting:
            raise LookupError("No run waits in the queue.")
        run_id = self._next()
        owner = self._waiting.pop(run_id)
        self._turns += 1
        self._last_turn.pop(owner, None)
        self._last_turn[owner] = self._turns  # re-inserted: the dictionary stays ordered by turn
        if len(self._last_turn) > REMEMBERED_OWNERS:
            del self._last_turn[next(iter(self._last_turn))]
        return run_id

    def remove(self, run_id: str) -> bool:
        """Take a run out of the queue without its turn. Returns whether it waited."""
        return self._waiting.pop(run_id, None) is not None

    def position(self, run_id: str) -> int | None:
        """How many runs go before this one (0: it is next), or None when it does not wait."""
        if run_id not in self._waiting:
            return None
        return self.order().index(run_id)

    def order(self) -> list[str]:
        """All waiting runs in the order in which they will go, if none is added."""
        trial = FairQueue(dict(self._waiting), dict(self._last_turn), self._turns)
        return [trial.pop() for _ in range(len(trial))]

    def _next(self) -> str:
        return min(self._waiting, key=lambda run_id: self._last_turn.get(self._waiting[run_id], 0))
