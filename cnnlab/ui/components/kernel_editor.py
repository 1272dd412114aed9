"""The weights of one kernel for one input channel, painted on in the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab.ui.components._source import component

_MOUNT = component("kernel_editor", '<div class="root"></div>')

Painted = dict[str, Any]
"""What the browser sent: ``layer``, ``filter``, ``channel`` and ``values``, rows of numbers; not checked."""


def kernel_editor(
    before: npt.NDArray[np.float32],
    now: npt.NDArray[np.float32],
    *,
    layer: str,
    filter: int,
    channel: int,
    extreme: float,
    locked: bool = False,
    key: str,
    on_painted: Callable[[Painted], None],
) -> None:
    """Show a kernel as trained beside the same kernel as it is now, which can be painted.

    Args:
        before: ``(rows, columns) float32``, as trained.
        now: The same with all edits.
        layer: Whose kernel it is.
        filter: Which filter's.
        channel: Of which input channel.
        extreme: The weight at the ends of the colours, above 0.
        locked: Whether the filter is switched off: its kernel can be read and not painted.
        key: Of this component on the page.
        on_painted: Called with the painted kernel before the page reruns for it.
    """

    def report() -> None:
        sent = st.session_state[key].painted
        if isinstance(sent, dict):
            on_painted({name: sent.get(name) for name in ("layer", "filter", "channel", "values")})

    rows, columns = before.shape
    _MOUNT(
        key=key,
        data={
            "id": f"{layer} {filter} {channel}",
            "layer": layer,
            "filter": filter,
            "channel": channel,
            "rows": rows,
            "columns": columns,
            "before": _plain(before),
            "now": _plain(now),
            "extreme": float(f"{extreme:.7g}"),
            "locked": locked,
            "label": f"Kernel of {layer}, filter {filter}, input channel {channel}: {rows} by {columns}",
        },
        on_painted_change=report,
    )


def _plain(weights: npt.NDArray[np.float32]) -> list[float]:
    """Weights row by row, with the digits that float32 holds: what is sent back unchanged stays unchanged."""
    return [float(str(value)) for value in weights.ravel()]
