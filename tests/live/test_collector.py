"""What the search for unreachable objects leaves out and still finds; the oracle is the collector itself."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Callable, Iterator

import pytest

from cnnlab.live import collector


class Cycle:
    """An object that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def import_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Imports a module that was not there before; afterwards the collector is as it was."""
    before = gc.callbacks[:]
    collector.set_loaded_code_aside()

    def imported() -> None:
        name = f"test_collector_{len(sys.modules)}"
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))

    yield imported
    gc.callbacks[:] = before
    gc.unfreeze()


def test_loaded_code_is_searched_once(import_one: Callable[[], None]) -> None:
    import_one()
    gc.collect()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 1000


def test_what_comes_later_is_still_found(import_one: Callable[[], None]) -> None:
    import_one()
    gc.collect()
    later = weakref.ref(Cycle())
    gc.collect()
    assert later() is None


def test_what_was_set_aside_is_found_once_more_modules_come(import_one: Callable[[], None]) -> None:
    held = Cycle()
    import_one()
    gc.collect()
    given_up = weakref.ref(held)
    del held
    gc.collect()
    assert given_up() is not None
    import_one()
    gc.collect()
    assert given_up() is None


def test_what_was_set_aside_is_found_in_the_end(
    import_one: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "LOOK_AGAIN", 3)
    held = Cycle()
    import_one()
    gc.collect()
    given_up = weakref.ref(held)
    del held
    searches = 0
    while given_up() is not None and searches < 10:
        gc.collect()
        searches += 1
    assert searches == 4


def test_asked_twice_it_listens_once(import_one: Callable[[], None]) -> None:
    collector.set_loaded_code_aside()
    assert sum(type(each).__name__ == "_Keeper" for each in gc.callbacks) == 1
