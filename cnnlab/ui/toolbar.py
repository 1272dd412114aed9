"""The Design page's toolbar: preset, data set, undo and redo, the link, the totals, and Train."""

from __future__ import annotations

import streamlit as st

from cnnlab import datasets
from cnnlab.spec import links, presets
from cnnlab.spec.architecture import Trace
from cnnlab.spec.design import Design
from cnnlab.ui import actions, navigation, own_images_shelf, state, words


def toolbar(design: Design, trace: Trace, *, undoable: bool, redoable: bool) -> None:
    """Draw the toolbar of a design.

    Args:
        design: what is being designed.
        trace: of its architecture.
        undoable: whether there is an edit to undo.
        redoable: whether there is one to do again.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        _starting_point(design)
        for name, possible in (("undo", undoable), ("redo", redoable)):
            st.button(
                "",
                key=f"w-{name}",
                icon=f":material/{name}:",
                help=name.capitalize(),
                on_click=state.edit,
                args=(name,),
                disabled=not possible,
            )
        _share(design)
        st.space("stretch")
        st.markdown(
            f"**{trace.total_parameters:,}** parameters · **{words.count(trace.total_macs)}** MACs",
            help="Multiply–accumulates for one image. Activations of one image take "
            f"{words.size(trace.activation_bytes)} in float32.",
            width="content",
        )
        actions.train_button(design, key="train")


def _starting_point(design: Design) -> None:
    """Preset and data set."""
    st.menu_button(
        words.design_title(design) if design.preset else "Presets",
        presets.names(),
        key="w-preset",
        icon=":material/dashboard:",
        format_func=words.preset_title,
        on_click=_load_preset,
    )
    st.session_state["w-dataset"] = design.dataset
    st.selectbox(
        "Data set",
        words.dataset_choice(design.dataset, own_images_shelf.names()),
        key="w-dataset",
        format_func=lambda name: datasets.info(name).title,
        on_change=lambda: state.use_dataset(st.session_state["w-dataset"]),
        label_visibility="collapsed",
        width=220,
    )


def _load_preset() -> None:
    name = st.session_state["w-preset"]
    if name:
        state.edit("load", presets.preset(name).design)


def _share(design: Design) -> None:
    with st.popover("Share", icon=":material/link:"):
        st.caption("This link opens exactly this design: layers, data set and training settings.")
        st.code(navigation.address("design", lab=links.encode(design)), language=None, wrap_lines=True)
