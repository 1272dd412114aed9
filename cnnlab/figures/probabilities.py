"""What several networks say of one image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from cnnlab.analysis.answer import most_probable, percent
from cnnlab.figures.theme import RUN_NAME_LENGTH, TEXT, class_colour, drawn, told_apart

# A little beyond 1, so that the number beside a full bar stays inside.
_SHARES: dict[str, Any] = {"range": [0, 1.18], "visible": False}


def two_answers(
    answers: Sequence[npt.NDArray[np.floating]],
    titles: Sequence[str],
    names: Sequence[str],
    *,
    actual: int | None = None,
    limit: int = 10,
) -> go.Figure:
    """Draw what several models say of one image: a bar a model and class, a colour a model.

    Args:
        answers: One ``(classes,) float`` a model, 0–1.
        titles: What each model is called.
        names: One name a class.
        actual: The actual class, where it is known.
        limit: At most so many classes, those that any model thinks most of; the actual one among them.
    """
    shares = np.asarray(answers, np.float64)
    shown = most_probable(shares.max(axis=0), actual, limit)
    short = told_apart(titles, RUN_NAME_LENGTH)
    bars = [
        {
            "type": "bar",
            "y": list(range(len(shown))),
            "x": shares[model, shown],
            "name": short[model],
            "orientation": "h",
            "marker": {"color": class_colour(model), "line": {"width": 0}},
            "text": [percent(value) for value in shares[model, shown]],
            "textposition": "outside",
            "textfont": {"size": 13, "color": TEXT},
            "cliponaxis": False,
            "customdata": [names[k] for k in shown],
            "hovertemplate": f"'%{{customdata}}': %{{x:.2%}}<extra>{title}</extra>",
        }
        for model, title in enumerate(titles)
    ]
    return drawn(
        bars,
        height=max(180, 70 + 46 * len(shown)),
        legend=True,
        xaxis=_SHARES,
        yaxis=_axis(shown, names, actual),
        bargap=0.25,
        bargroupgap=0.05,
        barmode="group",
    )


def _axis(shown: Sequence[int], names: Sequence[str], actual: int | None) -> dict[str, Any]:
    """The classes from the top, by place and not by name: Plotly would merge long names that begin alike."""
    ticks = told_apart([names[k] for k in shown])
    return {
        "tickvals": list(range(len(shown))),
        "ticktext": [text + (" ✓" if k == actual else "") for k, text in zip(shown, ticks, strict=True)],
        "autorange": "reversed",
        "showgrid": False,
        "tickfont": {"size": 15, "color": TEXT},
    }
