"""The learning-rate finder's curve: how the loss answers a rate that grows from step to step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from cnnlab.figures.theme import TEXT, TRAINING, VALIDATION, finish


def rate_curve(rates: Sequence[float], losses: Sequence[float | None], suggested: float | None) -> go.Figure:
    """Draw the loss over the learning rate, on a logarithmic axis, with the suggestion.

    Args:
        rates: Rising learning rates, one a step.
        losses: The loss at each of them, smoothed; None where it was not finite.
        suggested: The rate to use; None where there is none.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=list(rates),
        y=list(losses),
        name="loss",
        mode="lines",
        line={"color": TRAINING, "width": 3},
        hovertemplate="rate %{x:.2~e}: loss %{y:.3f}<extra></extra>",
    )
    finish(
        figure,
        height=320,
        xaxis={"title_text": "learning rate", "type": "log", "exponentformat": "power", "dtick": 1},
        yaxis={"title_text": "loss", "range": _range(losses)},
    )
    if suggested is not None:
        figure.add_vline(x=suggested, line={"color": VALIDATION, "width": 2, "dash": "dash"})
        figure.add_annotation(
            x=math.log10(suggested),
            y=1,
            yref="paper",
            text=f"<b>{suggested:.2g}</b>",
            showarrow=False,
            xanchor="left",
            yanchor="top",
            xshift=6,
            font={"size": 15, "color": TEXT},
        )
    return figure


def describe_rates(rates: Sequence[float], losses: Sequence[float | None], suggested: float | None) -> str:
    """Say which rates were tried, where the loss was least, and what is suggested."""
    finite = [(loss, rate) for rate, loss in zip(rates, losses, strict=True) if loss is not None]
    if not finite:
        return "No rate gave a loss."
    least, at = min(finite)
    words = f"Loss at learning rates from {rates[0]:.2g} to {rates[-1]:.2g}: least, {least:.3g}, at {at:.2g}."
    return words if suggested is None else f"{words} Suggested: {suggested:.2g}."


def _range(losses: Sequence[float | None]) -> list[float] | None:
    """From below the least loss to above the first: where it explodes is no matter of how far."""
    finite = [loss for loss in losses if loss is not None]
    if not finite:
        return None
    least, first = min(finite), finite[0]
    room = max(first - least, 0.05 * abs(first), 1e-3)
    return [least - 0.1 * room, first + 0.6 * room]
