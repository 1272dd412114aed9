"""Data: the images, their classes, where they come from, and the split."""

from __future__ import annotations

import streamlit as st

from cnnlab import datasets
from cnnlab.spec import presets
from cnnlab.ui import data_panel, frame, navigation, state

frame.page("data")
state.show_notice()

design = state.design()
name = data_panel.choice(design.dataset)
left, right = st.columns([7, 4], gap="large")
with right:
    data_panel.provenance(datasets.info(name))
with left:
    data = data_panel.opened(name, design.training)
    data_panel.samples(data)
with right:
    data_panel.counts(data)
    if name != design.dataset and st.button("Use it in Design", icon=":material/layers:", key="use"):
        preset = presets.default_for(name)
        if preset is not None:
            state.edit("load", preset.design)
        state.use_dataset(name)
        navigation.go("design")
    st.caption(
        f"The split follows the training's seed ({design.training.seed}) and validation share: "
        "the same seed gives the same images everywhere."
    )
