"""Dropout: which units take part in a step, and why the others are scaled."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab.analysis.concepts import Values, dropout, dropout_means
from cnnlab.figures.concepts.dropout import units
from cnnlab.figures.theme import CONFIG

_VALUES = np.array([0.9, 0.2, 1.4, 0.6, 1.1, 0.3, 0.8, 1.7, 0.5, 1.2])
_STEPS = 1000


def draw() -> None:
    """Rate and step at the left, the units at the right."""
    st.markdown(
        "Each training step leaves out **other units, at random**; none can rely on its neighbour. What "
        "stays is scaled by 1 ÷ (1 − rate), so that the next layer gets as much on average."
    )
    left, right = st.columns([3, 9], gap="large")
    with left:
        rate = st.slider("Rate", 0.0, 0.9, 0.25, 0.05, key="w-card-rate")
        number = st.slider("Training step", 1, 50, 1, key="w-card-step")
    step = dropout(_VALUES, rate, number)
    means = _means(rate)
    out = [str(k) for k in np.flatnonzero(~step.kept) + 1]
    with right:
        st.latex(rf"\frac{{1}}{{1 - \text{{rate}}}} = \frac{{1}}{{1 - {rate:.2f}}} = {step.factor:.3f}")
        st.plotly_chart(
            units(_VALUES, step, means, _STEPS),
            config=CONFIG,
            key="w-card-units",
            alt=f"Step {number} leaves out {', '.join(out) or 'no unit'}.",
        )
        with st.container(horizontal=True):
            st.metric("Left out in this step", f"{len(out)} of {len(_VALUES)}", width="content")
            st.metric("Sum before", f"{_VALUES.sum():.2f}", width="content")
            st.metric("Sum in this step", f"{step.output.sum():.2f}", width="content")
            st.metric(f"Mean sum of {_STEPS:,} steps", f"{means.sum():.2f}", width="content")
        st.caption("In prediction all units take part and nothing is scaled.")


@st.cache_data(max_entries=32, show_spinner=False)
def _means(rate: float) -> Values:
    """The means of a thousand steps at a rate: another step has the same."""
    return dropout_means(_VALUES, rate, _STEPS)
