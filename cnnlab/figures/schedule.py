"""The learning rate that a training configuration will use, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnlab.figures.theme import TRAINING, finish


def schedule(steps: Sequence[int], rates: Sequence[float], steps_per_epoch: int) -> go.Figure:
    """Draw learning rates over the epochs.

    Args:
        steps: Optimizer steps, 1 for the first, rising.
        rates: The learning rate at each of them.
        steps_per_epoch: How many steps an epoch has.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[step / steps_per_epoch for step in steps],
        y=list(rates),
        mode="lines",
        line={"color": TRAINING, "width": 3},
        customdata=list(steps),
        hovertemplate="step %{customdata:,}, epoch %{x:.2f}: %{y:.2~e}<extra></extra>",
    )
    return finish(
        figure,
        height=200,
        xaxis={"title_text": "epoch", "rangemode": "tozero"},
        yaxis={"title_text": "learning rate", "rangemode": "tozero", "tickformat": "~g", "nticks": 5},
    )


def describe_schedule(rates: Sequence[float]) -> str:
    """Say where the learning rate starts, its highest value, and where it ends."""
    if not rates:
        return "No steps, so no learning rate."
    if min(rates) == max(rates):
        return f"The learning rate stays at {rates[0]:.2g}."
    first, top, last = rates[0], max(rates), rates[-1]
    return f"The learning rate starts at {first:.2g}, is at most {top:.2g} and ends at {last:.2g}."
