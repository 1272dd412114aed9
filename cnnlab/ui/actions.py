"""What buttons do to runs: start, stop, pause, resume; each says what went wrong instead of failing."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cnnlab import api
from cnnlab.errors import CNNLabError
from cnnlab.runs.store import ACTIVE
from cnnlab.spec.design import Design
from cnnlab.ui import state
from cnnlab.ui.frame import owner

_STARTED = "cnnlab-started"


def start(design: Design) -> api.Run | None:
    """Start a run of `design` and choose it; a second click while that very run is active starts none.

    Returns:
        The run, or None where it could not be started (the reason is then shown).
    """
    text = design.to_json()
    started, run_id = st.session_state.get(_STARTED, (None, None))
    try:
        if started == text:
            run = api.get(run_id)
            if run.status in ACTIVE:
                state.choose_run(run.id)
                return run
    except CNNLabError:
        st.session_state.pop(_STARTED)  # that run was deleted: nothing stands in the way of a new one
    try:
        run = api.start(design, owner=owner())
    except CNNLabError as exc:
        state.notify(str(exc))
        return None
    st.session_state[_STARTED] = (text, run.id)
    state.choose_run(run.id)
    return run


def attempt(action: Callable[[], object]) -> None:
    """Do something to a run; where it cannot be done, say why on the page that follows."""
    try:
        action()
    except CNNLabError as exc:
        state.notify(str(exc))
