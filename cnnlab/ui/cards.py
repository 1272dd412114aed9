"""Home's cards: the presets, each with its data set, its size and the tutorial it is from."""

from __future__ import annotations

import streamlit as st

from cnnlab import datasets, settings
from cnnlab.datasets import DatasetInfo
from cnnlab.spec import presets
from cnnlab.spec.design import Design
from cnnlab.spec.presets import Preset
from cnnlab.ui import actions, navigation, state, words
from cnnlab.ui.components.network import network
from cnnlab.ui.concepts import TITLES
from cnnlab.ui.editor import OUTPUT, Editor


def first_design() -> Design:
    """What "Train your first network" trains."""
    return presets.preset(presets.DEFAULT).design


def first_button(*, key: str) -> None:
    """The button that trains the first network and shows it."""
    if st.button("Train your first network", type="primary", icon=":material/play_arrow:", key=key):
        actions.start_and_show(first_design())


def first_picture() -> None:
    """The first network, drawn to scale."""
    editor = Editor.open(first_design())
    trace = editor.now.design.architecture.trace()
    network(
        trace,
        ids=(*editor.now.ids, OUTPUT),
        key="w-first-network",
        input_shape=editor.now.design.architecture.input_shape,
        compact=True,
    )


def presets_grid() -> None:
    """A card a preset; its button opens it in Design."""
    with st.grid(5, min_column_width=200, gap="small"):
        for preset in presets.all():
            with st.container(border=True, height="stretch", gap=None):
                _card(preset)


def concept_links() -> None:
    """A link a concept card."""
    with st.container(horizontal=True, gap="small"):
        navigation.link("convolution", "Sliding window", icon=":material/filter_center_focus:")
        for name, title in TITLES.items():
            navigation.link("convolution", title, card=name)


def _card(preset: Preset) -> None:
    info = datasets.info(preset.dataset)
    parameters = preset.design.architecture.trace().total_parameters
    reports = f" The tutorial {preset.reports}" if preset.reports else ""
    if st.button(
        f"**{preset.title}**",
        key=f"open-{preset.name}",
        type="tertiary",
        help=preset.description + reports,
    ):
        state.keep(state.editor().load(preset.design))
        navigation.go("design")
    tutorial = f" · tutorial {preset.tutorial.split(' ')[0]}" if preset.tutorial else ""
    st.caption(f"{info.title}{tutorial}  \n{parameters:,} parameters{_missing(info)}")


def _missing(info: DatasetInfo) -> str:
    """A line for a data set that is not here: what there is to download, if that may be."""
    if datasets.is_installed(info.name):
        return ""
    if not settings.get().downloads:
        return "  \n:material/cloud_off:\u00a0not on this machine"
    return f"  \n:material/download:\u00a0{words.size(info.download_bytes)}"
