from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cnnlab.live.owner import OWNER_PATTERN
from cnnlab.ui.frame import PAGES

ROOT = Path(__file__).resolve().parents[2]


def _framed_page() -> None:
    from cnnlab.ui import frame

    frame.page("runs")


def _owner() -> None:
    import streamlit as st

    from cnnlab.ui import frame

    st.text(frame.owner())


@pytest.mark.parametrize("key", PAGES)
def test_every_page_of_the_table_has_its_file(key: str) -> None:
    assert (ROOT / "pages" / f"{key}.py").is_file()


def test_every_page_file_stands_in_the_table() -> None:
    assert {path.stem for path in (ROOT / "pages").glob("*.py")} == set(PAGES)


def test_home_is_where_the_bare_address_leads() -> None:
    assert [key for key, entry in PAGES.items() if entry.page._default] == ["home"]


def test_a_page_that_runs_by_itself_draws_its_bar() -> None:
    app = AppTest.from_function(_framed_page).run()
    assert not app.exception
    links = [link.proto for link in app.get("page_link")]
    assert [link.label for link in links] == [entry.title for entry in PAGES.values()]


def test_the_bar_carries_the_chosen_run_and_nothing_else() -> None:
    app = AppTest.from_function(_framed_page)
    app.query_params["run"] = "0123456789"
    app.query_params["lab"] = "long"
    app.run()
    assert {link.proto.query_string for link in app.get("page_link")} == {"run=0123456789"}


def test_without_a_cookie_the_session_is_the_owner() -> None:
    app = AppTest.from_function(_owner).run()
    owner = app.text[0].value
    assert OWNER_PATTERN.fullmatch(owner)
    assert app.run().text[0].value == owner
    assert AppTest.from_function(_owner).run().text[0].value != owner


def test_the_launcher_runs_as_a_plain_script() -> None:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    assert not app.exception
    assert [link.proto.label for link in app.get("page_link")][: len(PAGES)] == [
        entry.title for entry in PAGES.values()
    ]
