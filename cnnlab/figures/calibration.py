"""The reliability diagram: how often answers of each confidence are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from cnnlab.analysis.calibration import Calibration
from cnnlab.analysis.palettes import BLUE, VERMILION
from cnnlab.figures.theme import QUIET, axis, drawn, rgba

_AS_RIGHT_AS_SURE: dict[str, Any] = {
    "type": "scatter",
    "x": [0, 1],
    "y": [0, 1],
    "mode": "lines",
    "name": "as right as sure",
    "hoverinfo": "skip",
    "line": {"color": QUIET, "width": 2, "dash": "dash"},
}


def reliability(found: Calibration) -> go.Figure:
    """Draw a bar a bin up to the share that is right, and the gap from there to what was promised.

    Below, how many answers each bin holds: a bar of three answers proves nothing.
    """
    held = np.flatnonzero(found.counts)
    width = float(found.edges[1] - found.edges[0])
    middles = (found.edges[:-1] + found.edges[1:])[held] / 2
    accuracy, sure, counts = found.accuracy[held], found.confidence[held], found.counts[held]
    details = np.stack([found.edges[held], found.edges[held + 1], sure, accuracy, counts], axis=1)
    bars = {
        "type": "bar",
        "x": middles,
        "width": width * 0.92,
        "customdata": details.tolist(),
        "hovertemplate": "%{customdata[0]:.0%} to %{customdata[1]:.0%} sure: %{customdata[4]:,} answers, "
        "%{customdata[3]:.1%} right, %{customdata[2]:.1%} sure on average<extra></extra>",
    }
    right = {"y": accuracy, "name": "right", "marker": {"color": BLUE, "line": {"width": 0}}}
    gap = {
        "y": sure - accuracy,
        "base": accuracy.tolist(),
        "name": "gap to its confidence",
        "marker": {"color": rgba(VERMILION, 0.35), "line": {"width": 1.5, "color": VERMILION}},
    }
    answers = {
        "y": counts,
        "yaxis": "y2",
        "name": "answers",
        "showlegend": False,
        "marker": {"color": QUIET},
    }
    return drawn(
        [bars | right, bars | gap, _AS_RIGHT_AS_SURE, bars | answers],
        height=460,
        legend=True,
        barmode="overlay",
        xaxis={
            "title_text": "confidence",
            "range": [0, 1.01],
            "tickformat": ".0%",
            "dtick": 0.25,
            "anchor": "y2",
        },
        yaxis={"title_text": "right", "range": [0, 1.02], "tickformat": ".0%", "domain": [0.3, 1]},
        yaxis2=axis(title_text="answers", domain=[0, 0.2], tickformat=",d", nticks=3, anchor="x"),
    )
