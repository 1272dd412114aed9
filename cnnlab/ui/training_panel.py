"""The Train page's two halves: the settings with the buttons, and the run as it happens."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnlab import api, datasets
from cnnlab.engine import unrecorded_end
from cnnlab.errors import RunNotFound
from cnnlab.figures.schedule import describe_schedule, schedule
from cnnlab.figures.theme import CONFIG
from cnnlab.live.words import shared_interpreter
from cnnlab.runs.store import ACTIVE
from cnnlab.spec.design import Design
from cnnlab.ui import (
    actions,
    again_panel,
    augmentation_panel,
    confusion_panel,
    evaluate_panel,
    foretell_panel,
    frame,
    install_panel,
    navigation,
    recipes,
    run_controls,
    run_view,
    state,
    untested_panel,
    words,
)
from cnnlab.ui.components.live_chart import live_chart
from cnnlab.ui.components.live_layers import live_layers
from cnnlab.ui.components.network import network
from cnnlab.ui.editor import OUTPUT, Editor
from cnnlab.ui.forms import form

_SCHEDULE_POINTS = 200
_SOON = (
    "The confusion matrix appears here. When the training ends, the network is asked about the test images, "
    "which it has never seen."
)


def settings(run: api.Run | None) -> None:
    """What is, or will be, trained and how: the active run's settings, else those of the design."""
    if run is None:
        _next(state.design())
    elif run.status not in ACTIVE:
        _apart()
    else:
        _what(run.design)
        if run_view.is_own(run):
            run_controls.sliders(run.id)
            foretell_panel.note(run)
        _form(run.design, active=True)


@frame.fragment()
def _apart() -> None:
    """The next training beside a run that has ended: nothing that is shown of the run depends on it."""
    st.caption("The next training")
    _next(state.design(), startable=True)


def _next(design: Design, *, startable: bool = False) -> None:
    """The design's settings; where it is `startable` here, with the button that starts its training."""
    _what(design)
    if startable:
        _data_first(design, narrow=True)
        actions.train_button(design, key="start", width="stretch")
        _obstacle(design)
    foretell_panel.offer(design, lambda rate: _change("learning_rate", rate))
    _form(design, active=False)
    navigation.link("data", "Augment in Data", icon=":material/auto_fix_high:")


def _form(design: Design, *, active: bool) -> None:
    """The settings themselves; those of an active run can be read."""
    recipes.choice(design, disabled=active)
    form(
        design.training,
        "training",
        _change,
        only=design.training.relevant(),
        disabled=active,
    )
    st.caption(f"Augmentation: {augmentation_panel.summary(design.training.augmentation)}")


def watch(run: api.Run, status: str) -> None:
    """The run: its name and what can be done to it, its curves, and the confusion matrix once it is there.

    Args:
        run: The run.
        status: As it was before the page was drawn.
    """
    _head(run)
    unrecorded = unrecorded_end(run.id)
    # Always there, so that the chart below keeps its place on the page, its stream and its drawing.
    with st.container():
        if unrecorded is not None:
            _unrecorded(run.id, unrecorded[1])
        elif run.status == "queued":
            _waiting(run.id)
        elif run.row.message and run.status == "finished":  # it stopped early, or took the best weights
            st.info(run.row.message, icon=":material/info:")
        elif run.row.message and run.status not in ("running", "paused"):
            st.warning(run.row.message, icon=":material/info:")
    curves, result = st.columns(2, gap="medium")
    with curves:
        # It says itself when the run's status changes, and the page is drawn anew.
        live_chart(run.id, key=f"w-live-{run.id}", status=status)
    with result:
        _beside(run)


def _head(run: api.Run) -> None:
    """The run's name and its buttons, above the chart, which says its status: in reach on a phone too."""
    with _head_row(words.plain(run.name)):
        _controls(run)


def _head_row(title: str) -> DeltaGenerator:
    """A heading in Markdown; the place for buttons at its right, on a phone in a row of their own."""
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="xsmall"
    )
    row.markdown(f"#### {title}", width="content")
    # A row of its own begins at the left on a phone.
    return row.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content")


def _controls(run: api.Run) -> None:
    if run.status not in ACTIVE:
        _ended_controls(run)
    elif run_view.is_own(run):
        if run.status == "paused":
            again_panel.rewind(run)
        run_controls.buttons(run)
    else:
        st.space("medium")  # a button's height: the chart stays where it is when there are buttons


@frame.fragment(run_every=2.0)
def _unrecorded(run_id: str, message: str) -> None:
    """The end that the record does not know of yet; once it does, the page shows it."""
    if unrecorded_end(run_id) is None:
        st.rerun()
    st.error(
        f"{message} The record cannot be written, which is why the run still counts as active.",
        title="This training has ended",
        icon=":material/error:",
    )


def _beside(run: api.Run) -> None:
    """Beside the curves: what will come, then the layers as they learn, then the confusion matrix."""
    if run.status == "queued":
        _meanwhile(run)
    elif run.status in ACTIVE:
        _inside(run)
    elif run.row.result.get("test_accuracy") is None:
        untested_panel.draw(run)
        _inside(run)
    else:
        _result(run)
        if shared_interpreter().history(run.id).health:
            with st.expander("Inside the network"):
                _inside(run)


