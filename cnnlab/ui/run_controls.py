"""What its owner can do to a run while it trains: hold it, go step by step, move its settings."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from cnnlab import api
from cnnlab.errors import CNNLabError, RunNotFound
from cnnlab.live.words import shared_interpreter
from cnnlab.runs.store import ACTIVE
from cnnlab.spec.design import Design
from cnnlab.spec.fields import controls
from cnnlab.spec.training import CHANGEABLE, TrainingConfig
from cnnlab.ui import actions, frame
from cnnlab.ui.forms import plain_number

_FIRST = "cnnlab-now-first"
_SENT = "cnnlab-now-sent"
_TROUBLE = "cnnlab-now-trouble"


def buttons(run: api.Run) -> None:
    """Pause or resume, stop, one step, one epoch."""
    waiting = run.status == "queued"
    with st.container(horizontal=True, gap="xxsmall", width="content"):  # a row on a phone
        if run.status == "paused":
            _button("Resume", "go-on", ":material/play_arrow:", run.resume)
        else:
            _button("Pause", "pause", ":material/pause:", run.pause, disabled=waiting)
        _button("Stop", "stop", ":material/stop:", run.stop)
        _button(
            "Step", "step", ":material/skip_next:", run.step, disabled=waiting, help="One step, then pause."
        )
        _button(
            "Epoch",
            "epoch",
            ":material/fast_forward:",
            run.epoch,
            disabled=waiting,
            help="To the end of the epoch, then pause.",
        )


def _button(label: str, key: str, icon: str, action: Any, **options: Any) -> None:
    st.button(label, key=key, icon=icon, on_click=actions.attempt, args=(action,), **options)


@frame.fragment()
def sliders(run_id: str) -> None:
    """The settings that can be moved while the run trains; the chart is not drawn anew by it."""
    try:
        run = api.get(run_id)
    except RunNotFound:  # deleted in another tab
        st.rerun()
    now = _values(run)
    if not now:
        return
    st.markdown("**Change while it trains**")
    sent = st.session_state.setdefault(_SENT, {})
    for name, value in now.items():
        key = f"w-now-{name}-{run.id}"
        # The first value stays: the record knows of a change a moment later, and no slider may jump back.
        # Assigned each time: a browser that missed the first draw would show the lowest stop.
        sent[key] = st.session_state[key] = st.session_state.get(key, value)
        # A rate that no stop has, or beyond the usual range, can be gone back to.
        first = st.session_state.setdefault(f"{_FIRST}-{key}", value)
        _SLIDERS[name](first, sent[key], key=key, on_change=partial(_set, run.id, name, key))
    trouble = st.session_state.pop(_TROUBLE, None)
    if trouble:
        st.caption(f":material/error: {trouble}")


def _values(run: api.Run) -> dict[str, float]:
    """The settings that can be changed in this run, and what they are now."""
    design = run.design
    changed = shared_interpreter().history(run.id).values
    first = {
        "learning_rate": design.training.learning_rate,
        "dropout": _dropout(design),
        "augmentation": 1.0,
    }
    now = {name: changed.get(name, first[name]) for name in CHANGEABLE}
    return {name: value for name, value in now.items() if design.why_not_changeable(name, value) is None}


def _dropout(design: Design) -> float:
    """The rate of the first dropout layer: one slider sets those of all."""
    rates = (layer.rate for layer in design.architecture.layers if hasattr(layer, "rate"))
    return float(next(rates, 0.0))


def _set(run_id: str, name: str, key: str) -> None:
    """Send what the slider says to the training, where a user has moved it.

    Streamlit also calls this for a slider that has left the page with its run's end.
    """
    value = float(st.session_state[key])
    try:
        run = api.get(run_id)
        if run.status in ACTIVE and st.session_state.get(_SENT, {}).get(key) != value:
            run.set(name, value)
    except CNNLabError as exc:
        st.session_state[_TROUBLE] = str(exc)


def _learning_rate(*values: float, **shared: Any) -> None:
    control = controls(TrainingConfig)["learning_rate"]
    stops = sorted({*control.ticks(), *values})
    st.select_slider(
        "Learning rate now", stops, format_func=plain_number, help="What the schedule starts from.", **shared
    )


def _dropout_rate(*values: float, **shared: Any) -> None:
    high = max(0.8, *values)
    st.slider("Dropout now", 0.0, high, step=0.05, help="The rate of all dropout layers.", **shared)


def _augmentation(*values: float, **shared: Any) -> None:
    high = max(2.0, *values)
    st.slider("Augmentation now", 0.0, high, step=0.1, help="1 is as declared, 0 is off.", **shared)


_SLIDERS = {"learning_rate": _learning_rate, "dropout": _dropout_rate, "augmentation": _augmentation}
