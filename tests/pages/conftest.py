"""Pages opened for a test, runs that were never trained, and an engine that only takes notes."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.context import ContextProxy
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

from cnnlab import api, settings
from tests.pages.recorded import OWNER
from tests.pages.stubs import NotingEngine

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 60
"""Of one run of a page: far above what it takes, for machines that do something else beside."""

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def settled_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages run inside the launcher, as on any server that has served one page.

    `AppTest` forgets before each run that the app calls `st.navigation`, so that it would run each page's
    script by itself, and the widgets of the first page would have other ids in the second run.
    """
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr(app_test, "PagesManager", type("SettledPagesManager", (PagesManager,), {}))


@pytest.fixture(autouse=True)
def forgetful_server() -> Iterator[None]:
    """What a server remembers between sessions, it forgets after each test."""
    yield
    st.cache_resource.clear()


@pytest.fixture(autouse=True)
def workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Fails a test in which a page started a worker process, where the test is not about that."""
    started: list[str] = []
    if request.node.get_closest_marker("slow") is None:

        def refuse(*arguments: Any) -> None:
            started.append("worker")
            raise OSError("This test starts no worker.")

        monkeypatch.setattr("cnnlab.engine.engine.WorkerProcess", refuse)
    yield started
    assert not started, "a page started a worker process"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> NotingEngine:
    """Stands where the engine would: takes notes, and answers what the test told it."""
    noting = NotingEngine()
    asking = [
        importlib.import_module(each.name) for each in pkgutil.iter_modules(api.__path__, "cnnlab.api.")
    ]
    for module in (api, *asking):
        if hasattr(module, "get_engine"):
            monkeypatch.setattr(module, "get_engine", lambda: noting)
    return noting


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The cookies of the browser that asks for a page."""
    cookies = {"cnnlab_owner": OWNER}
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda self: cookies))
    return cookies


@pytest.fixture
def open_page(browser: dict[str, str]) -> OpenPage:
    """Opens a page in a new session, with parameters in its address: `open_page("train", run=run.id)`."""

    def opened(key: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=LIMIT_SECONDS)
        app.context = {"url": f"http://localhost:8501/{key}"}
        app.query_params.update(query)
        return (app if key == "home" else app.switch_page(f"pages/{key}.py")).run()

    return opened


@pytest.fixture(scope="session")
def drawn_shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set `shapes`, drawn once for all tests: it takes seconds."""
    return tmp_path_factory.mktemp("drawn")


@pytest.fixture
def shapes(drawn_shapes: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This test's home holds the data set `shapes` already."""
    from cnnlab import datasets

    if not any(drawn_shapes.iterdir()):
        datasets.install("shapes")
        shutil.copytree(home / "datasets", drawn_shapes / "datasets")
    else:
        shutil.copytree(drawn_shapes / "datasets", home / "datasets")


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that CNNLAB_DATA names."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("CNNLAB_DATA", str(folder))
    settings.get.cache_clear()
    return folder
