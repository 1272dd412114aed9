"""Pooling's tolerance to small shifts: how much of a map stays when the image moves."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab import datasets
from cnnlab.analysis.concepts import Values, kept, shifted
from cnnlab.analysis.convolution import KERNELS, Pooling, conv2d, kernel, pool2d
from cnnlab.figures.concepts.pooling import rows, what_stays
from cnnlab.figures.theme import CONFIG

_MARGIN = 4
"""Black pixels around a digit of 8×8, so that a shift pushes nothing out."""
_MOST = 4
_DIGITS = 20


def draw() -> None:
    """The choices at the left, the maps in the middle, what stays at the right."""
    st.markdown(
        "Move the image by a pixel and the feature map moves too. Max pooling forgets **where in its "
        "window** the largest value stood, so more of the pooled map stays as it was."
    )
    left, middle, right = st.columns([3, 5, 5], gap="medium")
    with left:
        number = st.slider("Digit", 0, _DIGITS - 1, 3, key="w-card-digit")
        shift = st.slider("Shift in pixels", 0, _MOST, 1, key="w-card-shift")
        size = st.slider("Pool size", 1, 4, 2, key="w-card-pool")
        kind: Pooling = st.segmented_control(
            "Pooling", ["max", "average"], default="max", required=True, key="w-card-pooling"
        )
        name = st.selectbox(
            "Kernel", ["sobel_x", "sobel_y", "outline", "gaussian"], format_func=_short, key="w-card-edges"
        )
    image = _digit(number)
    maps = [_map(shifted(image, pixels), name) for pixels in range(_MOST + 1)]
    pooled = [pool2d(each, (size, size), kind, stride=size) for each in maps]
    before, after = ([kept(all_[0], each) for each in all_] for all_ in (maps, pooled))
    pairs = [(image, shifted(image, shift)), (maps[0], maps[shift]), (pooled[0], pooled[shift])]
    with middle:
        st.plotly_chart(
            rows([(one[..., 0], two[..., 0]) for one, two in pairs]),
            config=CONFIG,
            key="w-card-maps",
            alt="Image, feature map and pooled map, as it is and shifted.",
        )
    with right, st.container(horizontal=True):
        st.metric("Map that stays", f"{before[shift]:.0%}", width="content")
        st.metric("Pooled map that stays", f"{after[shift]:.0%}", width="content")
    with right:
        st.plotly_chart(
            what_stays(before, after, shift),
            config=CONFIG,
            key="w-card-stays",
            alt=f"After a shift of {shift} pixels {before[shift]:.0%} of the map stays, and "
            f"{after[shift]:.0%} of the pooled map.",
        )
        st.caption("What stays: the sum of the smaller values of both maps ÷ the sum of the larger.")


def _digit(number: int) -> Values:
    pixels = np.asarray(datasets.load("digits").images[number], np.float64)
    return np.pad(pixels, ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0)))


def _map(image: Values, name: str) -> Values:
    return conv2d(image, kernel(name)[:, :, None], padding="same", activation="relu")


def _short(name: str) -> str:
    return KERNELS[name].split(":")[0]
