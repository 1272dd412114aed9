"""From `streamlit run` to a readable first page, against an empty two-page Streamlit app in the same run.

The budget is 1.4 times the empty app's median. Also the server's resident memory with one session, before a
data set is opened, against 200 MB.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from bench.common import (
    alternate,
    arguments,
    machine,
    percentile,
    resident_mb,
    say,
    summary,
    tell,
    verdict,
)
from tests.browser import chromium
from tests.browser.server import ROOT, AppServer
from tests.browser.watch import wait_idle

BUDGET_RATIO = 1.4
BUDGET_MB = 200.0
FIRST_BUTTON = "Train your first network"

EMPTY_LAUNCHER = """\
import streamlit as st


def one():
    st.title("One")
    st.button("Ready")


def two():
    st.title("Two")


st.navigation([st.Page(one), st.Page(two)]).run()
"""


class Start:
    """Starts of one app: each with a fresh server and browser profile, until its button can be read."""

    def __init__(self, browser: Browser, script: Path, button: str, folder: Path) -> None:
        self.browser = browser
        self.script = script
        self.button = button
        self.folder = folder
        self.memory_mb: list[float] = []
        self._count = 0

    def __call__(self) -> float:
        """Seconds from starting the server to the readable button."""
        self._count += 1
        server = AppServer(
            self.folder / f"home-{self._count}", self.folder / f"{self._count}.log", script=self.script
        )
        context = self.browser.new_context(viewport={"width": 1280, "height": 720})
        page = context.new_page()
        began = time.perf_counter()
        try:
            server.start()
            page.goto(server.url)
            expect(page.get_by_text(self.button).first).to_be_visible(timeout=60_000)
            seconds = time.perf_counter() - began
            wait_idle(page)
            self.memory_mb.append(resident_mb(server.pid))
        finally:
            context.close()
            server.stop()
        return seconds


def main() -> None:
    """Print the machine, both apps' times, their ratio, and the server's memory."""
    options = arguments(__doc__ or "")
    path = chromium.find()
    if path is None:
        raise SystemExit(chromium.missing())
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        launcher = folder / "empty" / "streamlit_app.py"
        launcher.parent.mkdir()
        launcher.write_text(EMPTY_LAUNCHER, encoding="utf-8")
        browser = chromium.launch(playwright, path)
        ours = Start(browser, ROOT / "streamlit_app.py", FIRST_BUTTON, folder / "ours")
        empty = Start(browser, launcher, "Ready", folder / "peer")
        say(f"Starting each app {options.tries} times, in turn.")
        own_seconds, empty_seconds = alternate([ours, empty], tries=options.tries)
        browser.close()
    tell("start to a readable Home", unit="s", **summary(own_seconds))
    tell("start to a readable page of an empty two-page app", unit="s", **summary(empty_seconds))
    ratios = sorted(own / peer for own, peer in zip(own_seconds, empty_seconds, strict=True))
    numbers = summary(ratios)
    tell("start ÷ the empty app's", unit="×", **numbers, **verdict(numbers["median"], BUDGET_RATIO))
    memory = summary(ours.memory_mb, digits=1)
    tell("server's memory, one session", unit="MB", **memory, **verdict(memory["p95"], BUDGET_MB))
    tell("an empty app's server's memory", unit="MB", p95=percentile(sorted(empty.memory_mb), 0.95))


if __name__ == "__main__":
    main()
