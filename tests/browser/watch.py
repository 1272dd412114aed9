"""Looking at the app as a user does: until a page stands, a picture of it, what its console said."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, Request, Response, expect

from tests.browser.server import ROOT

PROJECTOR = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}

PageFactory = Callable[..., Page]
"""What the fixture `new_page` gives."""

SCREENSHOTS = ROOT / "screenshots"
"""Ignored by git."""

IDLE_SECONDS = 30.0

_RUNNING_OVER = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    return app !== null
        && app.dataset.testConnectionState === 'CONNECTED'
        && app.dataset.testScriptState === 'notRunning'
        && document.querySelector('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"]') === null;
}"""


def wait_idle(page: Page, *, seconds: float = IDLE_SECONDS) -> None:
    """Wait until Streamlit is connected, its script has ended and nothing is left to be drawn."""
    page.wait_for_function(_RUNNING_OVER, timeout=seconds * 1000)


def open_page(page: Page, url: str, *, heading: str | re.Pattern[str] | None = None) -> None:
    """Open an address and wait until the page stands; with `heading`, until this heading can be read."""
    page.goto(url)
    wait_idle(page)
    if heading is not None:
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()


def screenshot(page: Page, name: str, *, full: bool = False) -> Path:
    """A picture of the page in `screenshots/NAME.png`."""
    SCREENSHOTS.mkdir(exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=full, animations="disabled")
    return path


_LOOKING_FOR_THE_BASE = r"/[a-z]+/_stcore/(health|host-config)"
"""At a page's address Streamlit first asks whether the app lives below it; 404 is the answer it needs."""


@dataclass
class Watch:
    """What went wrong in a browser's pages: errors on the console, exceptions, failed requests.

    `allowed` holds patterns of what a test provokes on purpose.
    """

    problems: list[str] = field(default_factory=list)
    allowed: list[re.Pattern[str]] = field(default_factory=lambda: [re.compile(_LOOKING_FOR_THE_BASE)])

    def follow(self, page: Page) -> None:
        """Watch this page from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._say(f"exception: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def allow(self, pattern: str) -> None:
        """Expect problems that this pattern is found in."""
        self.allowed.append(re.compile(pattern))

    def assert_clean(self) -> None:
        """Fail with everything that went wrong and was not expected."""
        left = [text for text in self.problems if not any(pattern.search(text) for pattern in self.allowed)]
        assert not left, "The browser's console is not clean:\n" + "\n".join(left)

    def _say(self, text: str) -> None:
        self.problems.append(text)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._say(f"console: {message.text} ({message.location.get('url', '')})")

    def _failed(self, request: Request) -> None:
        # The browser aborts what a closed tab, a page switch or a closed event stream no longer needs.
        if request.failure not in ("net::ERR_ABORTED", None):
            self._say(f"request failed: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._say(f"answered {response.status}: {response.url}")
