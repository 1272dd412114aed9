"""Units of a layer in one step of dropout."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnnlab.analysis.concepts import Dropped
from cnnlab.figures.theme import QUIET, TEXT, TRAINING, WRONG, finish, rgba


def units(values: NDArray[np.float64], step: Dropped, means: NDArray[np.float64], steps: int) -> go.Figure:
    """Draw each unit's value, what this step makes of it, and the mean over many steps.

    Args:
        values: (units,) before dropout.
        step: What the step makes of them.
        means: (units,) mean output over `steps` steps.
        steps: How many.
    """
    numbers = [str(k) for k in range(1, len(values) + 1)]
    figure = go.Figure()
    figure.add_bar(
        x=numbers,
        y=values.tolist(),
        name="before",
        marker={"color": rgba(QUIET, 0.6)},
        hovertemplate="unit %{x} before: %{y:.2f}<extra></extra>",
    )
    figure.add_bar(
        x=numbers,
        y=step.output.tolist(),
        name="in this step",
        marker={"color": TRAINING},
        text=["" if on else "✕" for on in step.kept],
        textposition="outside",
        textfont={"size": 20, "color": WRONG},
        hovertemplate="unit %{x} in this step: %{y:.2f}<extra></extra>",
    )
    figure.add_scatter(
        x=numbers,
        y=means.tolist(),
        name=f"mean of {steps:,} steps",
        mode="markers",
        marker={"symbol": "line-ew", "size": 18, "line": {"color": TEXT, "width": 3}},
        hovertemplate="unit %{x}, mean: %{y:.2f}<extra></extra>",
    )
    return finish(
        figure,
        height=340,
        legend=True,
        xaxis={"title_text": "unit", "type": "category", "showgrid": False},
        yaxis={"title_text": "output", "rangemode": "tozero"},
        bargap=0.2,
        bargroupgap=0,
    )
