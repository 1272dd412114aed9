"""One channel in batch normalisation: a batch's values, and the moving mean and variance."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnnlab.analysis.concepts import Normalised
from cnnlab.figures.theme import GRID, QUIET, TRAINING, VALIDATION, finish, rgba


def batch(found: Normalised) -> go.Figure:
    """Draw the last batch's values as they come, as training sees them and as prediction does."""
    figure = go.Figure()
    columns: tuple[tuple[str, NDArray[np.float64], str], ...] = (
        ("as they come", found.batches[-1], QUIET),
        ("in training", found.training, TRAINING),
        ("in prediction", found.prediction, VALIDATION),
    )
    for place, (name, values, colour) in enumerate(columns):
        spread = place + np.linspace(-0.2, 0.2, len(values))
        figure.add_scatter(
            x=spread.tolist(),
            y=values.tolist(),
            mode="markers",
            marker={"size": 12, "color": colour},
            hovertemplate="%{y:.2f}<extra>" + name + "</extra>",
        )
        figure.add_scatter(
            x=[place - 0.32, place + 0.32],
            y=[values.mean()] * 2,
            mode="lines",
            line={"color": colour, "width": 4},
            hovertemplate="mean %{y:.2f}<extra></extra>",
        )
    return finish(
        figure,
        height=320,
        xaxis={
            "tickvals": [0, 1, 2],
            "ticktext": [name for name, *_ in columns],
            "showgrid": False,
            "range": [-0.5, 2.5],
        },
        yaxis={"title_text": "value", "zeroline": True, "zerolinecolor": GRID, "zerolinewidth": 3},
    )


def moving(found: Normalised) -> go.Figure:
    """Draw the mean and variance of each batch as dots, and the moving ones as lines."""
    figure = go.Figure()
    steps = list(range(len(found.moving_means)))
    for name, each, lines, colour in (
        ("mean", found.means, found.moving_means, TRAINING),
        ("variance", found.variances, found.moving_variances, VALIDATION),
    ):
        figure.add_scatter(
            x=steps[1:],
            y=each.tolist(),
            mode="markers",
            name=f"{name} of a batch",
            showlegend=False,
            marker={"size": 6, "color": rgba(colour, 0.55)},
            hovertemplate="step %{x}: %{y:.2f}<extra>" + name + " of the batch</extra>",
        )
        figure.add_scatter(
            x=steps,
            y=lines.tolist(),
            mode="lines",
            name=f"moving {name}",
            line={"color": colour, "width": 4},
            hovertemplate="step %{x}: %{y:.2f}<extra>moving " + name + "</extra>",
        )
    return finish(
        figure, height=320, legend=True, xaxis={"title_text": "training step", "rangemode": "tozero"}
    )
