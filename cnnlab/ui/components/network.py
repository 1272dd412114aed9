"""The network as a row of volumes; a click or an arrow key selects a layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from cnnlab.spec.layers import FAMILIES, KINDS, Layer
from cnnlab.ui.components._source import component

_MOUNT = component("network", '<div class="root"></div>')


def network(
    trace: Any,
    *,
    ids: Sequence[str],
    selected: str | None = None,
    key: str,
    on_select: Callable[[str], None] | None = None,
    input_shape: tuple[int, ...] | None = None,
    compact: bool = False,
) -> str | None:
    """Draw a trace's layers as volumes to scale.

    Args:
        trace: A `cnnlab.spec.architecture.Trace`: of its rows are read name, kind, title, output_shape,
            problem, parts and is_output.
        ids: One stable id a row.
        selected: The id of the selected layer.
        key: Of this component on the page.
        on_select: Called with a layer's id before the page reruns for a selection.
        input_shape: Height, width, channels of the input; by default the first row's.
        compact: Leave out names, shapes and the legend.

    Returns:
        The id that was selected just now; None in every other rerun.
    """
    shape = input_shape or trace.rows[0].input_shape
    volumes = [_volume(row, layer_id) for row, layer_id in zip(trace.rows, ids, strict=True)]
    if shape is not None:
        volumes.insert(
            0, {"id": None, "name": "input", "title": "Input", "family": "input", "shape": list(shape)}
        )

    def report() -> None:
        layer_id = st.session_state[key].selected
        if on_select is not None and layer_id in ids:
            on_select(layer_id)

    result = _MOUNT(
        key=key,
        data={
            "volumes": volumes,
            "families": [("input", "Input"), *FAMILIES.items()],  # pairs: for a dict Streamlit imports pandas
            "selected": selected,
            "compact": compact,
        },
        on_selected_change=report,
    )
    return result.selected if result.selected in ids else None


def _volume(row: Any, layer_id: str) -> dict[str, Any]:
    return {
        "id": layer_id,
        "name": row.name,
        "title": row.title,
        # What is no layer has a row with its problem, too.
        "family": KINDS.get(row.kind, Layer).family,
        "shape": None if row.output_shape is None else list(row.output_shape),
        "problem": None if row.problem is None else row.problem.message,
        # A layer made of parts is drawn with its shortcut.
        "block": bool(getattr(row, "parts", ())),
        "output": bool(getattr(row, "is_output", False)),
    }
