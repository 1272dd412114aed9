"""Feature maps: what a layer makes of the image, a tile a channel."""

from __future__ import annotations

import streamlit as st

from cnnlab.analysis.maps import activation_tiles
from cnnlab.ui import words
from cnnlab.ui.components.maps import maps
from cnnlab.ui.inspect.seen import Seen


def draw(seen: Seen) -> None:
    """Show the output's numbers and its maps."""
    row, values = seen.row, seen.answer.maps
    zeros = float((values == 0).mean())
    noun = "feature maps" if values.ndim == 3 else "values"
    count = values.shape[-1]
    st.caption(
        f"**{row.title}** · {words.shape(row.output_shape)} · {count:,} {noun} · "
        f"from {values.min():.3g} to {values.max():.3g} · {zeros:.0%} zeros"
    )
    maps(
        activation_tiles(values),
        key=f"w-maps-{row.name}",
        label=f"Feature maps of {row.name}",
        noun="map" if values.ndim == 3 else "unit",
    )
