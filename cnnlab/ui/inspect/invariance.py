"""Is it really invariant? The image shifted, turned and scaled, and the network's answers moving along."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cnnlab import api
from cnnlab.analysis.invariance import CHANGES, EDGES, Edge, Kind, in_words
from cnnlab.api.invariance import Sweep, invariance
from cnnlab.ui import words
from cnnlab.ui.components.invariance import invariance as component
from cnnlab.ui.inspect.seen import Seen


def draw(seen: Seen) -> None:
    """Show one change of the image over its whole range."""
    with st.container(horizontal=True, vertical_alignment="center"):
        kind: Kind = st.segmented_control(
            "Change",
            list(CHANGES),
            default="right",
            required=True,
            format_func=lambda each: CHANGES[each].title,
            key="w-invariance-kind",
            label_visibility="collapsed",
        )
        edge: Edge = st.selectbox(
            "What comes in",
            list(EDGES),
            format_func=lambda each: EDGES[each],
            key="w-invariance-edge",
            label_visibility="collapsed",
            width=240,
        )
    image = seen.answer.image
    sweep = _sweep(seen.run, seen.run.id, seen.step, image, kind, edge)
    names = seen.data.class_names
    said = in_words(kind, sweep.amounts, sweep.probabilities, names)
    st.markdown(f"**{words.plain(said)}**")
    component(
        kind,
        sweep.amounts,
        sweep.images,
        sweep.probabilities,
        names,
        actual=seen.answer.label,
        words=said,
        key="w-invariance",
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _sweep(_run: api.Run, run_id: str, step: int, image: NDArray[np.uint8], kind: Kind, edge: Edge) -> Sweep:
    """Asked once for each image, weights and kind."""
    return invariance(_run, image, kind, edge=edge, step=step)
