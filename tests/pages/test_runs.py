"""Runs: a row a run, and what can be done to it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import api
from cnnlab.errors import RunNotFound
from cnnlab.runs import get_store
from cnnlab.ui.frame import PAGES
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import OTHER, OWNER
from tests.pages.stubs import NotingEngine


def names(app: AppTest) -> list[str]:
    """The runs listed, from the top."""
    return [link.value.strip("*") for link in app.page_link][len(PAGES) :]


def figures(app: AppTest) -> list[str]:
    """Status, accuracy and duration of the runs listed, from the top, as far as they are said."""
    return [re.sub(r":[a-z-]+\[(.*: )?|[*\]]", "", text.value) for text in app.markdown]


def choose(app: AppTest, run: api.Run, action: str) -> AppTest:
    """Stage an action of a run's menu; the next `run()` does it."""
    app.menu_button(key=f"menu-{run.id}").set_value(action)
    return app


def test_without_runs_the_page_shows_the_way_to_one(open_page: OpenPage) -> None:
    app = open_page("runs")
    assert not app.exception
    assert "**You have not trained a network yet.**" in screen.texts(app)
    assert names(app) == ["Design"]
    assert screen.buttons(app)["Train your first network"]


def test_a_row_tells_status_accuracy_and_duration(open_page: OpenPage) -> None:
    recorded.finished(name="first")
    recorded.ended("interrupted", "Lost.", name="second")
    recorded.queued(name="third")
    app = open_page("runs")
    assert not app.exception
    assert names(app) == ["third", "second", "first"]
    assert [text.value for text in app.caption] == ["Handwritten digits, small · Digits · just now"] * 3
    assert figures(app) == [
        *["waiting"],
        *["interrupted", "70.0% validation accuracy", "1 of 2 epochs"],
        *["finished", "96.7% test accuracy", "8.4 s of training"],
    ]


def test_a_row_of_a_run_that_trains_says_how_far_it_has_come(open_page: OpenPage) -> None:
    recorded.running()
    app = open_page("runs")
    assert not app.exception
    assert figures(app) == ["training", "70.0% validation accuracy", "1 of 2 epochs"]


def test_a_runs_name_leads_to_it(open_page: OpenPage) -> None:
    run = recorded.finished(name="mine")
    assert screen.links(open_page("runs"), "**mine**") == [f"run={run.id}"]


def test_ten_runs_a_page_newest_first(open_page: OpenPage) -> None:
    for number in range(12):
        recorded.queued(name=f"run {number}")
    app = open_page("runs")
    assert names(app) == [f"run {number}" for number in range(11, 1, -1)]
    app.get_by_key("w-page").set_value(2).run()
    assert names(app) == ["run 1", "run 0"]


def test_others_runs_are_not_listed(open_page: OpenPage) -> None:
    recorded.finished(OTHER, name="theirs")
    recorded.finished(OWNER, name="mine")
    assert names(open_page("runs")) == ["mine"]


@pytest.mark.parametrize(("action", "words"), [("open", "#### mine"), ("evaluate", "7 of 37 images")])
def test_a_run_is_opened_from_its_menu(action: str, words: str, open_page: OpenPage) -> None:
    run = recorded.finished(name="mine")
    app = choose(open_page("runs"), run, action).run()
    assert not app.exception
    assert app.query_params["run"] == run.id
    assert screen.says(app, words)


def test_a_runs_design_is_opened_from_its_menu(open_page: OpenPage) -> None:
    run = recorded.queued(design=recorded.digits(epochs=3))
    app = choose(open_page("runs"), run, "design").run()
    assert not app.exception
    assert len(app.radio(key="w-stack").options) == len(run.design.architecture.layers) + 1
    app.switch_page("pages/train.py").run()
    assert app.slider(key="w-training-epochs").value == 3


def test_renaming_changes_the_row(open_page: OpenPage) -> None:
    run = recorded.finished(name="before")
    app = choose(open_page("runs"), run, "rename").run()
    assert app.text_input(key=f"rename-{run.id}").value == "before"
    # AppTest reruns the page where a browser reruns the dialog alone: the menu is chosen again.
    choose(app, run, "rename").text_input(key=f"rename-{run.id}").set_value("  after   all ")
    app.button(key="rename-now").click().run()
    assert not app.exception
    assert names(app) == ["after all"]
    assert api.get(run.id).name == "after all"


