"""Precision–recall and ROC curves: a few classes in colour, the others in grey behind them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from cnnlab.analysis.rankings import Ranking, mean_of
from cnnlab.figures.theme import QUIET, class_colour, drawn, rgba, told_apart

Curve = Literal["precision–recall", "ROC"]

_DASHES = ("solid", "dash", "dot")
_COLOURS = 8
_BY_CHANCE: dict[str, Any] = {
    "type": "scatter",
    "x": [0, 1],
    "y": [0, 1],
    "mode": "lines",
    "name": "by chance",
    "showlegend": False,
    "hoverinfo": "skip",
    "line": {"color": QUIET, "width": 1, "dash": "dot"},
}


def ranking_curves(rankings: Sequence[Ranking], curve: Curve, shown: Collection[int]) -> go.Figure:
    """Draw a curve a class.

    Args:
        rankings: One a class.
        curve: Which of the two.
        shown: The classes in colour, no two alike up to eight.
    """
    colours = {k: place for place, k in enumerate(sorted(shown))}
    names = told_apart([each.name for each in rankings])
    # Coloured curves last, so that no grey one crosses them.
    order = sorted(range(len(rankings)), key=lambda k: k in colours)
    order = [k for k in order if len(_points(rankings[k], curve)[0])]
    lines = [_line(rankings[k], curve, colours.get(k), names[k]) for k in order]
    titles = (
        ("recall", "precision")
        if curve == "precision–recall"
        else ("false positive rate", "true positive rate")
    )
    # A little beyond the ends: a perfect curve lies on the frame.
    shares = {"range": [-0.015, 1.02], "tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    x, y = ({"title_text": title, **shares} for title in titles)
    return drawn([_BY_CHANCE, *lines] if curve == "ROC" else lines, height=400, legend=True, xaxis=x, yaxis=y)


def describe_rankings(rankings: Sequence[Ranking], curve: Curve) -> str:
    """Say the mean area under the curves, and which class has the smallest."""
    areas = [area(each, curve) for each in rankings]
    mean = mean_of(areas)
    if np.isnan(mean):
        return f"No {curve} curve: no class has images to tell apart."
    title = curve[0].upper() + curve[1:]
    worst = rankings[int(np.nanargmin(areas))]
    noun = "average precision" if curve == "precision–recall" else "area under the ROC curve"
    return (
        f"{title} curves of {len(rankings)} classes, each against all others. Mean {noun}: {mean:.3f}; "
        f"smallest: '{worst.name}' ({area(worst, curve):.3f})."
    )


def area(ranking: Ranking, curve: Curve) -> float:
    """Return the number that sums a curve up: average precision, or the area under the ROC curve."""
    return ranking.auc if curve == "ROC" else ranking.average_precision


def _points(ranking: Ranking, curve: Curve) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The curve's x and y; empty where the class has none."""
    if curve == "ROC":
        return ranking.false_positives, ranking.true_positives
    return ranking.recall, ranking.precision


def _line(ranking: Ranking, curve: Curve, colour: int | None, name: str) -> dict[str, Any]:
    """A class's curve in a colour, or in grey."""
    roc, coloured = curve == "ROC", colour is not None
    place = colour or 0
    x, y = _points(ranking, curve)
    words = ("false positives", "true positives") if roc else ("recall", "precision")
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines",
        "name": f"{name} · {area(ranking, curve):.3f}",
        "showlegend": coloured,
        # Average precision is the sum of precision × gained recall, that is, the area under these steps.
        "line": {
            "color": class_colour(place) if coloured else rgba(QUIET, 0.45),
            "width": 3 if coloured else 1,
            "dash": _DASHES[place // _COLOURS % len(_DASHES)] if coloured else "solid",
            "shape": "linear" if roc else "vh",
        },
        "hovertemplate": f"{words[0]} %{{x:.1%}}, {words[1]} %{{y:.1%}}<extra>'{ranking.name}'</extra>",
    }
