"""Data: the images, their classes, where they come from, and the split."""

from __future__ import annotations

import streamlit as st

from cnnlab import datasets
from cnnlab.ui import data_panel, frame, state

frame.page("data")
state.show_notice()

design = state.design()
names = datasets.names()
name = st.segmented_control(
    "Data set",
    names if design.dataset in names else [design.dataset, *names],
    default=design.dataset,
    required=True,
    format_func=lambda each: datasets.info(each).title,
    key="w-data",
    label_visibility="collapsed",
)
left, right = st.columns([7, 4], gap="large")
with right:
    data_panel.provenance(datasets.info(name))
with left:
    data = data_panel.opened(name, design.training)
    data_panel.samples(data)
with right:
    data_panel.counts(data)
    st.caption(
        f"The split follows the training's seed ({design.training.seed}) and validation share: "
        "the same seed gives the same images everywhere."
    )
