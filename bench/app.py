"""What benchmarks of the running app share: server, browser, a clock inside the page, a training beside."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.common import TRIES, descendants, say
from cnnlab.runs.store import Store
from cnnlab.spec import presets
from cnnlab.spec.design import Design
from tests.browser import chromium
from tests.browser.journey import train
from tests.browser.server import ROOT, AppServer
from tests.browser.watch import PROJECTOR

WAIT_MS = 120_000.0
QUIET_SHARE = 0.1
"""A worker that uses less of a core than this has imported what it needs and waits."""
QUIET_SECONDS = 0.5
SETTLE_SECONDS = 90.0

_DEEP = """window.deep = (selector, root = document) => [
    ...root.querySelectorAll(selector),
    ...[...root.querySelectorAll('*')]
        .flatMap(each => each.shadowRoot ? deep(selector, each.shadowRoot) : []),
];"""
"""Finds elements in the components' shadow roots too."""

_ARM = """([event, source, argument]) => {
    const done = new Function('argument', `return (${source})(argument)`);
    const clock = window.clock = { took: null };
    addEventListener(event, ({ timeStamp }) => {
        const look = now => {
            if (done(argument)) clock.took = performance.now() - timeStamp;
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    }, { capture: true, once: true });
}"""


def arguments(description: str | None) -> argparse.Namespace:
    """The command line of a benchmark that measures an idle app and one that trains."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--tries", type=int, default=TRIES, help="of each kind (default: %(default)s)")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--idle", action="store_true", help="measure only while nothing trains")
    only.add_argument("--training", action="store_true", help="measure only while a training runs")
    return parser.parse_args()


def conditions(options: argparse.Namespace) -> list[str]:
    """What is asked for: "idle", "training", or both in this order."""
    if options.training:
        return ["training"]
    return ["idle"] if options.idle else ["idle", "training"]


def lasting() -> Design:
    """A training that outlasts a benchmark: the shapes preset for 500 epochs."""
    design = presets.preset("shapes").design
    return design.model_copy(update={"training": design.training.replace(epochs=500)})


@dataclass
class App:
    """A running app and a browser.

    Attributes:
        server: Its server.
        browser: Chromium.
    """

    server: AppServer
    browser: Browser

    def user(self) -> BrowserContext:
        """A new user's browser profile, as a projector shows it."""
        context = self.browser.new_context(viewport=PROJECTOR, reduced_motion="reduce")
        context.add_init_script(_DEEP)
        context.set_default_timeout(WAIT_MS)
        return context

    def page(self) -> Page:
        """A page of a new user."""
        return self.user().new_page()

    @contextlib.contextmanager
    def condition(self, name: str) -> Iterator[None]:
        """Inside, nothing trains ("idle"), or a training runs that nobody watches ("training")."""
        if name == "idle":
            self.settle()
            yield
            return
        context = self.user()
        run_id = train(context.new_page(), self.server, lasting())
        context.close()
        store = Store(self.server.home / "runs.sqlite")
        _wait(lambda: store.events(run_id, limit=8)[-1].kind == "steps", "the training beside to begin")
        self.settle()
        try:
            yield
            status = store.run(run_id).status
            if status != "running":
                raise RuntimeError(f"The training beside was {status} before the benchmark's end")
        finally:
            store.send_command(run_id, "stop")
            store.close()

    def settle(self) -> None:
        """Wait until a warm worker waits: no process of the server but trainings uses the processor."""

        def quiet() -> bool:
            before = self._seconds_used()
            time.sleep(QUIET_SECONDS)
            after = self._seconds_used()
            used = sum(after[pid] - before.get(pid, 0.0) for pid in after)
            return len(after) > 1 and used < QUIET_SHARE * QUIET_SECONDS

        _wait(quiet, "the server's workers to wait", SETTLE_SECONDS)

    def _seconds_used(self) -> dict[int, float]:
        """Processor time of the server and its workers, without those that train, which are niced."""
        server, used = self.server.pid, {}
        for pid in descendants(server):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if os.getpriority(os.PRIO_PROCESS, pid) <= os.getpriority(os.PRIO_PROCESS, server):
                    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                    used[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return used


@contextlib.contextmanager
def running(*, script: Path = ROOT / "streamlit_app.py", **settings: str) -> Iterator[App]:
    """A server with a home of its own, and a browser."""
    with chromium_started() as browser, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with AppServer(folder / "home", folder / "log", script=script, **settings) as server:
            yield App(server, browser)


@contextlib.contextmanager
def chromium_started() -> Iterator[Browser]:
    """Chromium; ends the benchmark in words where there is none."""
    path = chromium.find()
    if path is None:
        raise SystemExit(chromium.missing())
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright, path)
        yield browser
        browser.close()


class Clock:
    """A clock inside the page: from a user's event to the first frame in which a condition holds.

    Args:
        page: The page.
        event: The event that starts it: "click", or "keydown" for an arrow key on a slider.
        condition: JavaScript function of one argument; `deep(selector)` finds elements in shadow roots too.
        argument: What it is called with.
    """

    def __init__(self, page: Page, event: str, condition: str, argument: Any = None) -> None:
        self._page = page
        page.evaluate(_ARM, [event, condition, argument])

    def seconds(self) -> float:
        """How long it took, once it has."""
        self._page.wait_for_function("window.clock.took !== null", timeout=WAIT_MS)
        return float(self._page.evaluate("window.clock.took")) / 1000


def _wait(condition: Any, what: str, seconds: float = SETTLE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"Waited {seconds:g} s for {what}")
        time.sleep(0.05)


def start(what: str, condition: str, tries: int) -> None:
    """Say what is measured now."""
    say(f"{what}, {condition}: {tries} tries.")
