"""Whoever acts on a page goes before the trainings of this server."""

from __future__ import annotations

import sys

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class GiveWay:
    """Middleware that has trainings stand still for a moment when a browser's message comes.

    A message of a page's connection is an action: a click, a slider let go, a page opened. What a live chart
    is sent goes another way, so that a training does not slow itself down.

    Args:
        app: The application inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at what a page's connection receives."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return

        async def receive_and_give_way() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                _give_way()
            return message

        await self.app(scope, receive_and_give_way, send)


def _give_way() -> None:
    # Looked up, not imported: the first page does not wait for the engine, without which nothing trains.
    running_engine = getattr(sys.modules.get("cnnlab.engine"), "running_engine", None)
    engine = running_engine() if running_engine is not None else None
    if engine is not None:
        engine.give_way()
