"""Before Train: how long it will take, how much memory, and which learning rate; the page never waits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import streamlit as st

from cnnlab import api
from cnnlab.errors import CNNLabError
from cnnlab.figures.rates import describe_rates, rate_curve
from cnnlab.figures.theme import CONFIG
from cnnlab.live.words import FORECAST
from cnnlab.runs.store import get_store
from cnnlab.spec.design import Design
from cnnlab.ui import actions, background, frame, words

LOOK_SECONDS = 0.5
"""Between two looks whether a question is answered."""

_FORECAST, _RATES = "forecast", "rates"
_FINDER = "cnnlab-rate-finder"


def offer(design: Design, use_rate: Callable[[float], None]) -> None:
    """Two quiet buttons and what they found.

    Args:
        design: What would be trained.
        use_rate: Called with the learning rate that a user takes over.
    """
    if actions.obstacle(design) is not None:
        return
    text = design.to_json()
    found = background.known(_FORECAST, text)
    with st.container(gap=None):
        if found is None or _failed(found):
            st.button(
                "Forecast",
                key="forecast",
                type="tertiary",
                icon=":material/timer:",
                help="How long an epoch takes on this machine, and how much memory: measured on a few steps.",
                on_click=background.ask,
                args=(_FORECAST, text, lambda: api.forecast(design)),
            )
        st.button(
            "Find a learning rate",
            key="find-rate",
            type="tertiary",
            icon=":material/troubleshoot:",
            help="Tries ever larger rates on the first weights and shows how the loss answers.",
            on_click=_open_finder,
            args=(design,),
        )
    if found is not None:
        _forecast(design, found)
    if st.session_state.get(_FINDER) == text:
        _finder(design, use_rate)


def note(run: api.Run) -> None:
    """Keep with a run what was foretold for its design: after its first epoch the two are compared."""
    if FORECAST in run.row.result:
        return
    found = background.known(_FORECAST, run.design.to_json())
    if found is not None and found.done() and not _failed(found):
        foretold: api.Forecast = found.result()
        get_store().set_result(run.id, **{FORECAST: foretold.seconds_per_epoch})


def _forecast(design: Design, found: Future[Any]) -> None:
    def draw() -> None:
        foretold: api.Forecast = found.result()
        whole = foretold.seconds_per_epoch * design.training.epochs
        st.caption(
            f"About {words.duration(foretold.seconds_per_epoch)} an epoch, {words.duration(whole)} in all, "
            f"{words.size(foretold.memory_bytes)} of memory."
        )

    _when_done(found, "Measuring a few steps…", draw)


def _open_finder(design: Design) -> None:
    st.session_state[_FINDER] = design.to_json()
    background.ask(_RATES, design.to_json(), lambda: api.find_learning_rate(design))


def _close_finder() -> None:
    st.session_state.pop(_FINDER, None)


@st.dialog("Find a learning rate", width="large", on_dismiss=_close_finder)
def _finder(design: Design, use_rate: Callable[[float], None]) -> None:
    found = background.known(_RATES, design.to_json())
    if found is None:  # so many were asked since that it was forgotten
        _close_finder()
        st.rerun()

    def draw() -> None:
        trial: api.RateTrial = found.result()
        _trial(trial, use_rate)

    _when_done(found, "Trying ever larger learning rates…", draw)


def _trial(trial: api.RateTrial, use_rate: Callable[[float], None]) -> None:
    st.caption(
        "The rate grows from step to step. Where the loss falls fastest, the network learns fastest; where "
        "it rises again, the rate is too high. The line marks the suggestion."
    )
    arguments = (trial.rates, trial.losses, trial.suggested)
    st.plotly_chart(rate_curve(*arguments), config=CONFIG, alt=describe_rates(*arguments), key="w-rates")
    if trial.suggested is None:
        st.info("No rate let the loss fall. Look at the network first.", icon=":material/info:")
        return
    suggested = float(f"{trial.suggested:.2g}")
    if st.button(f"Use {suggested:g}", key="use-rate", type="primary", icon=":material/check:"):
        use_rate(suggested)
        _close_finder()
        st.rerun()


def _when_done(found: Future[Any], meanwhile: str, draw: Callable[[], None]) -> None:
    """Draw an answer, or say that it is worked on and look again until it is there."""
    if not found.done():
        _wait(found, meanwhile)
    elif (trouble := found.exception()) is None:
        draw()
    elif isinstance(trouble, CNNLabError):
        st.caption(f":material/error: {trouble}")
    else:
        raise trouble


def _wait(found: Future[Any], meanwhile: str) -> None:
    @frame.fragment(run_every=LOOK_SECONDS)
    def look() -> None:
        if found.done():
            st.rerun()
        st.caption(f":material/hourglass_empty: {meanwhile}")

    look()


def _failed(found: Future[Any]) -> bool:
    return found.done() and found.exception() is not None
