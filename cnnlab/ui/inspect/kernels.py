"""Kernels: the weights of a convolution, a tile a filter."""

from __future__ import annotations

import streamlit as st

from cnnlab.analysis.maps import kernel_tiles
from cnnlab.spec.architecture import Row
from cnnlab.spec.layers import KINDS
from cnnlab.ui.components.maps import maps
from cnnlab.ui.inspect.seen import Seen

_MEAN = "mean of all"


def draw(seen: Seen) -> None:
    """Show the kernels of the layer, or say that it has none."""
    row = seen.row
    weight = _kernel_name(row)
    if weight is None:
        st.caption(f"**{row.title}** slides no kernel over a map. Choose a convolution.")
        return
    kernel = seen.weights()[f"{row.name}/{weight}"]
    if weight in KINDS[row.kind].depthwise:
        # Each kernel reads a channel of its own: as many filters of one channel.
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
    channels = kernel.shape[2]
    channel: int | None = None
    if channels > 1:
        choice = st.select_slider(
            "Input channel", [_MEAN, *map(str, range(channels))], key=f"w-channel-{row.name}", width=320
        )
        channel = None if choice == _MEAN else int(choice)
    side = kernel.shape[0]
    st.caption(
        f"**{kernel.shape[3]} kernels** of {side} × {side} × {channels} · one scale centred on zero: "
        "orange adds where the input is bright, blue takes away"
    )
    maps(
        kernel_tiles(kernel, channel),
        key=f"w-kernels-{row.name}",
        label=f"Kernels of {row.name}",
        noun="filter",
    )


def _kernel_name(row: Row) -> str | None:
    """The weight of a layer that slides over a map; None where there is none."""
    return next((name for name, shape in row.weight_shapes.items() if len(shape) == 4), None)
