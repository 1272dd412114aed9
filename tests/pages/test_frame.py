"""What all pages share: the bar, the addresses, whose runs they show, and that looking starts no worker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

from cnnlab import settings
from cnnlab.ui.frame import PAGES
from tests.pages import recorded, screen
from tests.pages.conftest import LIMIT_SECONDS, ROOT, OpenPage
from tests.pages.recorded import OTHER, OWNER

TITLES = ["Home", "Design", "Data", "Convolution", "Train", "Inspect", "Evaluate", "Compare", "Runs"]


@pytest.mark.parametrize("key", PAGES)
def test_every_page_stands_in_the_frame(key: str, open_page: OpenPage) -> None:
    app = open_page(key)
    assert not app.exception
    assert [link.value for link in app.page_link][:9] == TITLES


@pytest.mark.parametrize("key", PAGES)
def test_the_bar_carries_the_run_of_the_address_to_every_page(key: str, open_page: OpenPage) -> None:
    run = recorded.queued()
    app = open_page(key, run=run.id)
    assert [link.proto.query_string for link in app.page_link][:9] == [f"run={run.id}"] * 9


@pytest.mark.parametrize("key", [key for key in PAGES if key != "home"])
def test_a_page_that_is_run_without_the_launcher_asks_for_its_frame(
    key: str, monkeypatch: pytest.MonkeyPatch, browser: dict[str, str]
) -> None:
    monkeypatch.setattr(app_test, "PagesManager", PagesManager)  # a fresh server: see `settled_server`
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=LIMIT_SECONDS)
    app.switch_page(f"pages/{key}.py").run()
    assert app.session_state["cnnlab-frame-asked"]
    assert not app.exception
    assert [link.value for link in app.page_link][:9] == TITLES


@pytest.mark.parametrize("key", [key for key in PAGES if key != "inspect"])
def test_looking_at_a_page_asks_for_no_worker(key: str, open_page: OpenPage, workers: list[str]) -> None:
    run = recorded.finished()
    app = open_page(key, run=run.id)
    assert not app.exception
    assert workers == []


def test_two_browsers_see_their_own_runs_only(open_page: OpenPage, browser: dict[str, str]) -> None:
    mine, theirs = recorded.finished(OWNER, name="mine"), recorded.finished(OTHER, name="theirs")
    for owner, run in ((OWNER, mine), (OTHER, theirs)):
        browser["cnnlab_owner"] = owner
        app = open_page("runs")
        assert [link.value for link in app.page_link][9:] == [f"**{run.name}**"]
        app = open_page("evaluate")
        assert [option.split(" ")[0] for option in app.selectbox(key="w-run").options] == [run.name]


@pytest.mark.parametrize("cookie", [None, "", "A" * 32, "a" * 31, "../" + "a" * 29])
def test_a_session_without_a_proper_cookie_has_an_owner_of_its_own(
    cookie: str | None, open_page: OpenPage, browser: dict[str, str]
) -> None:
    recorded.finished(OWNER)
    del browser["cnnlab_owner"]
    if cookie is not None:
        browser["cnnlab_owner"] = cookie
    first, second = open_page("runs"), open_page("runs")
    assert screen.says(first, "You have not trained a network yet.")
    owners = [app.session_state["cnnlab-owner"] for app in (first, second)]
    assert len(set(owners)) == 2
    recorded.finished(owners[0], name="after")
    assert screen.links(first.run(), "**after**")
    assert not screen.links(second.run(), "**after**")


@pytest.mark.parametrize("key", ["train", "inspect", "evaluate"])
@pytest.mark.parametrize("run_id", ["0123456789", "x", "../../etc/passwd", "0" * 5000, "é☃"])
def test_a_link_to_a_run_that_is_not_there_is_answered_in_one_message(
    key: str, run_id: str, open_page: OpenPage
) -> None:
    app = open_page(key, run=run_id)
    assert not app.exception
    assert screen.error(app).startswith("There is no run '")
    assert app.error[0].proto.title == "This link leads to no run"
    assert len(screen.error(app)) < 300


@pytest.mark.parametrize("key", ["inspect", "evaluate"])
def test_a_dead_link_offers_the_runs_that_there_are(key: str, open_page: OpenPage) -> None:
    app = open_page(key, run="0123456789")
    assert screen.says(app, f"There is no trained network to {key} yet.")
    recorded.finished(OWNER)
    app = open_page(key, run="0123456789")
    assert screen.error(app).startswith("There is no run '")
    assert not screen.says(app, "There is no trained network")
    assert screen.links(app, "Open one of your runs")


@pytest.mark.parametrize("key", [key for key in PAGES if key != "convolution"])
def test_a_setting_that_cannot_be_used_is_said_on_the_page(
    key: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_TRAININGS", "many")
    settings.get.cache_clear()
    app = open_page(key)
    assert not app.exception
    assert screen.error(app).startswith("The setting CNNLAB_TRAININGS cannot be used")


@pytest.mark.parametrize("key", ["train", "inspect", "evaluate", "runs"])
def test_a_record_that_is_no_database_is_said_on_the_page(key: str, open_page: OpenPage, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "runs.sqlite").write_bytes(b"this is no database" * 100)
    app = open_page(key)
    assert not app.exception
    assert "runs.sqlite" in screen.error(app)


def test_home_and_design_import_neither_pandas_nor_pyarrow(home: Path) -> None:
    script = f"""
import sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file({str(ROOT / "streamlit_app.py")!r}, default_timeout={LIMIT_SECONDS}).run()
assert not app.exception
app.switch_page("pages/design.py").run()
assert not app.exception
print([name for name in ("pandas", "pyarrow", "sklearn", "scipy", "tensorflow") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=True, cwd=ROOT, timeout=LIMIT_SECONDS,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
