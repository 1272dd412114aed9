"""Why few shared weights do: lines and weights of a small layer, parameters of a real one."""

from __future__ import annotations

import streamlit as st

from cnnlab.analysis.concepts import Cost, connections, layer_cost
from cnnlab.figures.concepts.shared_weights import describe_nodes, nodes
from cnnlab.figures.theme import CONFIG
from cnnlab.ui import words


def draw() -> None:
    """The node diagram above, the count of parameters below."""
    st.markdown(
        "A convolution looks at **few neighbours** and uses the **same weights everywhere**: lines of one "
        "colour share one weight."
    )
    left, right = st.columns([3, 9], gap="large")
    with left:
        inputs = st.slider("Inputs", 4, 9, 7, key="w-card-inputs")
        kernel = st.slider("Kernel", 1, 4, 3, key="w-card-kernel")
        outputs = inputs - kernel + 1
        if outputs > 1:
            st.session_state["w-card-output"] = min(st.session_state.get("w-card-output", 1), outputs)
            chosen = st.slider("Output to follow", 1, outputs, key="w-card-output")
        else:
            chosen = 1
    lines = connections(inputs, kernel)
    with right:
        st.plotly_chart(
            nodes(inputs, lines, chosen - 1),
            config=CONFIG,
            key="w-card-nodes",
            alt=describe_nodes(inputs, lines, chosen - 1),
        )
    _parameters()


def _parameters() -> None:
    st.markdown("##### A layer of a real network")
    with st.container(horizontal=True, gap="medium"):
        side = st.select_slider("Image side", [8, 28, 32, 64, 224], 28, key="w-card-side", width=200)
        channels = st.select_slider("Channels", [1, 3, 16, 32, 64], 1, key="w-card-channels", width=200)
        kernel = st.select_slider("Kernel side", [1, 3, 5, 7], 3, key="w-card-window", width=200)
        filters = st.select_slider("Filters", [1, 8, 16, 32, 64], 32, key="w-card-filters", width=200)
    cost = layer_cost((side, side, channels), kernel, filters)
    _metrics(cost)
    st.caption(
        f"Convolution: ({kernel} × {kernel} × {channels} + 1) × {filters} = {cost.shared:,}. "
        f"Fully connected: ({side} × {side} × {channels} + 1) × ({words.shape(cost.output)}) = "
        f"{cost.full:,}. The 1 is the bias. Both give a map of the same size, padding same, stride 1."
    )


def _metrics(cost: Cost) -> None:
    with st.container(horizontal=True):
        st.metric("Parameters, convolution", f"{cost.shared:,}", width="content")
        st.metric("Parameters, fully connected", f"{cost.full:,}", width="content")
        st.metric("Times as many", f"{cost.full / cost.shared:,.0f}", width="content")
