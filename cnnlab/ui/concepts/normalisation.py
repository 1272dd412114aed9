"""Batch normalisation: by the batch's own numbers in training, by moving ones in prediction."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab.analysis.concepts import Normalised, batch_normalisation
from cnnlab.figures.concepts.normalisation import batch, moving
from cnnlab.figures.theme import CONFIG

_MEAN, _DEVIATION = 3.0, 2.0
_SEED = 7
_EPSILON = 0.001


def draw() -> None:
    """Settings at the left, the last batch in the middle, the moving values at the right."""
    left, middle, right = st.columns([3, 5, 5], gap="medium")
    with left:
        steps = st.slider("Training steps so far", 1, 500, 50, key="w-card-steps")
        size = st.slider("Batch size", 2, 64, 16, key="w-card-batch")
        momentum = st.select_slider("Momentum", [0.5, 0.9, 0.99, 0.999], 0.99, key="w-card-momentum")
        st.caption(
            f"One channel whose values have mean {_MEAN:g} and standard deviation {_DEVIATION:g}. Keras "
            f"starts with momentum 0.99, epsilon {_EPSILON:g}, moving mean 0 and moving variance 1."
        )
    values = np.random.default_rng(_SEED).normal(_MEAN, _DEVIATION, (steps, size))
    found = batch_normalisation(values, momentum, _EPSILON)
    with middle:
        st.latex(_formula(found.means[-1], found.variances[-1]))
        st.plotly_chart(batch(found), config=CONFIG, key="w-card-values", alt=_said(found))
        st.caption(f"In training, by the batch's own: mean {found.means[-1]:.2f}.")
    with right:
        st.latex(_formula(found.moving_means[-1], found.moving_variances[-1]))
        st.plotly_chart(moving(found), config=CONFIG, key="w-card-moving", alt=_said(found))
        st.caption(f"In prediction, by the moving ones: mean {found.moving_means[-1]:.2f}.")
    left_over = momentum**steps
    st.markdown(
        f"{_said(found)} Of the moving values, {momentum:g}^{steps} = **{left_over:.1%}** is still where "
        "they started."
    )


def _formula(mean: float, variance: float) -> str:
    return rf"\hat x = \frac{{x - {mean:.2f}}}{{\sqrt{{{variance:.2f} + {_EPSILON:g}}}}}"


def _said(found: Normalised) -> str:
    """What both make of the same batch."""
    one, two = found.training, found.prediction
    return (
        f"The same batch has mean **{_signed(one.mean())}** and standard deviation **{one.std():.2f}** in "
        f"training, **{_signed(two.mean())}** and **{two.std():.2f}** in prediction."
    )


def _signed(value: float) -> str:
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")
