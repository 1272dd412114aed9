"""Accuracy against what it costs, with the runs that no other beats on both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from cnnlab.figures.theme import QUIET, RUN_NAME_LENGTH, class_colour, drawn, told_apart

_THOUSAND = 1000
_LAST = 2000
"""Plotly's own rank of an entry of the legend is 1000."""


def trade_off(
    costs: npt.NDArray[np.floating],
    accuracies: npt.NDArray[np.floating],
    names: Sequence[str],
    front: Sequence[int],
    *,
    cost: str,
) -> go.Figure:
    """Draw a point a run; those on the Pareto front are filled, larger and joined by a line of steps.

    Args:
        costs: ``(n,) float``, above 0; NaN where it is not known.
        accuracies: ``(n,) float``, 0–1; NaN where it is not known.
        names: One a run.
        front: Positions of the runs on the front, by rising cost.
        cost: What the costs are, such as "parameters".
    """
    steps = {
        "type": "scatter",
        "x": [costs[k] for k in front],
        "y": [accuracies[k] for k in front],
        "name": "Pareto front",
        "mode": "lines",
        # Steps: for the cost in between, the cheaper run is the best that there is.
        "line": {"color": QUIET, "width": 2, "dash": "dash", "shape": "hv"},
        "hoverinfo": "skip",
        "showlegend": len(front) > 1,
        "legendrank": _LAST,
    }
    short = told_apart(names, RUN_NAME_LENGTH)
    points = [
        _point(costs, accuracies, k, name, cost=cost, best=k in front) | {"name": short[k]}
        for k, name in enumerate(names)
        if np.isfinite(costs[k]) and np.isfinite(accuracies[k])
    ]
    low, high = _range(accuracies)
    return drawn(
        [steps, *points],
        height=380,
        legend=True,
        xaxis={"title_text": cost, **_cost_axis(costs)},
        yaxis={"title_text": "test accuracy", "tickformat": ".1%", "range": [low, high], "nticks": 6},
    )


def describe_trade_off(names: Sequence[str], front: Sequence[int], *, cost: str) -> str:
    """Name the runs on the front."""
    if not front:
        return f"No run has both a test accuracy and a number of {cost}."
    return f"Test accuracy against {cost}. On the Pareto front: {', '.join(names[k] for k in front)}."


def _point(
    costs: npt.NDArray[np.floating],
    accuracies: npt.NDArray[np.floating],
    k: int,
    name: str,
    *,
    cost: str,
    best: bool,
) -> dict[str, Any]:
    """The point of one run."""
    colour, front = class_colour(k), ", on the front" if best else ""
    return {
        "type": "scatter",
        "x": [costs[k]],
        "y": [accuracies[k]],
        "mode": "markers",
        "cliponaxis": False,
        "marker": {
            "size": 16 if best else 11,
            "color": colour if best else "rgba(0,0,0,0)",
            "line": {"width": 2.5, "color": colour},
        },
        "hovertemplate": f"%{{x:,.4~g}} {cost}, %{{y:.2%}}{front}<extra>{name}</extra>",
    }


def _range(accuracies: npt.NDArray[np.floating]) -> tuple[float, float]:
    """A little more than the points need."""
    known = np.asarray(accuracies)[np.isfinite(accuracies)]
    if not len(known):
        return 0.0, 1.0
    margin = max(0.01, 0.25 * float(np.ptp(known)))
    return float(known.min()) - margin, float(known.max()) + margin


def _cost_axis(costs: npt.NDArray[np.floating]) -> dict[str, object]:
    """Powers of ten where the costs span more than one; else from zero on."""
    known = np.asarray(costs)[np.isfinite(costs)]
    if len(known) and known.min() > 0 and known.max() > 10 * known.min():
        ends = np.log10([known.min() / 1.8, known.max() * 1.8])
        return {"type": "log", "range": ends.tolist(), "tickformat": "~s", "dtick": 1}
    most = float(known.max()) if len(known) else 1.0
    # Thousands as "k", but never a half as "500m".
    return {"range": [0, 1.2 * most], "tickformat": "~s" if most >= _THOUSAND else "~g"}
