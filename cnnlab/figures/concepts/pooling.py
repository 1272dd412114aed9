"""An image, its map and the pooled map, before and after a shift; and how much of each stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnnlab.analysis.palettes import VIRIDIS
from cnnlab.figures.theme import QUIET, TEXT, TRAINING, colourscale, finish

_GAP_ACROSS, _GAP_DOWN = 0.06, 0.04
"""Between two pictures, as shares of the figure."""
_GREY: list[list[Any]] = [[0.0, "#000000"], [1.0, "#FFFFFF"]]


def rows(pairs: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> go.Figure:
    """Draw image, map and pooled map under each other; as it is at the left, shifted at the right.

    Args:
        pairs: (as it is, shifted), each (height, width); the first pair is the image, 0–255.
    """
    heatmaps: list[go.Heatmap] = []
    axes: dict[str, Any] = {}
    for row, pair in enumerate(pairs):
        high = 255.0 if row == 0 else max(float(max(one.max() for one in pair)), 1e-9)
        for column, values in enumerate(pair):
            name = _axis_name(row, column)
            axes |= _axes(row, column, len(pairs))
            heatmaps.append(
                go.Heatmap(
                    z=values,
                    zmin=0,
                    zmax=high,
                    colorscale=_GREY if row == 0 else colourscale(VIRIDIS),
                    showscale=False,
                    hovertemplate="%{z:.0f}<extra></extra>",
                    xaxis=f"x{name}",
                    yaxis=f"y{name}",
                )
            )
    titles = [
        {
            "x": 0.5,
            "y": 1,
            "xref": f"x{axis} domain",
            "yref": f"y{axis} domain",
            "yanchor": "bottom",
            "text": title,
            "showarrow": False,
        }
        for axis, title in (("", "as it is"), ("2", "shifted"))
    ]
    margin = {"l": 4, "r": 4, "t": 28, "b": 4}
    return finish(
        go.Figure(heatmaps), height=130 * len(pairs) + 32, margin=margin, annotations=titles, **axes
    )


def _axis_name(row: int, column: int) -> str:
    """What Plotly puts behind "x" and "y": nothing for the first picture, then 2, 3 and so on."""
    number = 2 * row + column + 1
    return str(number) if number > 1 else ""


def _axes(row: int, column: int, count: int) -> dict[str, dict[str, Any]]:
    """The axes of one picture, in its place: Plotly's own subplots take as long as all the rest."""
    name = _axis_name(row, column)
    width, height = (1 - _GAP_ACROSS) / 2, (1 - _GAP_DOWN * (count - 1)) / count
    left, top = column * (width + _GAP_ACROSS), 1 - row * (height + _GAP_DOWN)
    shared = {"visible": False, "constrain": "domain"}
    return {
        f"xaxis{name}": {**shared, "anchor": f"y{name}", "domain": [left, left + width]},
        f"yaxis{name}": {
            **shared,
            "anchor": f"x{name}",
            "scaleanchor": f"x{name}",
            "domain": [max(top - height, 0), top],
            "autorange": "reversed",
        },
    }


def what_stays(before: Sequence[float], after: Sequence[float], shift: int) -> go.Figure:
    """Draw the share of the map, and of the pooled map, that stays at each shift.

    Args:
        before: Of the map, 0–1, at shifts of 0, 1, 2 … pixels.
        after: Of the pooled map.
        shift: The one that is looked at.
    """
    figure = go.Figure()
    for name, shares, colour, dash in (
        ("after pooling", after, TRAINING, "solid"),
        ("before pooling", before, QUIET, "dot"),
    ):
        figure.add_scatter(
            x=list(range(len(shares))),
            y=list(shares),
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 4, "dash": dash},
            marker={"size": 9},
            hovertemplate="shift %{x}: %{y:.0%} stays<extra>" + name + "</extra>",
        )
    here = {"type": "line", "x0": shift, "x1": shift, "y0": 0, "y1": 1, "yref": "y domain"}
    return finish(
        figure,
        height=290,
        legend=True,
        xaxis={"title_text": "shift in pixels", "dtick": 1},
        yaxis={"title_text": "what stays", "range": [0, 1.05], "tickformat": ".0%", "dtick": 0.25},
        shapes=[here | {"line": {"color": TEXT, "width": 1}}],
    )
