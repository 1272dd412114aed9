"""Stride and padding: every place of the window, and the formula with the numbers in it."""

from __future__ import annotations

import streamlit as st

from cnnlab.analysis.concepts import unread
from cnnlab.analysis.convolution import Axis, Padding, axis
from cnnlab.figures.concepts.stride import describe_windows, windows
from cnnlab.figures.theme import CONFIG


def draw() -> None:
    """The settings at the left, formula and drawing at the right."""
    left, right = st.columns([3, 9], gap="large")
    with left:
        size = st.slider("Input", 1, 12, 7, key="w-card-size")
        kernel = st.slider("Window", 1, 7, 3, key="w-card-span")
        stride = st.slider("Stride", 1, 5, 2, key="w-card-stride")
        dilation = st.slider("Dilation", 1, 3, 1, key="w-card-dilation")
        padding: Padding = st.segmented_control(
            "Padding", ["valid", "same"], default="valid", required=True, key="w-card-padding"
        )
    laid = axis(size, kernel, stride=stride, padding=padding, dilation=dilation)
    with right:
        if laid.output == 0:
            st.warning(
                f"A window that spans {laid.span} does not fit an input of {size}. "
                "Choose a smaller window, less dilation, or padding same.",
                icon=":material/width:",
            )
            return
        st.latex(formula(laid, padding))
        st.plotly_chart(windows(laid), config=CONFIG, key="w-card-windows", alt=describe_windows(laid))
        st.caption(_said(laid, padding))


def formula(laid: Axis, padding: Padding) -> str:
    """The output's size as LaTeX, with the numbers in the formula and what comes out."""
    if padding == "same":
        return (
            r"\begin{aligned} \text{output} & = "
            r"\left\lceil \frac{\text{input}}{\text{stride}} \right\rceil \\ & = "
            rf"\left\lceil \frac{{{laid.size}}}{{{laid.stride}}} \right\rceil = {laid.output} "
            r"\end{aligned}"
        )
    return (
        r"\begin{aligned} \text{output} & = "
        r"\left\lfloor \frac{\text{input} - \text{window}}{\text{stride}} \right\rfloor + 1 \\ & = "
        rf"\left\lfloor \frac{{{laid.size} - {laid.span}}}{{{laid.stride}}} \right\rfloor + 1 = "
        rf"{laid.output} \end{{aligned}}"
    )


def _said(laid: Axis, padding: Padding) -> str:
    """What the formula does not show: zeros, the reach of dilation, pixels that nobody reads."""
    parts = []
    if laid.dilation > 1:
        parts.append(
            f"With dilation the window spans ({laid.kernel} − 1) × {laid.dilation} + 1 = {laid.span}."
        )
    if padding == "same":
        zeros = laid.before + laid.after
        parts.append(
            f"Zeros: max(({laid.output} − 1) × {laid.stride} + {laid.span} − {laid.size}, 0) = {zeros}, "
            f"{laid.before} before and {laid.after} after."
        )
    never = unread(laid)
    if never:
        parts.append(f"Never read: {', '.join(str(position + 1) for position in never)}.")
    return " ".join(parts) or "Rows and columns of an image follow the same formula, each for itself."
