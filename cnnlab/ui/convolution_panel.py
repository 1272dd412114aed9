"""The Convolution page: what the window slides over, and the window."""

from __future__ import annotations

import streamlit as st

from cnnlab.analysis.convolution import EXAMPLES
from cnnlab.ui import convolution_images, navigation
from cnnlab.ui.components.convolution import convolution
from cnnlab.ui.concepts.panel import tabs

SOURCES = {
    "china": "China",
    "flower": "Flower",
    "data": "Data set",
    "upload": "Upload",
    "camera": "Webcam",
    "draw": "Draw",
}
_CHOSEN, _SIDE = "cnnlab-convolution", "cnnlab-convolution-side"
_START, _START_SIDE = "china", 64


def panel() -> None:
    """The sliding window, and under it the concept cards, a tab each."""
    tabs(_window)


def _window() -> None:
    """Choose an image or a worked example, and slide the window over it."""
    chosen, side = _choice()
    example = EXAMPLES.get(chosen)
    if example is not None:
        st.caption(example.story)
        convolution(example, key="convolution")
        return
    image = convolution_images.image(chosen, side)
    if image is None and chosen in ("upload", "camera", "draw"):
        st.caption("Until then, the window slides over a photograph:")
        image = convolution_images.image(_START, side)
    if image is not None:
        convolution(image, key="convolution")


def _choice() -> tuple[str, int]:
    """The image or example, and the longer side of a photograph in pixels.

    The address may name one (`?example=t2`); what was chosen stays when the page is left and opened again.
    """
    asked = st.query_params.get("example")
    if asked is not None and asked not in EXAMPLES:
        navigation.leads_nowhere(
            "example", f"There is no example {asked!r:.60}. Known are {', '.join(EXAMPLES)}."
        )
    elif asked is not None and asked != st.session_state.get("cnnlab-convolution-asked"):
        st.session_state["cnnlab-convolution-asked"] = st.session_state[_CHOSEN] = asked
        st.session_state.pop("w-cv-source", None)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chosen = st.segmented_control(
            "Image",
            [*SOURCES, *EXAMPLES],
            default=st.session_state.get(_CHOSEN, _START),
            required=True,
            format_func=_title,
            key="w-cv-source",
            label_visibility="collapsed",
        )
        st.session_state[_CHOSEN] = chosen
        side = st.session_state.get(_SIDE, _START_SIDE)
        if chosen in SOURCES and chosen != "data":
            side = st.selectbox(
                "Size",
                convolution_images.SIDES,
                index=convolution_images.SIDES.index(side),
                format_func=lambda value: f"{value} pixels",
                key="w-cv-side",
                label_visibility="collapsed",
                width=120,
            )
            st.session_state[_SIDE] = side
    return chosen, side


def _title(key: str) -> str:
    return SOURCES[key] if key in SOURCES else f"Example: {EXAMPLES[key].title}"
