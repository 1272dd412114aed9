"""Train: the settings, the run as it happens, and the confusion matrix at its end."""

from __future__ import annotations

import streamlit as st

from cnnlab.ui import frame, run_view, state, training_panel

frame.page("train")
state.show_notice()

settings, live = st.columns([2, 7], gap="large")
run = run_view.chosen()
with settings:
    training_panel.settings(run)
with live:
    if run is None:
        training_panel.before_the_first()
    else:
        training_panel.watch(run)
