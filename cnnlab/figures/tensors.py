"""Small tensors as grids of numbers, each cell as light as its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnnlab.figures.theme import GRID, QUIET, TEXT, TRAINING, drawn, told_apart

_CELL = 44
_EDGES = 24
_GREY = [[0.0, "#000000"], [1.0, "#FFFFFF"]]
_HALF = 0.5


def grid(values: NDArray[np.generic], high: float, *, decimals: int) -> go.Figure:
    """Draw a matrix with its numbers in the cells, black for 0 and white for `high`.

    Args:
        values: `(rows, columns)`, 0 to `high`.
        high: The value of white.
        decimals: Digits behind the point.
    """
    rows, columns = values.shape
    return drawn(
        _cells(np.asarray(values, float), high, decimals),
        height=rows * _CELL + _EDGES,
        margin={"l": 4, "r": 4, "t": 12, "b": 12},
        # Grey lines between the cells: white ones would run together on a light page, black ones on a dark.
        plot_bgcolor=QUIET,
        xaxis={"visible": False, "range": [-0.5, columns - 0.5]},
        yaxis={"visible": False, "range": [rows - 0.5, -0.5]},
    )


def describe_grid(values: NDArray[np.generic]) -> str:
    """Say the matrix's size and range."""
    rows, columns = values.shape
    numbers = np.asarray(values, float)
    return f"{rows} by {columns} numbers from {numbers.min():g} to {numbers.max():g}."


def one_hot(vector: NDArray[np.float32], names: Sequence[str]) -> go.Figure:
    """Draw a one-hot vector as a row of cells under the names of the classes.

    Args:
        vector: `(classes,)`, one 1 among zeros.
        names: One name a class.
    """
    values = np.asarray(vector, float)[None]
    cells = {
        "type": "heatmap",
        "z": values,
        # A black and a white cell would not show on a dark and on a light page.
        "colorscale": [[0.0, GRID], [1.0, TRAINING]],
        "showscale": False,
        "xgap": 2,
        "hoverinfo": "skip",
    }
    numbers = {
        "type": "scatter",
        "x": list(range(len(names))),
        "y": [0] * len(names),
        "mode": "text",
        "text": [f"{value:.0f}" for value in values[0]],
        "textfont": {"size": 15, "color": ["#FFFFFF" if value else TEXT for value in values[0]]},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    slanted = max(map(len, names)) > 1
    below = 96 if slanted else 32
    return drawn(
        [cells, numbers],
        height=_CELL + below + 4,
        margin={"l": 4, "r": 24, "t": 4, "b": below},
        xaxis={
            "range": [-0.5, len(names) - 0.5],
            "tickvals": list(range(len(names))),
            "ticktext": told_apart(names, 12),
            "tickangle": 45 if slanted else 0,
            "showgrid": False,
            "automargin": False,
        },
        yaxis={"visible": False},
    )


def describe_one_hot(vector: NDArray[np.float32], names: Sequence[str]) -> str:
    """Say where the 1 stands."""
    place = int(np.argmax(vector))
    return f"{len(names)} numbers: a 1 for '{names[place]}', a 0 for each other class."


def _cells(values: NDArray[np.float64], high: float, decimals: int) -> list[dict[str, Any]]:
    """The cells and their numbers, in whichever of black and white can be read on them."""
    y, x = np.indices(values.shape).reshape(2, -1)
    return [
        {
            "type": "heatmap",
            "z": values,
            "zmin": 0,
            "zmax": high,
            "colorscale": _GREY,
            "showscale": False,
            "xgap": 2,
            "ygap": 2,
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "x": x,
            "y": y,
            "mode": "text",
            "text": [f"{value:.{decimals}f}" for value in values.ravel()],
            "textfont": {
                "size": 14,
                "color": ["#000000" if value > _HALF * high else "#FFFFFF" for value in values.ravel()],
            },
            "hoverinfo": "skip",
            "showlegend": False,
        },
    ]
