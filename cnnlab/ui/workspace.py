"""The Design page's workspace: network, stack, the selected layer's settings, table and source.

All of it is one fragment: a slider reruns this and nothing else of the page.
"""

from __future__ import annotations

import streamlit as st

from cnnlab import datasets
from cnnlab.spec.architecture import MAX_LAYERS, Problem, Row, Trace
from cnnlab.spec.layers import FAMILIES, KINDS
from cnnlab.spec.source import keras_source
from cnnlab.ui import frame, install_panel, state, words
from cnnlab.ui.components.network import network
from cnnlab.ui.editor import OUTPUT, Editor
from cnnlab.ui.forms import form
from cnnlab.ui.toolbar import toolbar

_MOVES: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "Move towards the input": ("arrow_upward", "move", (-1,)),
    "Move towards the output": ("arrow_downward", "move", (1,)),
    "Duplicate": ("content_copy", "duplicate", ()),
    "Remove": ("delete", "remove", ()),
}
"""What can be done to the selected layer: its title → icon, method of the editor, arguments."""

_OFFERED = sorted(KINDS, key=lambda kind: list(FAMILIES).index(KINDS[kind].family))
"""The kinds as the menu lists them, family by family."""

_MARKS = {
    "conv": "grid_on",
    "pool": "compress",
    "dense": "hub",
    "norm": "equalizer",
    "drop": "blur_on",
    "block": "alt_route",
}
"""The icon of each family in the menu, where it has one."""

_PROBLEMS_SHOWN = 3
"""More than three at once hide the one to begin with."""


@frame.fragment()
def workspace() -> None:
    """Draw the whole workspace."""
    editor = state.editor()
    trace = editor.now.design.architecture.trace()
    toolbar(editor.now.design, trace, undoable=bool(editor.past), redoable=bool(editor.future))
    _network(editor, trace)
    _problems(editor, trace)
    stack, settings, views = st.columns([9, 10, 25], gap="medium")
    with stack:
        _stack(editor, trace)
    with settings:
        _settings(editor, trace)
    with views:
        _views(editor, trace)


def _network(editor: Editor, trace: Trace) -> None:
    network(
        trace,
        ids=(*editor.now.ids, OUTPUT),
        selected=editor.now.selected,
        key="w-network",
        on_select=lambda layer_id: state.edit("select", layer_id),
        input_shape=editor.now.design.architecture.input_shape,
    )


def _problems(editor: Editor, trace: Trace) -> None:
    design = editor.now.design
    if not datasets.is_installed(design.dataset):
        install_panel.offer(design.dataset)
    obstacle = design.obstacle()
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
            on_click=state.edit,
            args=("apply", problem.mend),
        )


def _stack(editor: Editor, trace: Trace) -> None:
    layers = (*editor.now.design.architecture.layers, None)
    labels = {
        layer_id: words.layer_label(row, layer)
        for layer_id, row, layer in zip((*editor.now.ids, OUTPUT), trace.rows, layers, strict=True)
    }
    full = len(editor.now.ids) >= MAX_LAYERS
    st.session_state["w-stack"] = editor.now.selected
    st.radio(
        "Layers",
        list(labels),
        key="w-stack",
        format_func=labels.__getitem__,
        on_change=lambda: state.edit("select", st.session_state["w-stack"]),
    )
    st.menu_button(
        "Add a layer",
        _OFFERED,
        key="w-add",
        icon=":material/add:",
        format_func=_offer,
        on_click=lambda: state.edit("add", st.session_state["w-add"]),
        help=f"A network has at most {MAX_LAYERS} layers." if full else "Behind the selected one.",
        disabled=full,
        width="stretch",
    )
    with st.container(horizontal=True, gap="xsmall"):
        for title, (icon, method, arguments) in _MOVES.items():
            st.button(
                "",
                key=f"w-{title}",
                icon=f":material/{icon}:",
                help=title,
                disabled=editor.now.position is None or (full and method == "duplicate"),
                on_click=state.edit,
                args=(method, *arguments),
            )


def _offer(kind: str) -> str:
    """A line of the menu."""
    return f":material/{_MARKS.get(KINDS[kind].family, 'functions')}: {KINDS[kind].title}"


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
    form(layer, layer_id, lambda field, value: state.edit("change", layer_id, **{field: value}))


def _views(editor: Editor, trace: Trace) -> None:
    table, source = st.tabs(["Shapes", "Keras source"])
    with table:
        # Markdown, not a data frame: it is redrawn on every slider, and needs neither pandas nor a canvas.
        _table([_cells(row) for row in trace.rows])
        st.caption(
            "MACs: multiply–accumulates for one image. Memory: the layer's output for one image in float32. "
            "Sees: the receptive field, how many pixels of the image one output value depends on."
        )
        if trace.non_trainable_parameters:
            st.caption(
                f"Of all parameters **{trace.trainable_parameters:,}** are trained and "
                f"**{trace.non_trainable_parameters:,}** are not: moving averages, which follow the batches."
            )
        _inside(trace.rows[-1 if editor.now.position is None else editor.now.position])
    with source:
        if trace.ok:
            st.code(keras_source(editor.now.design), language="python", height=380)
        else:
            st.caption("The source appears once every layer fits.")


def _inside(block: Row) -> None:
    """The layers that the selected layer is made of, where it is made of several."""
    if not block.parts:
        return
    st.markdown(f"**Inside {block.name}**")
    rows = [_cells(part) for part in block.parts]
    names = [part.name.removeprefix(f"{block.name}_") for part in block.parts[:-1]]
    cells = [
        {"Part": name} | {title: text for title, text in row.items() if title != "Layer"}
        for name, row in zip([*names, block.parts[-1].title.lower()], rows, strict=True)
    ]
    _table(cells)


def _table(cells: list[dict[str, str]]) -> None:
    """A table of figures; on a phone it scrolls by itself, not the page with it."""
    with st.container(horizontal=True, wrap=False):
        st.markdown(words.table(cells), width="content")


def _cells(row: Row) -> dict[str, str]:
    return {
        "Layer": row.name if row.problem is None else f":red[{row.name}]",
        "Output": words.shape(row.output_shape),
        "Parameters": "–" if row.output_shape is None else f"{row.parameters:,}",
        "MACs": words.count(row.macs),
        "Memory": words.size(row.activation_bytes),
        "Sees": words.field(row.receptive_field),
    }
