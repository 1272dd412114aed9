"""A small server around the live routes, in a thread of the test, and a reader of event streams."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette

from cnnlab.live.broadcast import Broadcast
from cnnlab.live.routes import middleware, routes

LIMIT_SECONDS = 20.0


@contextmanager
def serving(broadcast: Broadcast | None = None) -> Iterator[str]:
    """The address of a server with our routes and middleware, and nothing of Streamlit's."""
    broadcast = broadcast or Broadcast()
    app = Starlette(routes=routes(broadcast), middleware=middleware())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.servers[0].get_loop().call_soon_threadsafe(broadcast.stop)
            server.should_exit = True
            thread.join(LIMIT_SECONDS)
    assert not thread.is_alive(), "the server did not end"


def messages(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The messages of an event stream: `event` (``message`` where unnamed), `id` and parsed `data`."""
    message: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line == "" and "data" in message:
            yield {"event": "message", **message, "data": json.loads(message["data"])}
        if line == "":
            message = {}
        elif name:
            message[name] = value


def wait_until(condition: Any, seconds: float = LIMIT_SECONDS) -> None:
    """Wait until the condition holds."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "the condition did not come true in time"
        time.sleep(0.005)
