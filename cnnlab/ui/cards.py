"""Home's cards: the presets, each with its data set, its size and the tutorial it is from."""

from __future__ import annotations

import streamlit as st

from cnnlab import datasets
from cnnlab.spec import presets
from cnnlab.spec.design import Design
from cnnlab.spec.presets import Preset
from cnnlab.ui import navigation, state, words
from cnnlab.ui.components.network import network
from cnnlab.ui.editor import OUTPUT, Editor


def first_design() -> Design:
    """What "Train your first network" trains."""
    return presets.preset(state.FIRST_PRESET).design


def first_picture() -> None:
    """The first network, drawn to scale."""
    editor = Editor.open(first_design())
    trace = editor.now.design.architecture.trace()
    network(
        trace,
        ids=(*editor.now.ids, OUTPUT),
        key="w-first-network",
        input_shape=editor.now.design.architecture.input_shape,
    )


def presets_grid() -> None:
    """A card a preset; its button opens it in Design."""
    with st.grid(5, min_column_width=200):
        for preset in presets.all():
            with st.container(border=True, height="stretch", gap="xsmall"):
                _card(preset)


def _card(preset: Preset) -> None:
    info = datasets.info(preset.dataset)
    parameters = preset.design.architecture.trace().total_parameters
    st.markdown(f"**{preset.title}**")
    st.caption(f"{info.title} · {parameters:,} parameters  \n{preset.tutorial or preset.description}")
    st.space("stretch")
    if st.button("Open", key=f"open-{preset.name}", width="stretch"):
        state.keep(state.editor().load(preset.design))
        navigation.go("design")
    if not info.built_in and not datasets.is_installed(preset.dataset):
        st.caption(f":material/download: {words.size(info.download_bytes)} once")
