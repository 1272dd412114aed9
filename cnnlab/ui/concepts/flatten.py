"""Flatten: a map becomes a vector, row by row; 2×2 becomes 4."""

from __future__ import annotations

import streamlit as st

from cnnlab.analysis.concepts import flat_index
from cnnlab.figures.concepts.flatten import flattened
from cnnlab.figures.theme import CONFIG


def draw() -> None:
    """The map's size and one place at the left, map and vector at the right."""
    left, right = st.columns([3, 9], gap="large")
    with left:
        height = st.slider("Rows", 1, 3, 2, key="w-card-rows")
        width = st.slider("Columns", 1, 3, 2, key="w-card-columns")
        channels = st.slider("Channels", 1, 3, 1, key="w-card-depth")
        shape = (height, width, channels)
        number = height * width * channels
        chosen = 0
        if number > 1:
            st.session_state["w-card-value"] = min(st.session_state.get("w-card-value", 0), number - 1)
            chosen = st.slider("Value to follow", 0, number - 1, key="w-card-value")
    pixel, channel = divmod(chosen, channels)
    row, column = divmod(pixel, width)
    place = flat_index(row, column, channel, shape)
    with right:
        st.markdown(
            f"{height} × {width} × {channels} = **{number} values**. No number changes; only where it "
            "stands. Row by row, in each row pixel by pixel, in each pixel channel by channel."
        )
        st.plotly_chart(
            flattened(shape, (row, column, channel)),
            config=CONFIG,
            key="w-card-flat",
            alt=f"The value in row {row}, column {column}, channel {channel} is number {place} of {number}.",
        )
        st.latex(
            r"\begin{aligned} & (\text{row} \cdot \text{columns} + \text{column}) \cdot \text{channels} "
            r"\\ & \quad + \text{channel} \\ & = "
            rf"({row} \cdot {width} + {column}) \cdot {channels} + {channel} = {place} \end{{aligned}}"
        )
