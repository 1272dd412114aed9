"""A small image drawn large, its pixels as squares."""

from __future__ import annotations

import numpy as np
import streamlit as st

ENLARGED_SIDE = 170
"""Of the image that is looked at, in pixels of the page."""


def enlarged(pixels: np.ndarray, alt: str) -> None:
    """An image with its pixels as squares: enlarged here, because a browser would blur it."""
    times = -(-ENLARGED_SIDE // pixels.shape[0])
    squares = pixels.repeat(times, axis=0).repeat(times, axis=1)
    st.image(squares.squeeze(), width=ENLARGED_SIDE, alt=alt)