def _inside(run: api.Run) -> None:
    """Kernels and maps as they move, and the health of each layer."""
    active = run.status in ACTIVE
    live_layers(run.id, key=f"w-inside-{run.id}", waiting=_SOON if active else "")


def _what(design: Design) -> None:
    trace = design.architecture.trace()
    st.markdown(f"**{words.design_title(design)}**")
    st.caption(f"{datasets.info(design.dataset).title} · {trace.total_parameters:,} parameters")


def _change(field: str, value: Any) -> None:
    editor = state.editor()
    training = editor.now.design.training.replace(**{field: value})
    state.keep(editor.with_design(training=training))


def _data_first(design: Design, *, narrow: bool = False) -> None:
    """Where the images are not on this machine: how they get here."""
    if not datasets.is_installed(design.dataset):
        install_panel.offer(design.dataset, narrow=narrow)


def _obstacle(design: Design) -> None:
    """Why the design cannot be trained, and where that is mended."""
    obstacle = design.obstacle()
    if obstacle is not None:
        st.error(f"Cannot start yet. {obstacle}", icon=":material/error:")
        navigation.link("design", "Mend it in Design", icon=":material/build:")


def _ended_controls(run: api.Run) -> None:
    if run.resumable and run_view.is_own(run):
        st.button(
            "Resume", key="resume", icon=":material/play_arrow:", on_click=actions.attempt, args=(run.resume,)
        )
    again_panel.again(run)
    if run_view.is_own(run):
        again_panel.rewind(run)
    if run.checkpoints():
        navigation.link("inspect", "Inspect", icon=":material/visibility:", run=run.id)
        navigation.link("evaluate", "Evaluate", icon=":material/grid_on:", run=run.id)


@frame.fragment(run_every=1.0)
def _waiting(run_id: str) -> None:
    """The place in the queue, until it is this run's turn."""
    try:
        run = api.get(run_id)
    except RunNotFound:  # deleted in another tab
        st.rerun()
    if run.status != "queued":
        st.rerun()
    ahead = run.position()
    if ahead:
        st.info(f"{ahead} run{'s' if ahead > 1 else ''} before this one.", icon=":material/hourglass_empty:")
    else:
        st.caption("Starting TensorFlow…")


def _meanwhile(run: api.Run) -> None:
    """What is being trained, while the place of the confusion matrix is still empty."""
    design = run.design
    training = design.training
    with st.container(border=True):
        st.markdown("**The confusion matrix appears here**")
        st.caption(
            "When the training ends, the network is asked about the test set: images that it has never seen. "
            "Each cell then counts how many images of one class were called another."
        )
        st.markdown(
            f"- {training.epochs} epochs, {training.batch_size} images a step\n"
            f"- {training.optimizer}, learning rate {training.learning_rate:g}, {training.schedule}\n"
            f"- {words.percent(training.validation_share)} of the training images held back for validation"
        )


def _result(run: api.Run) -> None:
    evaluation = evaluate_panel.answers(run)
    st.markdown(
        f"**{words.percent(evaluation.accuracy)}** of the test images right "
        f"after {words.duration(run.row.result.get('seconds'))}."
    )
    confusion_panel.panel(run, evaluation, run_view.test_set(run), key="train", compact=True)
    recipes.reported(run.design)


def before_the_first(design: Design) -> None:
    """What will be trained and how, while no run was started yet.

    The button that starts it stands where a run has its own, so that a phone's first screen shows it.
    """
    with _head_row("Press Train and watch loss and accuracy move"):
        actions.train_button(design, key="start")
    _data_first(design)
    _obstacle(design)
    st.caption(
        "The curves are drawn while the network learns, several times a second. "
        "Close the tab if you like: the training goes on, and its link brings it back."
    )
    recipes.reported(design)
    architecture = design.architecture
    editor = Editor.open(design)
    network(
        architecture.trace(),
        ids=(*editor.now.ids, OUTPUT),
        key="w-next-network",
        input_shape=architecture.input_shape,
    )
    if datasets.is_installed(design.dataset):
        _schedule(design)


def _schedule(design: Design) -> None:
    """The learning rate over the whole training."""
    training = design.training
    with st.spinner("Opening the images…"):
        data = datasets.load(design.dataset, seed=training.seed, validation_share=training.validation_share)
    per_epoch = training.steps_per_epoch(len(data.train))
    total = per_epoch * training.epochs
    steps = sorted({round(share * (total - 1) / _SCHEDULE_POINTS) for share in range(_SCHEDULE_POINTS + 1)})
    rates = [training.learning_rate_at(step, total, per_epoch) for step in steps]
    st.caption(
        f"{len(data.train):,} training images in batches of {training.batch_size}: "
        f"{per_epoch:,} steps an epoch, {total:,} in all. The learning rate over them:"
    )
    st.plotly_chart(
        schedule([step + 1 for step in steps], rates, per_epoch),
        config=CONFIG,
        alt=describe_schedule(rates),
        key="w-schedule",
    )
