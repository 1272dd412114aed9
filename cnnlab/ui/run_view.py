"""Choosing the run that a page shows, and reading it without its weights: no TensorFlow needed."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from cnnlab import api, datasets
from cnnlab.datasets import Dataset
from cnnlab.errors import CNNLabError, RunNotFound
from cnnlab.runs import Checkpoint, get_store
from cnnlab.runs.store import ACTIVE
from cnnlab.ui import cards, install_panel, navigation, state, words
from cnnlab.ui.frame import owner

STATUS = {
    "queued": ("waiting", "gray", ":material/hourglass_empty:"),
    "running": ("training", "blue", ":material/play_circle:"),
    "paused": ("paused", "orange", ":material/pause_circle:"),
    "finished": ("finished", "green", ":material/check_circle:"),
    "stopped": ("stopped", "gray", ":material/stop_circle:"),
    "failed": ("failed", "red", ":material/error:"),
    "interrupted": ("interrupted", "orange", ":material/power_off:"),
}
"""Status of a run → the word a user reads, its colour, its icon."""


def chosen() -> api.Run | None:
    """The run of the address or of the session; a link to a run that is gone is said in words."""
    try:
        return state.chosen_run()
    except RunNotFound as exc:
        navigation.leads_nowhere("run", str(exc))
        return None


def require(page: str) -> tuple[api.Run, int]:
    """The run and the step of the weights to show, with a choice of both; ends the page where there is none.

    Args:
        page: what the page does with a run, for the words of the empty page ("inspect").
    """
    run = chosen()
    if run is None:
        if api.runs(owner()):  # the link led to no run, which was said: there are others
            navigation.link("runs", "Open one of your runs", icon=":material/history:")
            st.stop()
        nothing_yet(f"There is no trained network to {page} yet.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _run_choice(run)
        step = _checkpoint_choice(run)
    _say_missing(run)
    if step is None:
        st.info(f"Nothing to {page} yet: {status_words(run)}", icon=":material/hourglass_empty:")
        navigation.link("train", "Watch it train", icon=":material/model_training:", run=run.id)
        st.stop()
    return run, step


def _say_missing(run: api.Run) -> None:
    """Name the files of weights that were taken away; ends the page where none is left."""
    kept = len(run.checkpoints())
    if run.status in ACTIVE or (kept and kept > run.row.result.get("epochs_done", 0)):
        return  # as the record's own line says, without its thousands of events
    ends = [Checkpoint(row["step"], float(row["epoch"])) for row in run.history]
    missing = get_store().files(run.id).missing_weights(ends)
    if not missing:
        return
    others = f" and {len(missing) - 1:,} more are" if len(missing) > 1 else " is"
    left = "What was kept of other epochs can still be used." if kept else "No others are kept."
    st.warning(f"{run.id}/{missing[0]}{others} missing. {left}", icon=":material/find_in_page:")
    if not kept:
        st.stop()


def nothing_yet(text: str) -> NoReturn:
    """Say that there is no run, offer the way to one, and end the page."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"**{text}**", width="content")
        st.caption("Train the first network in a few seconds, or design your own.", width="content")
        with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
            cards.first_button(key="w-first")
            navigation.link("design", "Design", icon=":material/layers:")
    st.stop()


def badge(run: api.Run) -> None:
    """The run's status as a small coloured word."""
    word, colour, icon = STATUS[run.status]
    st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]


def status_words(run: api.Run) -> str:
    """The run's status as a sentence, with its reason where it has one."""
    sentence = {
        "queued": "this run waits for its turn.",
        "running": "this run is training.",
        "paused": "this run is paused.",
        "finished": "this run is finished.",
        "stopped": "this run was stopped.",
        "failed": "this run failed.",
        "interrupted": "this run was interrupted and can be resumed.",
    }[run.status]
    return f"{sentence} {run.row.message}" if run.row.message else sentence


def is_own(run: api.Run) -> bool:
    """Whether this browser started the run: only then may it stop, rename or delete it."""
    return run.row.owner == owner()


def test_set(run: api.Run) -> Dataset:
    """The run's data set with the split it was trained on; ends the page in words where it is not here."""
    design = run.design
    if not datasets.is_installed(design.dataset):
        install_panel.offer(design.dataset)
        st.stop()
    try:
        return datasets.load(
            design.dataset, seed=design.training.seed, validation_share=design.training.validation_share
        )
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/folder_off:")
        st.stop()


def _run_choice(run: api.Run) -> None:
    own = {other.id: other for other in api.runs(owner())}
    options = {run.id: run} | own
    st.session_state["w-run"] = run.id
    st.selectbox(
        "Run",
        list(options),
        key="w-run",
        format_func=lambda run_id: _run_label(options[run_id]),
        on_change=lambda: st.query_params.update(run=st.session_state["w-run"]),
        width=420,
    )


def _run_label(run: api.Run) -> str:
    accuracy = run.row.result.get("test_accuracy")
    figure = f" · {words.percent(accuracy)}" if accuracy is not None else f" · {STATUS[run.status][0]}"
    return f"{run.name}{figure} · {words.ago(run.row.created_at)}"


def _checkpoint_choice(run: api.Run) -> int | None:
    """A slider over the epochs whose weights were kept: the last one, until the user chooses another."""
    kept = {checkpoint.step: checkpoint.epoch for checkpoint in run.checkpoints()}
    if not kept or (len(kept) == 1 and run.status in ACTIVE):
        return None
    steps = sorted(kept)
    if len(steps) == 1:
        return steps[0]
    # A key of our own: a widget's is gone on the next page, and the choice must reach Inspect from Evaluate.
    key, choice = f"w-step-{run.id}", f"cnnlab-step-{run.id}"
    chosen = st.session_state.get(choice)
    tested = run.row.result.get("step")  # of a run that keeps its best weights, not the last step
    usual = tested if tested in kept else steps[-1]
    st.session_state[key] = chosen if chosen in kept else usual

    def changed() -> None:
        st.session_state[choice] = st.session_state[key]

    return int(
        st.select_slider(
            "Weights after epoch",
            steps,
            key=key,
            format_func=lambda step: f"{kept[step]:.4g}",
            on_change=changed,
            width=320,
        )
    )
