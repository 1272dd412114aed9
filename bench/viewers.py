"""200 viewers of one live run at four updates a second, against one viewer of the same run.

An event's delay runs from its writing into the record to its arrival at a viewer; its budget is 250 ms at
the 95th percentile. The server's processor time is told as a share of one core, against a budget of 10 %.
Then a hall opens the link of a long run at once: how long until each of 200 has all that happened before,
against one who comes alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.common import machine, percentile, say, summary, tell, verdict
from cnnlab.runs.events import Started, Steps
from cnnlab.runs.store import Store
from cnnlab.spec import presets
from tests.browser.server import AppServer

VIEWERS = 200
UPDATES_PER_SECOND = 4.0
MEASURED_SECONDS = 20.0
SETTLE_SECONDS = 2.0
IDLE_AFTER_SECONDS = 20.0
BUDGET_DELAY_MS = 250.0
BUDGET_SHARE = 0.10
LONG_EVENTS = 4000
"""Of the run that a hall joins late: a quarter of an hour at four updates a second."""
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


class Writer(threading.Thread):
    """Writes a run's steps as a training does, four times a second, until told to stop."""

    def __init__(self, store: Store, run_id: str) -> None:
        super().__init__(daemon=True)
        self.store = store
        self.run_id = run_id
        self.stop = threading.Event()

    def run(self) -> None:
        """Write until `stop` is set."""
        step = 1
        while not self.stop.wait(1 / UPDATES_PER_SECOND):
            losses = [1 / (step + place) for place in range(10)]
            payload = Steps(
                first_step=step,
                loss=losses,
                accuracy=[0.5] * len(losses),
                learning_rate=0.001,
                images_per_second=4000.0,
            )
            self.store.append(self.run_id, [payload])
            step += len(losses)


def watch(url: str, viewers: int, seconds: float) -> list[float]:
    """Delays in ms that `viewers` saw within `seconds`. Runs in a process of its own, beside the server's."""
    code = "import sys; from bench import viewers; viewers.follow(*sys.argv[1:])"
    command = [sys.executable, "-c", code, url, str(viewers), str(seconds)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(delay) for delay in json.loads(answer.stdout)]


def follow(url: str, viewers: str, seconds: str) -> None:
    """Print the delays in ms as JSON."""

    async def all_viewers() -> list[float]:
        groups = await asyncio.gather(*(_viewer(url, float(seconds)) for _ in range(int(viewers))))
        return [delay for group in groups for delay in group]

    print(json.dumps(asyncio.run(all_viewers())))


def join(url: str, viewers: int, last: int) -> list[float]:
    """Seconds until each of `viewers`, who come at once, has every event up to `last`."""
    code = "import sys; from bench import viewers; viewers.catch_up(*sys.argv[1:])"
    command = [sys.executable, "-c", code, url, str(viewers), str(last)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(seconds) for seconds in json.loads(answer.stdout)]


def catch_up(url: str, viewers: str, last: str) -> None:
    """Print the seconds as JSON."""

    async def all_viewers() -> list[float]:
        return await asyncio.gather(*(_latecomer(url, int(last)) for _ in range(int(viewers))))

    print(json.dumps(asyncio.run(all_viewers())))


async def _latecomer(url: str, last: int) -> float:
    opened = time.perf_counter()
    reader, writer = await _ask(url)
    # An event's number stands alone on a line; to read more would cost this one process, not the server.
    await reader.readuntil(f"\nid: {last}\n".encode())
    writer.close()
    return time.perf_counter() - opened


async def _ask(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The bare protocol: an HTTP client's own cost would be measured as the server's delay."""
    host, _, rest = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port), limit=1 << 24)
    writer.write(f"GET /{rest} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    return reader, writer


async def _viewer(url: str, seconds: float) -> list[float]:
    reader, writer = await _ask(url)
    opened, delays = time.time(), []
    while (now := time.time()) < opened + seconds:
        try:
            line = await asyncio.wait_for(reader.readline(), opened + seconds - now)
        except TimeoutError:
            break
        if line.startswith(b"data: {") and b'"time":"' in line:
            arrived = time.time()
            written = datetime.fromisoformat(json.loads(line[6:])["time"]).astimezone(UTC).timestamp()
            if written > opened + SETTLE_SECONDS:
                delays.append(1000 * (arrived - written))
    writer.close()
    return delays


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used, its children's not counted (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_SECONDS


def measured(server: AppServer, url: str, viewers: int) -> tuple[list[float], float]:
    """Delays in ms, and the server's processor time as a share of one core."""
    began, used = time.monotonic(), processor_seconds(server.pid)
    delays = watch(url, viewers, MEASURED_SECONDS) if viewers else time.sleep(MEASURED_SECONDS) or []
    return delays, (processor_seconds(server.pid) - used) / (time.monotonic() - began)


def _tell_latecomers(server: AppServer, store: Store, run_id: str) -> None:
    """Lengthen the run and let a hall come late: one alone first, then all at once."""
    step = 1_000_000
    for _ in range(LONG_EVENTS):
        long_past = Steps(
            first_step=step,
            loss=[0.5] * 10,
            accuracy=[0.5] * 10,
            learning_rate=0.001,
            images_per_second=4000.0,
        )
        last = store.append(run_id, [long_past])
        step += 10
    for viewers in (1, VIEWERS):
        waited = join(f"{server.url}/cnnlab/runs/{run_id}/events", viewers, last)
        tell("joined late → has all that was", unit="s", viewers=viewers, events=last, **summary(waited))


def main() -> None:
    """Print the machine, the idle server's share, and delay and share for one and for 200 viewers."""
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        store = Store(home / "runs.sqlite")
        with AppServer(home, Path(name) / "server.log") as server:
            say("Waiting until the server has nothing else to do.")
            time.sleep(IDLE_AFTER_SECONDS)
            run_id = store.create_run(presets.preset("digits").design, owner="bench").id
            store.append(
                run_id,
                [
                    Started(
                        total_steps=10**6,
                        steps_per_epoch=1000,
                        epochs=1000,
                        batch_size=32,
                        train_images=32000,
                    )
                ],
            )
            writer = Writer(store, run_id)
            writer.start()
            for viewers in (0, 1, VIEWERS):
                # From now on: reading what is past would keep the viewers' one process busy, not the server.
                last = store.events(run_id)[-1].seq
                url = f"{server.url}/cnnlab/runs/{run_id}/events?after={last}"
                delays, share = measured(server, url, viewers)
                facts = {"viewers": viewers, "updates_per_second": UPDATES_PER_SECOND}
                if delays:
                    expected = viewers * UPDATES_PER_SECOND * (MEASURED_SECONDS - SETTLE_SECONDS)
                    budget = verdict(percentile(sorted(delays), 0.95), BUDGET_DELAY_MS)
                    tell(
                        "delay of an event",
                        unit="ms",
                        **facts,
                        **summary(delays, digits=1),
                        **budget,
                        arrived=round(len(delays) / expected, 3),
                    )
                tell(
                    "server's processor time",
                    unit="of one core",
                    **facts,
                    value=round(share, 4),
                    **verdict(share, BUDGET_SHARE),
                )
            writer.stop.set()
            writer.join()
            _tell_latecomers(server, store, run_id)
        store.close()


if __name__ == "__main__":
    main()
