"""The Runs page: a row a run, with what can be done to it."""

from __future__ import annotations

import streamlit as st

from cnnlab import api, datasets
from cnnlab.errors import CNNLabError, RunNotFound
from cnnlab.live.words import shared_interpreter
from cnnlab.runs.rows import NAME_LENGTH
from cnnlab.runs.store import ACTIVE
from cnnlab.ui import actions, frame, navigation, run_view, state, words
from cnnlab.ui.frame import owner

_A_PAGE = 10
_WIDTHS = [6, 8, 1.6]
_FIGURES = [2, 3, 3]
_LINK_INDENT = 8
"""Pixels before the words of a page link, in the surface that it shows under the pointer."""
_LOOK_SECONDS = 2.0
"""Between two looks at a run that is active."""
_IN_DIALOG = "cnnlab-runs-dialog"


def listing() -> None:
    """Every own run, ten a page."""
    runs = api.runs(owner())
    if not runs:
        run_view.nothing_yet("You have not trained a network yet.")
    st.session_state[_IN_DIALOG] = False  # the page is drawn without one, until a row's menu opens it
    pages = -(-len(runs) // _A_PAGE)
    page = st.session_state.get("w-page", 1)
    first = (min(page, pages) - 1) * _A_PAGE
    for run in runs[first : first + _A_PAGE]:
        _row(run)
    if pages > 1:
        st.pagination(pages, key="w-page")


def _row(run: api.Run) -> None:
    """One run; every figure says what it is, because on a phone the columns lie below each other."""
    with st.container(border=True):
        name, figures, menu = st.columns(_WIDTHS, vertical_alignment="center", gap="small")
        with name, st.container(gap=None):
            navigation.link("train", f"**{words.plain(run.name)}**", run=run.id)
            with st.container(horizontal=True, gap=None, wrap=False):
                st.space(_LINK_INDENT)
                st.caption(f"{_design_words(run)} · {words.ago(run.row.created_at)}")
        with figures:
            if run.status in ACTIVE:
                _moving(run.id)
            else:
                _figures(run)
        with menu:
            _menu(run)


@frame.fragment(run_every=_LOOK_SECONDS)
def _moving(run_id: str) -> None:
    """The figures of an active run as they move; at its end the page is drawn anew, and looks no longer."""
    try:
        run = api.get(run_id)
    except RunNotFound:  # deleted in another tab
        st.rerun()
    if run.status not in ACTIVE and not st.session_state.get(_IN_DIALOG):
        st.rerun()
    _figures(run)


def _figures(run: api.Run) -> None:
    """Status, accuracy and duration. Of a run that was not tested: how far it came."""
    status, accuracy, duration = st.columns(_FIGURES, vertical_alignment="center", gap="small")
    with status:
        run_view.badge(run)
    result = run.row.result
    if (tested := result.get("test_accuracy")) is not None:
        accuracy.markdown(f"**{words.percent(tested)}** :gray[test accuracy]")
        duration.markdown(f"**{words.duration(result.get('seconds'))}** :gray[of training]")
        return
    try:
        history = shared_interpreter().history(run.id)
    except CNNLabError:  # a design that this version cannot read: the row says so
        return
    if not history.epochs:
        return
    last = history.epochs[-1]
    part = "training" if last["val_accuracy"] is None else "validation"
    reached = last["accuracy"] if last["val_accuracy"] is None else last["val_accuracy"]
    accuracy.markdown(f"**{words.percent(reached)}** :gray[{part} accuracy]")
    duration.markdown(f"**{last['epoch']}** :gray[of {history.total_epochs} epochs]")


def _menu(run: api.Run) -> None:
    chosen = st.menu_button(
        "More",
        list(_MENU),
        key=f"menu-{run.id}",
        format_func=lambda action: _MENU[action],
        help="What to do with this run",
    )
    if chosen:
        try:
            _ACTIONS[chosen](run)
        except CNNLabError as exc:  # a design that this version cannot read, say
            state.complain(str(exc))


_MENU = {
    "open": "Open",
    "evaluate": "Evaluate",
    "compare": "Compare",
    "design": "Open its design",
    "again": "Run again",
    "rename": "Rename",
    "delete": "Delete",
}


def _design_words(run: api.Run) -> str:
    """Preset and data set in words; what is wrong where this version cannot read the run's design."""
    try:
        design = run.design
        return f"{words.design_title(design)} · {datasets.info(design.dataset).title}"
    except CNNLabError:
        return ":red[made by another version]"


def _again(run: api.Run) -> None:
    actions.start_and_show(run.design)


def _design(run: api.Run) -> None:
    state.keep(state.editor().load(run.design))
    navigation.go("design")


@st.dialog("Rename this run", on_dismiss="rerun")
def _rename(run: api.Run) -> None:
    st.session_state[_IN_DIALOG] = True
    with st.form("rename", border=False):  # Enter renames too
        name = st.text_input("Name", run.name, max_chars=NAME_LENGTH, key=f"rename-{run.id}")
        renamed = st.form_submit_button("Rename", type="primary", key="rename-now")
    if renamed:
        actions.attempt(lambda: run.rename(name))
        st.rerun()


@st.dialog("Delete this run?", on_dismiss="rerun")
def _delete(run: api.Run) -> None:
    st.session_state[_IN_DIALOG] = True
    st.markdown(f"**{words.plain(run.name)}**, its curves and its weights will be gone for good.")
    if run.status in ACTIVE:
        st.caption("It is still active: it will be stopped first.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete-now"):
            actions.attempt(run.delete)
            st.rerun()
        if st.button("Keep it", key="keep"):
            st.rerun()


_ACTIONS = {
    "open": lambda run: navigation.go("train", run=run.id),
    "evaluate": lambda run: navigation.go("evaluate", run=run.id),
    "compare": lambda run: navigation.go("compare", run=run.id),
    "design": _design,
    "again": _again,
    "rename": _rename,
    "delete": _delete,
}
