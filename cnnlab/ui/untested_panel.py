"""Beside the curves of a run that ended before it was tested: why no matrix is there, and what to do next."""

from __future__ import annotations

import streamlit as st

from cnnlab import api
from cnnlab.live.words import shared_interpreter
from cnnlab.spec.fields import controls
from cnnlab.spec.training import TrainingConfig
from cnnlab.ui import again_panel, navigation, run_view
from cnnlab.ui.forms import plain_number

SMALLER = 10.0
"""What a learning rate at which the loss grew without end is divided by for the next try."""


def draw(run: api.Run) -> None:
    """In the place of the confusion matrix: that there is none, and the next step."""
    own = run_view.is_own(run)
    with st.container(border=True):
        st.markdown("**No confusion matrix yet**")
        st.caption(
            "At its end a training asks the network about the test images, which it has never seen. "
            "This one ended before."
        )
        if run.row.diverged:
            _smaller_rate(run)
        elif own and run.resumable:
            st.markdown(
                "**Resume** goes on from its last full state: the result is that of a run without a break."
            )
        _what_is_kept(run)


def _smaller_rate(run: api.Run) -> None:
    """The loss grew without end: the same training once more, with shorter steps."""
    bounds = controls(TrainingConfig)["learning_rate"]
    rate = shared_interpreter().history(run.id).values.get("learning_rate", run.design.training.learning_rate)
    smaller = bounds.nearest(float(f"{rate / SMALLER:.1g}"))
    assert isinstance(smaller, float)
    st.markdown(
        f"With a learning rate of {plain_number(rate)} each step overshot the valley by more than the one "
        "before, and the loss grew without end. Shorter steps stay in it."
    )
    if st.button(
        f"Again with learning rate {plain_number(smaller)}",
        key="again-smaller",
        type="primary",
        icon=":material/replay:",
    ):
        again_panel.start(run, {"learning_rate": smaller})


def _what_is_kept(run: api.Run) -> None:
    """The last weights, where they have learnt anything."""
    epoch = max((checkpoint.epoch for checkpoint in run.checkpoints()), default=0.0)
    if epoch > 0:
        st.markdown(f"The weights after epoch {epoch:.4g} are kept:")
        navigation.link("evaluate", "Test them now", icon=":material/grid_on:", run=run.id)
