"""Data: the images, how they are varied, what the network is given of them, and own images."""

from __future__ import annotations

import streamlit as st

from cnnlab import datasets
from cnnlab.ui import (
    augmentation_panel,
    data_panel,
    frame,
    own_images_panel,
    state,
    tensor_panel,
)

frame.page("data")
state.show_notice()

design = state.design()
images, own, augmentation, tensors = data_panel.sections()
if images.open:
    with images:
        name = data_panel.choice(design.dataset)
        left, right = st.columns([7, 4], gap="large")
        with right:
            data_panel.provenance(datasets.info(name))
        with left:
            data = data_panel.opened(name, design.training)
            data_panel.samples(data)
        with right:
            data_panel.counts(data)
            data_panel.use_button(name, design)
            st.caption(
                f"The split follows the training's seed ({design.training.seed}) and validation share: "
                "the same seed gives the same images everywhere."
            )
if own.open:
    with own:
        own_images_panel.panel()
if augmentation.open:
    with augmentation:
        augmentation_panel.panel()
if tensors.open:
    with tensors:
        tensor_panel.panel()
