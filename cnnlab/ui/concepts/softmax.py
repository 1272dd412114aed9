"""Softmax and cross-entropy by hand, and what a second softmax does to both."""

from __future__ import annotations

import streamlit as st

from cnnlab.analysis.concepts import Softmax, gradient, softmax, twice_gradient
from cnnlab.figures.concepts.softmax import shares
from cnnlab.figures.theme import CONFIG
from cnnlab.ui import words

_NAMES = ("cat", "dog", "ship")
_START = (2.0, 1.0, -1.0)


def draw() -> None:
    """Three logits at the left; exponentials, shares and the loss at the right."""
    left, right = st.columns([3, 9], gap="large")
    with left:
        logits = [
            st.slider(f"Logit of {name}", -5.0, 5.0, start, 0.1, key=f"w-card-logit-{name}")
            for name, start in zip(_NAMES, _START, strict=True)
        ]
        name = st.segmented_control(
            "Actual class", list(_NAMES), default=_NAMES[0], required=True, key="w-card-actual"
        )
        actual = _NAMES.index(name or _NAMES[0])
        twice = st.toggle(
            "Softmax twice",
            key="w-card-twice",
            help="With from_logits=True the loss takes a softmax: behind a softmax, the second.",
        )
    found = softmax(logits)
    again = softmax(found.shares) if twice else None
    with right:
        st.markdown(_table(logits, found, again))
        st.latex(_loss(found, actual))
        if again is not None:
            _mistake(found, again, actual)
        st.plotly_chart(
            shares(found.shares, _NAMES, actual, None if again is None else again.shares),
            config=CONFIG,
            key="w-card-shares",
            alt=f"Share of {_NAMES[actual]}: {found.shares[actual]:.1%}.",
        )


def _table(logits: list[float], found: Softmax, again: Softmax | None) -> str:
    rows = []
    for k, name in enumerate(_NAMES):
        row = {
            "class": name,
            "logit": f"{logits[k]:.1f}".replace("-", "−"),
            "e^logit": f"{found.exponentials[k]:.3f}",
            "÷ sum = share": f"**{found.shares[k]:.4f}**",
        }
        if again is not None:
            row["softmax of the share"] = f"**{again.shares[k]:.4f}**"
        rows.append(row)
    total = {"class": "sum", "logit": "", "e^logit": f"{found.total:.3f}", "÷ sum = share": "1"}
    return words.table([*rows, total if again is None else total | {"softmax of the share": "1"}])


def _loss(found: Softmax, actual: int) -> str:
    return (
        rf"\text{{loss}} = -\ln p_\text{{{_NAMES[actual]}}} = "
        rf"-\ln {found.shares[actual]:.4f} = {found.loss(actual):.4f}"
    )


def _mistake(found: Softmax, again: Softmax, actual: int) -> None:
    best = softmax([1.0, 0.0, 0.0]).loss(0)
    right, wrong = gradient(found.shares, actual)[actual], twice_gradient(found.shares, actual)[actual]
    st.markdown(
        f"Taken twice, the loss is **{again.loss(actual):.4f}** instead of {found.loss(actual):.4f}, and "
        f"never below {best:.4f} however sure the network is. Its slope at the logit of {_NAMES[actual]} is "
        f"**{_signed(wrong)}** instead of {_signed(right)}: training is slow, or stands still."
    )
    st.caption(
        'In Keras: `Dense(10, activation="softmax")` with `from_logits=True`. Today\'s Keras notices a '
        "softmax right before the loss, warns, and uses its logits; elsewhere it is taken twice. CNN Lab's "
        "networks give logits."
    )


def _signed(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")
