"""An image, its map and the pooled map, before and after a shift; and how much of each stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from cnnlab.analysis.palettes import VIRIDIS
from cnnlab.figures.theme import QUIET, TEXT, TRAINING, colourscale, finish

_GREY: list[list[Any]] = [[0.0, "#000000"], [1.0, "#FFFFFF"]]


def rows(pairs: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> go.Figure:
    """Draw image, map and pooled map under each other; as it is at the left, shifted at the right.

    Args:
        pairs: (as it is, shifted), each (height, width); the first pair is the image, 0–255.
    """
    figure = make_subplots(rows=len(pairs), cols=2, vertical_spacing=0.04, horizontal_spacing=0.06)
    for row, pair in enumerate(pairs, start=1):
        high = 255.0 if row == 1 else max(float(max(one.max() for one in pair)), 1e-9)
        for column, values in enumerate(pair, start=1):
            figure.add_heatmap(
                z=values,
                zmin=0,
                zmax=high,
                colorscale=_GREY if row == 1 else colourscale(VIRIDIS),
                showscale=False,
                hovertemplate="%{z:.0f}<extra></extra>",
                row=row,
                col=column,
            )
    finish(figure, height=130 * len(pairs) + 32)
    figure.update_layout(margin={"l": 4, "r": 4, "t": 28, "b": 4})
    figure.update_xaxes(visible=False, constrain="domain")
    for vertical in figure.select_yaxes():
        vertical.update(visible=False, autorange="reversed", scaleanchor=vertical.anchor, constrain="domain")
    for axis, title in (("", "as it is"), ("2", "shifted")):
        figure.add_annotation(
            x=0.5,
            y=1,
            xref=f"x{axis} domain",
            yref=f"y{axis} domain",
            yanchor="bottom",
            text=title,
            showarrow=False,
        )
    return figure


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
    figure.add_vline(x=shift, line={"color": TEXT, "width": 1})
    finish(figure, height=290, legend=True)
    figure.update_xaxes(title_text="shift in pixels", dtick=1)
    figure.update_yaxes(title_text="what stays", range=[0, 1.05], tickformat=".0%", dtick=0.25)
    return figure
