"""The Design page's workspace: toolbar, network, stack, the selected layer's settings, table and source.

All of it is one fragment: a slider reruns this and nothing else of the page.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from cnnlab import datasets
from cnnlab.spec import links, presets
from cnnlab.spec.architecture import Mend, Problem, Row, Trace
from cnnlab.spec.layers import KINDS
from cnnlab.spec.source import keras_source
from cnnlab.ui import actions, navigation, state, words
from cnnlab.ui.components.network import network
from cnnlab.ui.editor import OUTPUT, Editor
from cnnlab.ui.forms import form

_PROBLEMS_SHOWN = 3
"""More than three at once hide the one to begin with."""


@st.fragment
def workspace() -> None:
    """Draw the whole workspace."""
    editor = state.editor()
    trace = editor.now.design.architecture.trace()
    _toolbar(editor, trace)
    _network(editor, trace)
    _problems(editor, trace)
    stack, settings, views = st.columns([5, 5, 11], gap="medium")
    with stack:
        _stack(editor, trace)
    with settings:
        _settings(editor, trace)
    with views:
        _views(editor, trace)


def _edit(name: str, *arguments: Any, **fields: Any) -> None:
    """Callback of every widget that edits: one method of the editor, kept."""
    state.keep(getattr(state.editor(), name)(*arguments, **fields))


def _toolbar(editor: Editor, trace: Trace) -> None:
    design = editor.now.design
    obstacle = design.obstacle()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.menu_button(
            words.preset_title(design.preset) if design.preset else "Presets",
            presets.names(),
            key="w-preset",
            icon=":material/dashboard:",
            format_func=words.preset_title,
            on_click=_load_preset,
        )
        st.session_state["w-dataset"] = design.dataset
        st.selectbox(
            "Data set",
            words.dataset_choice(design.dataset),
            key="w-dataset",
            format_func=lambda name: datasets.info(name).title,
            on_change=_change_dataset,
            label_visibility="collapsed",
            width=220,
        )
        for name, possible in (("undo", editor.past), ("redo", editor.future)):
            st.button(
                "",
                key=f"w-{name}",
                icon=f":material/{name}:",
                help=name.capitalize(),
                on_click=_edit,
                args=(name,),
                disabled=not possible,
            )
        with st.popover("Share", icon=":material/link:"):
            st.caption("This link opens exactly this design: layers, data set and training settings.")
            st.code(navigation.address("design", lab=links.encode(design)), language=None, wrap_lines=True)
        st.space("stretch")
        st.markdown(
            f"**{trace.total_parameters:,}** parameters · **{words.count(trace.total_macs)}** MACs",
            help="Multiply–accumulates for one image. Activations of one image take "
            f"{words.size(trace.activation_bytes)} in float32.",
            width="content",
        )
        if st.button(
            "Train",
            key="train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=obstacle is not None,
            help=None if obstacle is None else f"Cannot start yet. {obstacle}",
        ):
            run = actions.start(design)
            if run is not None:
                navigation.go("train", run=run.id)
            state.show_notice()


def _load_preset() -> None:
    name = st.session_state["w-preset"]
    if name:
        _edit("load", presets.preset(name).design)


def _change_dataset() -> None:
    state.use_dataset(st.session_state["w-dataset"])


def _network(editor: Editor, trace: Trace) -> None:
    network(
        trace,
        ids=(*editor.now.ids, OUTPUT),
        selected=editor.now.selected,
        key="w-network",
        on_select=lambda layer_id: _edit("select", layer_id),
        input_shape=editor.now.design.architecture.input_shape,
    )


def _problems(editor: Editor, trace: Trace) -> None:
    obstacle = editor.now.design.obstacle()
    if trace.ok and obstacle is not None:
        st.error(obstacle, icon=":material/error:")
    for problem in trace.problems[:_PROBLEMS_SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.error(problem.message, icon=":material/error:")
            _mend_button(problem)


def _mend_button(problem: Problem) -> None:
    if problem.mend is not None:
        st.button(
            problem.mend.label,
            key=f"mend-{problem.code}-{problem.message}",
            icon=":material/build:",
            on_click=_apply,
            args=(problem.mend,),
        )


def _apply(mend: Mend) -> None:
    _edit("apply", mend)


def _stack(editor: Editor, trace: Trace) -> None:
    layers = (*editor.now.design.architecture.layers, None)
    labels = {
        layer_id: words.layer_label(row, layer)
        for layer_id, row, layer in zip((*editor.now.ids, OUTPUT), trace.rows, layers, strict=True)
    }
    st.session_state["w-stack"] = editor.now.selected
    st.radio(
        "Layers",
        list(labels),
        key="w-stack",
        format_func=labels.__getitem__,
        on_change=lambda: _edit("select", st.session_state["w-stack"]),
    )
    locked = editor.now.position is None
    st.menu_button(
        "Add a layer",
        list(KINDS),
        key="w-add",
        icon=":material/add:",
        format_func=lambda kind: KINDS[kind].title,
        on_click=lambda: _edit("add", st.session_state["w-add"]),
        help="Behind the selected one.",
        width="stretch",
    )
    with st.container(horizontal=True, gap="xsmall"):
        for name, icon, title, arguments in (
            ("move", "arrow_upward", "Move towards the input", (-1,)),
            ("move", "arrow_downward", "Move towards the output", (1,)),
            ("duplicate", "content_copy", "Duplicate", ()),
            ("remove", "delete", "Remove", ()),
        ):
            st.button(
                "",
                key=f"w-{title}",
                icon=f":material/{icon}:",
                help=title,
                disabled=locked,
                on_click=_edit,
                args=(name, *arguments),
            )


def _settings(editor: Editor, trace: Trace) -> None:
    layer, layer_id = editor.now.layer, editor.now.selected
    if layer is None:
        st.markdown(
            f"**Dense {trace.rows[-1].output_shape[0] if trace.rows[-1].output_shape else ''}** · output"
        )
        st.caption(
            "The output is always last and follows the data set: one logit a class. "
            "Softmax turns the logits into probabilities; the loss works on the logits."
        )
        return
    st.markdown(f"**{layer.title}**")
    st.caption(layer.summary)
    form(layer, layer_id, lambda field, value: _edit("change", layer_id, **{field: value}))


def _views(editor: Editor, trace: Trace) -> None:
    table, source = st.tabs(["Shapes", "Keras source"])
    with table:
        # Markdown, not a data frame: it is redrawn on every slider, and needs neither pandas nor a canvas.
        st.markdown(words.table([_cells(row) for row in trace.rows]))
        st.caption(
            "MACs: multiply–accumulates for one image. Memory: the layer's output for one image in float32. "
            "Sees: the receptive field, how many pixels of the image one output value depends on."
        )
    with source:
        if trace.ok:
            st.code(keras_source(editor.now.design), language="python", height=380)
        else:
            st.caption("The source appears once every layer fits.")


def _cells(row: Row) -> dict[str, str]:
    return {
        "Layer": row.name if row.problem is None else f":red[{row.name}]",
        "Output shape": words.shape(row.output_shape),
        "Parameters": f"{row.parameters:,}",
        "MACs": words.count(row.macs),
        "Memory": words.size(row.activation_bytes),
        "Sees": words.field(row.receptive_field),
    }
