"""A message of a page's connection has trainings give way; nothing else does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from cnnlab import engine, live
from cnnlab.live.give_way import GiveWay

SLIDER: Message = {"type": "websocket.receive", "bytes": b"slider"}
CONNECTION: list[Message] = [{"type": "websocket.connect"}, SLIDER, SLIDER, {"type": "websocket.disconnect"}]


class Recorder:
    """An engine that counts."""

    def __init__(self) -> None:
        self.gave_way = 0

    def give_way(self) -> None:
        self.gave_way += 1


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(engine, "running_engine", lambda: recorder)
    return recorder


def received(kind: str, messages: list[Message]) -> list[Any]:
    """What an application inside the middleware receives of a connection of this kind."""
    coming, seen = iter(messages), []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([await receive() for _ in messages])

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        raise AssertionError(f"nobody sends: {message}")

    asyncio.run(GiveWay(app)({"type": kind}, receive, send))
    return seen


def test_trainings_give_way_to_each_message_of_a_page(recorder: Recorder) -> None:
    assert received("websocket", CONNECTION) == CONNECTION
    assert recorder.gave_way == 2, "opening and closing are no actions"


def test_watching_a_run_slows_no_training(recorder: Recorder) -> None:
    request: list[Message] = [{"type": "http.request", "body": b""}]
    assert received("http", request) == request
    assert recorder.gave_way == 0


def test_a_page_answers_before_there_is_an_engine() -> None:
    engine.close_engine()
    assert received("websocket", CONNECTION) == CONNECTION
    assert engine.running_engine() is None, "a message makes none"


def test_the_server_has_the_middleware() -> None:
    assert GiveWay in [each.cls for each in live.middleware()]
