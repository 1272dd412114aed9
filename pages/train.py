"""Train: the run as it happens, the confusion matrix at its end, and the settings."""

from __future__ import annotations

import streamlit as st

from cnnlab.ui import frame, run_view, state, training_panel

frame.page("train")
state.show_notice()

run = run_view.chosen()
# Read before anything is drawn: where it changes meanwhile, the chart has the page drawn anew.
status = None if run is None else run.status
# The run comes first: on a phone the columns lie below each other.
live, settings = st.columns([7, 2], gap="large")
with settings:
    training_panel.settings(run)
with live:
    if run is None or status is None:
        training_panel.before_the_first(state.design())
    else:
        training_panel.watch(run, status)
