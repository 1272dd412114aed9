from __future__ import annotations

import asyncio
import signal
import threading
from pathlib import Path

import httpx
import pytest

from cnnlab.live.lifespan import at_signals
from cnnlab.runs.store import Store
from cnnlab.spec import presets
from tests.browser.server import AppServer
from tests.live.serving import wait_until

PROMPT_SECONDS = 10.0
"""Without the chained handler the server waits for its streams for 20 s and more."""


@pytest.mark.slow
def test_a_server_with_open_streams_ends_when_it_is_told_to(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with AppServer(home, tmp_path / "server.log") as server:
        store = Store(home / "runs.sqlite")
        run_id = store.create_run(presets.preset("digits").design, owner="a").id
        store.set_status(run_id, "running")
        store.close()
        lines: list[str] = []

        def watch() -> None:
            with httpx.stream("GET", f"{server.url}/cnnlab/runs/{run_id}/events", timeout=60) as answer:
                lines.extend(answer.iter_lines())
                lines.append("ended in order")

        def first_line() -> None:
            with httpx.stream("GET", f"{server.url}/cnnlab/runs/{run_id}/events", timeout=60) as answer:
                next(answer.iter_lines())

        viewers = [threading.Thread(target=watch) for _ in range(3)]
        for viewer in viewers:
            viewer.start()
        first_line()
        assert server.stop() < PROMPT_SECONDS
        for viewer in viewers:
            viewer.join(PROMPT_SECONDS)
        assert lines.count("ended in order") == 3
        assert not any("Traceback" in line for line in server.output().splitlines())


def test_the_servers_own_handler_is_called_too_and_put_back() -> None:
    called: list[str] = []

    def own(number: int, frame: object) -> None:
        called.append("own")

    async def scene() -> None:
        with at_signals(lambda: called.append("ours")):
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    before = signal.signal(signal.SIGTERM, own)
    try:
        asyncio.run(scene())
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)
    assert sorted(called) == ["ours", "own"]


def test_away_from_the_main_thread_signals_are_left_alone() -> None:
    seen: list[bool] = []
    before = signal.getsignal(signal.SIGTERM)

    async def scene() -> None:
        with at_signals(lambda: None):
            seen.append(signal.getsignal(signal.SIGTERM) is before)

    thread = threading.Thread(target=lambda: asyncio.run(scene()))
    thread.start()
    thread.join()
    wait_until(lambda: seen)
    assert seen == [True]
