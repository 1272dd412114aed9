"""Start and end of the server process."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType

from cnnlab.live.assets import plotly_gzip
from cnnlab.live.collector import set_loaded_code_aside
from cnnlab.live.routes import shared_broadcast

WARM_AFTER_SECONDS = 2.5
"""After the server's start: importing TensorFlow takes a core, and the first page is to have it before."""

_LOG = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Around the server's life: a worker gets ready beside it, and at the end every stream is let go.

    Args:
        app: The application, which is not needed.
    """
    broadcast = shared_broadcast()
    set_loaded_code_aside()
    with at_signals(broadcast.stop):
        threading.Thread(target=_get_ready, name="cnnlab-get-ready", daemon=True).start()
        try:
            yield
        finally:
            broadcast.stop()
            await asyncio.to_thread(_close)


@contextmanager
def at_signals(call: Callable[[], None]) -> Iterator[None]:
    """Inside, SIGINT and SIGTERM also call `call` in the event loop, before the server's own handling.

    A server waits for open responses before it tells its application to end: an event stream that only the
    application ends would hold it forever.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's: an embedded server is ended by other means
        return
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, at: FrameType | None) -> None:
        loop.call_soon_threadsafe(call)
        before = previous[signal.Signals(number)]
        if callable(before):
            before(number, at)

    for number in previous:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, before in previous.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, before)


def _get_ready() -> None:
    """What the first visitor should not have to wait for."""
    try:
        # While the browser loads Streamlit's own files: the first page finds its modules imported.
        importlib.import_module("cnnlab.api")
        from cnnlab.datasets.own.shelf import sweep_exports
        from cnnlab.engine import get_engine

        engine = get_engine()
        # A training or a question starts a worker by itself; nobody waits for this pause.
        threading.Event().wait(WARM_AFTER_SECONDS)
        if engine.closed:
            return
        engine.warm()
        engine.adopt()
        plotly_gzip()
        sweep_exports()
    except Exception:  # the server goes on: whoever needs what is missing is told what is wrong
        _LOG.exception("Getting ready failed.")


def _close() -> None:
    for module, function in (("cnnlab.engine", "close_engine"), ("cnnlab.runs.store", "close_store")):
        if module in sys.modules:
            getattr(sys.modules[module], function)()
