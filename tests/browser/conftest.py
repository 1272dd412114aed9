"""Servers and browser pages for tests; every page's console must be clean at its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from cnnlab.spec.design import Design
from tests.browser import chromium
from tests.browser.journey import Record, Trained, expect_status, train
from tests.browser.server import AppServer, ServerFactory
from tests.browser.watch import PROJECTOR, PageFactory, Watch

EXPECT_SECONDS = 20
"""How long a test waits for what it expects to see: Playwright's 5 s are short on a busy machine."""

_HERE = Path(__file__).resolve().parent
_FIXTURES = {"page", "new_page", "browser"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder that asks for a page or a browser is a browser test, and slow."""
    for item in items:
        ours = item.path.is_relative_to(_HERE)
        if ours and _FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def patience() -> None:
    """Wait for `EXPECT_SECONDS`, whatever an earlier test chose."""
    expect.set_options(timeout=EXPECT_SECONDS * 1000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests."""
    path = chromium.find()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(chromium.missing())
        pytest.skip(chromium.missing())
    with sync_playwright() as playwright:
        started = chromium.launch(playwright, path)
        yield started
        started.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """One server for all tests that change nothing others see; each browser context is a new user to it."""
    folder = tmp_path_factory.mktemp("server")
    with AppServer(folder / "home", folder / "server.log") as started:
        yield started


@pytest.fixture(scope="session")
def trained(server: AppServer, browser: Browser) -> Trained:
    """A function that gives a finished run of a design on the shared server: `trained(BRIEF)`.

    Each design is trained once, by a user of its own; whoever has a run's address may look into it.
    """
    runs: dict[str, str] = {}

    def run_of(design: Design) -> str:
        text = design.to_json()
        if text not in runs:
            context = browser.new_context(viewport=PROJECTOR)
            page = context.new_page()
            runs[text] = train(page, server, design)
            expect_status(page, "Finished")
            context.close()
        return runs[text]

    return run_of


@pytest.fixture
def record(server: AppServer) -> Iterator[Record]:
    """The shared server's record; whatever still trains at the test's end is stopped."""
    opened = Record(server.home)
    yield opened
    opened.stop_all()


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[ServerFactory]:
    """A function that starts a fresh server: `new_server(home=None, start=True, **settings)`."""
    started: list[AppServer] = []

    def start(home: Path | None = None, *, wait: bool = True, **settings: str) -> AppServer:
        number = len(started)
        server = AppServer(
            home or tmp_path / f"server-{number}", tmp_path / f"server-{number}.log", **settings
        )
        started.append(server)
        return server.start(wait=wait)

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What went wrong in this test's pages; the test fails at its end where that is not nothing."""
    watch = Watch()
    yield watch
    watch.assert_clean()


@pytest.fixture(scope="session")
def onlooker(browser: Browser) -> Iterator[BrowserContext]:
    """The user whom the tests of files marked `onlooker` share: its browser need not load the app anew."""
    context = browser.new_context(reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def new_page(request: pytest.FixtureRequest, browser: Browser, watch: Watch) -> Iterator[PageFactory]:
    """A function that opens a page of a new user: `new_page(viewport=PHONE, color_scheme="dark")`.

    In a file marked `onlooker` it is a new tab of the user of all such files, unless its browser has to be of
    another kind (`has_touch=True`).
    """
    shares = request.node.get_closest_marker("onlooker") is not None
    contexts: list[BrowserContext] = []
    tabs: list[Page] = []

    def new(*, viewport: dict[str, int] = PROJECTOR, color_scheme: str = "light", **options: object) -> Page:
        if shares and not options:
            page = request.getfixturevalue("onlooker").new_page()
            tabs.append(page)
            watch.follow(page)
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=color_scheme)
            return page
        context = browser.new_context(
            viewport=viewport, color_scheme=color_scheme, reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.on("page", watch.follow)
        return context.new_page()

    yield new
    for each in (*tabs, *contexts):
        each.close()


@pytest.fixture
def page(new_page: PageFactory) -> Page:
    """A page of a new user, or of the one whom onlookers share, as a projector shows it."""
    return new_page()
