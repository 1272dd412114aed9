"""Where started worker processes connect back to.

One `multiprocessing.connection.Listener` an engine. A worker proves with the key that it was started by us
and names its token, so that connections and processes can be paired whatever order they come in.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
from concurrent.futures import Future
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener

HELLO_SECONDS = 10.0
"""How long a connected process may take to name its token; the next one waits behind it."""

RETRY_SECONDS = 0.5
"""How long to wait after the system refused a connection."""

_log = logging.getLogger(__name__)


class Reception:
    """Accepts the connections of started workers and hands each to whoever expects its token."""

    def __init__(self) -> None:
        """Open the listener and start to accept."""
        self.authkey = secrets.token_bytes(32)
        self._listener = Listener(authkey=self.authkey)
        self._expected: dict[str, Future[Connection]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="cnnlab-reception", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str | tuple[str, int]:
        """What a worker passes to `multiprocessing.connection.Client`."""
        address: str | tuple[str, int] = self._listener.address
        return address

    def expect(self, token: str) -> Future[Connection]:
        """A future of the connection whose worker will name `token`."""
        future: Future[Connection] = Future()
        with self._lock:
            self._expected[token] = future
        return future

    def forget(self, token: str) -> None:
        """Expect this token no longer: its process will not come."""
        with self._lock:
            self._expected.pop(token, None)

    def close(self) -> None:
        """Stop accepting and remove the socket."""
        self._closing.set()
        # accept() cannot be interrupted from another thread, but a visitor wakes it.
        with contextlib.suppress(OSError, EOFError, AuthenticationError):
            Client(self.address, authkey=self.authkey).close()
        self._thread.join(timeout=5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection = self._listener.accept()
            except (AuthenticationError, EOFError, ConnectionError):
                continue  # not one of ours, or gone again before it was greeted
            except OSError as exc:  # such as too many open files: it may be better in a moment
                _log.warning("No worker process can connect now: %s", exc)
                self._closing.wait(RETRY_SECONDS)
                continue
            self._greet(connection)

    def _greet(self, connection: Connection) -> None:
        try:
            token = connection.recv() if connection.poll(HELLO_SECONDS) else None
        except (EOFError, OSError):
            token = None
        with self._lock:
            future = self._expected.pop(token, None) if isinstance(token, str) else None
        if future is None:
            connection.close()
        else:
            future.set_result(connection)
