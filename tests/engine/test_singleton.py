"""One engine a process, whatever Streamlit does to modules."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from cnnlab import engine as engine_module
from cnnlab.engine import close_engine, get_engine


@pytest.fixture
def reloaded() -> Iterator[ModuleType]:
    """`cnnlab.engine` imported anew, as Streamlit does after an edit."""
    old = {name: module for name, module in sys.modules.items() if name.startswith("cnnlab.engine")}
    get_engine()
    for name in old:
        del sys.modules[name]
    yield importlib.import_module("cnnlab.engine")
    close_engine()
    sys.modules.update(old)


def test_all_threads_get_the_same_engine() -> None:
    got: list[object] = []
    threads = [threading.Thread(target=lambda: got.append(get_engine())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, got))) == 1


def test_getting_the_engine_starts_no_process() -> None:
    assert get_engine().status().workers == ()


def test_a_closed_engine_is_followed_by_another() -> None:
    first = get_engine()
    close_engine()
    assert first.closed
    assert get_engine() is not first
    get_engine().close()
    assert not get_engine().closed


def test_an_idle_engine_of_outdated_code_is_replaced(reloaded: ModuleType) -> None:
    old = engine_module.get_engine.__globals__["_holder"]().engines
    before = next(iter(old.values()))
    after = reloaded.get_engine()
    assert before.closed
    assert type(after) is reloaded.Engine
    assert reloaded.get_engine() is after


def test_a_busy_engine_of_outdated_code_stays(reloaded: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    before = next(iter(engine_module._holder().engines.values()))
    monkeypatch.setattr(type(before), "busy", property(lambda self: True))
    assert reloaded.get_engine() is before
    assert not before.closed
