"""What buttons do to runs: start, stop, pause, resume; each says what went wrong instead of failing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from cnnlab import api, datasets, settings
from cnnlab.errors import CNNLabError, RunNotFound
from cnnlab.runs.store import ACTIVE
from cnnlab.spec.design import Design
from cnnlab.ui import navigation, state
from cnnlab.ui.frame import owner

_STARTED = "cnnlab-started"


def obstacle(design: Design) -> str | None:
    """Why a training of this design cannot be started now, in words; None where it can."""
    if not datasets.is_installed(design.dataset):
        info = datasets.info(design.dataset)
        if info.own:
            return f"The images of {info.title} were deleted. Choose another data set."
        first = "Download it first." if settings.get().downloads else "Its file has to be put there first."
        return f"{info.title} is not on this machine yet. {first}"
    return design.obstacle()


def train_button(design: Design, *, key: str, width: Literal["content", "stretch"] = "content") -> None:
    """The button that starts a training and shows it; while that cannot be, it is grey and says why."""
    why = obstacle(design)
    if st.button(
        "Train",
        key=key,
        type="primary",
        icon=":material/play_arrow:",
        width=width,
        disabled=why is not None,
        help=None if why is None else f"Cannot start yet. {why}",
    ):
        start_and_show(design)


def start_and_show(design: Design) -> None:
    """Start a run of `design` and go to its page; where it cannot be started, stay and say why."""
    run = start(design)
    if run is not None:
        navigation.go("train", run=run.id)


def start(design: Design) -> api.Run | None:
    """Start a run of `design` and choose it; a second click while that very run is active starts none.

    Returns:
        The run, or None where it could not be started; the reason is shown.
    """
    return once(design.to_json(), lambda: api.start(design, owner=owner()))


def once(what: str, begin: Callable[[], api.Run]) -> api.Run | None:
    """Start a run and choose it; a second click while that very run is active starts none.

    Args:
        what: Is started, in a text that is the same for the second click.
        begin: Starts it.

    Returns:
        The run, or None where it could not be started; the reason is shown.
    """
    # Got before anything is started, and changed in place: any other access to the session's state
    # may end this script run for the rerun that a second click asked for; the first run would be forgotten.
    memory: dict[str, str] = st.session_state.setdefault(_STARTED, {})
    run = _active(memory.get(what))
    if run is None:
        try:
            run = begin()
        except CNNLabError as exc:
            state.complain(str(exc))
            return None
        memory.clear()
        memory[what] = run.id
    state.choose_run(run.id)
    return run


def _active(run_id: str | None) -> api.Run | None:
    """The run of this id while it is active; None where there is none, or it was deleted."""
    if run_id is None:
        return None
    try:
        run = api.get(run_id)
    except RunNotFound:
        return None
    return run if run.status in ACTIVE else None


def attempt(action: Callable[[], object]) -> None:
    """Do something to a run; where it cannot be done, say why on the page that follows."""
    try:
        action()
    except CNNLabError as exc:
        state.notify(str(exc))
