"""A run once more: with one thing changed, or gone on with from an earlier epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from cnnlab import api
from cnnlab.spec.fields import controls
from cnnlab.spec.training import TrainingConfig
from cnnlab.ui import actions, navigation, state
from cnnlab.ui.forms import plain_number, widget
from cnnlab.ui.frame import owner

_NETWORK = "architecture"
_SEED = "seed"


def again(run: api.Run) -> None:
    """The same training once more with one thing changed; the earlier run stays as a faint line."""
    with st.popover("Again", icon=":material/replay:", help="The same, with one thing changed.", key="again"):
        fields = _fields(run)
        field = st.selectbox(
            "Change one thing",
            list(fields),
            key=f"w-again-field-{run.id}",
            format_func=fields.__getitem__,
        )
        change = _change(run, field)
        if field == _SEED:
            st.caption("Another seed: other first weights, another order of the images.")
        else:
            st.caption("The first weights and the order of the images stay. The earlier run stays in grey.")
        if st.button(
            "Start",
            key="again-start",
            type="primary",
            icon=":material/play_arrow:",
            disabled=change is None,
            help="Move it first: nothing is changed yet." if change is None else None,
        ):
            start(run, change)


def start(run: api.Run, change: Mapping[str, Any] | None) -> None:
    """Start the same training with something changed, and show it; where that cannot be, stay and say why."""
    _go(f"again {run.id} {change!r}", lambda: api.again(run, owner(), change=change))


def rewind(run: api.Run) -> None:
    """Go on from an earlier epoch, as a new run; nothing where no earlier state is kept."""
    kept = _states(run)
    if not kept:
        return
    with st.popover("Rewind", icon=":material/history:", help="Go on from an earlier epoch.", key="rewind"):
        steps = list(kept)
        step = steps[-1]
        if len(steps) > 1:
            step = st.select_slider(
                "Back to epoch",
                steps,
                value=step,
                key=f"w-rewind-{run.id}",
                format_func=lambda each: f"{kept[each]:.4g}",
            )
        else:
            st.markdown(f"Back to epoch {kept[step]:.4g}")
        rate = run.design.training.learning_rate
        stops = sorted({*controls(TrainingConfig)["learning_rate"].ticks(), rate})
        key = f"w-rewind-rate-{run.id}"
        st.session_state[key] = st.session_state.get(key, rate)  # each time: the first draw may be missed
        chosen = st.select_slider("Learning rate from there", stops, key=key, format_func=plain_number)
        st.caption("A new run goes on from there; this one stays, in grey on the new one's chart.")
        if st.button("Go on", key="rewind-start", type="primary", icon=":material/play_arrow:"):
            _go(f"rewind {run.id} {step} {chosen}", lambda: _rewound(run, step, chosen))


def _rewound(run: api.Run, step: int, rate: float) -> api.Run:
    new = run.rewind(step)
    if rate != run.design.training.learning_rate:
        new.set("learning_rate", rate)
    if run.status == "paused":  # it would keep the place in which the new one is to train
        actions.attempt(run.stop)
    return new


def _go(what: str, begin: Callable[[], api.Run]) -> None:
    """Start a run, once, and show it; where it cannot be started, stay and say why."""
    run = actions.once(what, begin)
    if run is not None:
        navigation.go("train", run=run.id)


def _fields(run: api.Run) -> dict[str, str]:
    """What can be changed → how it is called."""
    design, declared = run.design, controls(TrainingConfig)
    fields = {name: declared[name].label for name in _first(design.training.relevant())}
    now = state.design()
    if now.dataset == design.dataset and now.architecture != design.architecture:
        fields[_NETWORK] = "Network: that of Design"
    return fields


def _first(names: tuple[str, ...]) -> list[str]:
    """The learning rate first: the most telling thing to change."""
    return sorted(names, key=lambda name: name != "learning_rate")


def _change(run: api.Run, field: str) -> dict[str, Any] | None:
    """Draw the widget of the field; what is to be changed, None where it is as it was."""
    if field == _NETWORK:
        now = state.design().architecture
        st.caption(f"{now.trace().total_parameters:,} parameters")
        return {_NETWORK: now}
    was = getattr(run.design.training, field)
    memory = f"cnnlab-again-{run.id}-{field}"
    value = st.session_state.get(memory, was)

    def keep(name: str, new: Any) -> None:
        st.session_state[memory] = new

    widget(controls(TrainingConfig)[field], value, f"w-again-{run.id}-{field}", keep)
    return None if value == was else {field: value}


def _states(run: api.Run) -> dict[int, float]:
    """Steps at the end of an epoch from which there is something to go on to → epochs done there."""
    total = run.design.training.epochs
    epochs = {checkpoint.step: checkpoint.epoch for checkpoint in run.checkpoints()}
    whole = {step: epoch for step, epoch in epochs.items() if epoch % 1 == 0 and 0 < epoch < total}
    return {step: whole[step] for step in run.states() if step in whole}
