"""What the record says of a training, and something done in the middle of one."""

from __future__ import annotations

from collections.abc import Callable

from cnnlab.runs import History, RunRow, Store

STEPS = 63
"""Of the whole training of the fixture `design`: three epochs of 21."""


def history_of(store: Store, row: RunRow) -> History:
    return History.fold(store.events(row.id))


def kinds_of(store: Store, row: RunRow) -> list[str]:
    return [event.kind for event in store.events(row.id)]


class Hook:
    """Stands where the parent is asked for: does something in the middle of a training, at a known place."""

    def __init__(self, store: Store, act: Callable[[str, History], bool | None]) -> None:
        self._store, self._act = store, act

    def __call__(self) -> bool:
        (row,) = self._store.runs(statuses=("running", "paused"))
        return bool(self._act(row.id, history_of(self._store, row)))