def test_the_field_holds_the_name_of_the_run_whose_menu_was_opened_last(open_page: OpenPage) -> None:
    first, second = recorded.finished(name="first"), recorded.finished(name="second")
    app = choose(open_page("runs"), first, "rename").run()
    assert app.text_input(key=f"rename-{first.id}").value == "first"
    choose(app, second, "rename").run()
    assert [field.value for field in app.text_input] == ["second"]


def test_a_design_that_cannot_be_read_is_said_in_words(open_page: OpenPage) -> None:
    run = recorded.finished()
    recorded.ended("interrupted", "Lost.")
    with closing(sqlite3.connect(get_store().path)) as connection, connection:
        connection.execute("UPDATE runs SET design = ?", ('{"dataset": "digits", "version": 9}',))
    app = open_page("runs")
    assert ":red[made by another version] · just now" in screen.texts(app)
    for action in ("again", "design"):
        choose(app, run, action).run()
        assert not app.exception
        assert [toast.value for toast in app.toast] == ["Design: architecture is missing."]


def test_an_empty_name_is_refused_in_words(open_page: OpenPage) -> None:
    run = recorded.finished(name="before")
    app = choose(open_page("runs"), run, "rename").run()
    choose(app, run, "rename").text_input(key=f"rename-{run.id}").set_value("   ")
    app.button(key="rename-now").click().run()
    assert not app.exception
    assert names(app) == ["before"]
    assert "A run's name must have 1 to" in app.toast[0].value


def test_a_name_is_shown_as_it_was_typed(open_page: OpenPage) -> None:
    typed = "![x](http://host/a.png) *run* :red[hi]"
    shown = r"!\[x\](http\://host/a.png) \*run\* \:red\[hi\]"
    run = recorded.finished(name=typed)
    app = open_page("runs")
    assert [link.value for link in app.page_link][len(PAGES) :] == [f"**{shown}**"]
    assert screen.says(choose(app, run, "delete").run(), f"**{shown}**, its curves")
    assert f"#### {shown}" in screen.texts(open_page("train", run=run.id))


def test_deleting_asks_first(open_page: OpenPage) -> None:
    run = recorded.finished(name="mine")
    app = choose(open_page("runs"), run, "delete").run()
    assert screen.says(app, "**mine**, its curves and its weights will be gone for good.")
    assert {"Delete", "Keep it"} <= set(screen.buttons(app))
    assert api.get(run.id).name == "mine"
    choose(app, run, "delete").button(key="keep").click().run()
    assert names(app) == ["mine"]
    choose(app, run, "delete").run()
    choose(app, run, "delete").button(key="delete-now").click().run()
    assert not app.exception
    assert "**You have not trained a network yet.**" in screen.texts(app)
    with pytest.raises(RunNotFound):
        api.get(run.id)
    assert not get_store().files(run.id).folder.exists()


def test_deleting_one_run_leaves_the_others(open_page: OpenPage) -> None:
    keep, gone = recorded.finished(name="keep"), recorded.finished(name="gone")
    app = choose(open_page("runs"), gone, "delete").run()
    choose(app, gone, "delete").button(key="delete-now").click().run()
    assert names(app) == ["keep"]
    assert get_store().files(keep.id).folder.exists()


def test_deleting_a_run_that_waits_stops_it_first(open_page: OpenPage, engine: NotingEngine) -> None:
    run = recorded.queued(name="waits")
    app = choose(open_page("runs"), run, "delete").run()
    assert screen.says(app, "It is still active: it will be stopped first.")
    choose(app, run, "delete").button(key="delete-now").click().run()
    assert not app.exception
    assert api.runs(OWNER) == []


def test_running_again_makes_a_second_run_of_the_same_design(
    open_page: OpenPage, engine: NotingEngine
) -> None:
    first = recorded.finished(name="digits")
    app = choose(open_page("runs"), first, "again").run()
    assert not app.exception
    second, kept = api.runs(OWNER)
    assert kept.id == first.id
    assert second.design == first.design
    assert second.name == "digits 2"
    assert engine.trained == [second.id]
    assert app.query_params["run"] == second.id


def test_running_the_same_run_again_twice_makes_a_run_each_time_it_has_ended(
    open_page: OpenPage, engine: NotingEngine
) -> None:
    first = recorded.finished(name="digits")
    app = open_page("runs")
    choose(app, first, "again").run()
    get_store().set_status(engine.trained[0], "finished")
    choose(app.switch_page("pages/runs.py").run(), first, "again").run()
    assert len(api.runs(OWNER)) == 3
