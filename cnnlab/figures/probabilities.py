"""The answer to one image: the probability of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from cnnlab.figures.theme import QUIET, RIGHT, TEXT, WRONG, class_colour, finish, shorten

# A little beyond 1, so that the number beside a full bar stays inside.
_SHARES: dict[str, Any] = {"range": [0, 1.18], "visible": False}


def probabilities(
    values: npt.NDArray[np.floating] | Sequence[float],
    names: Sequence[str],
    *,
    actual: int | None = None,
    limit: int = 10,
) -> go.Figure:
    """Draw the probabilities of an image's classes, most probable first.

    The actual class is blue; a predicted class that is not the actual one is vermilion; the others are grey.

    Args:
        values: ``(classes,) float``, 0–1.
        names: One name a class.
        actual: The actual class, where it is known.
        limit: At most so many classes; the actual one is always among them.
    """
    shares = np.asarray(values, np.float64)
    shown = _shown(shares, actual, limit)
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(shown))),
        x=shares[shown],
        orientation="h",
        marker={"color": [_colour(k, shown[0], actual) for k in shown], "line": {"width": 0}},
        text=[_percent(shares[k]) for k in shown],
        textposition="outside",
        textfont={"size": 15, "color": TEXT},
        cliponaxis=False,
        customdata=[names[k] for k in shown],
        hovertemplate="'%{customdata}': %{x:.2%}<extra></extra>",
    )
    return finish(
        figure,
        height=max(140, 40 + 32 * len(shown)),
        xaxis=_SHARES,
        yaxis=_axis(shown, names, actual),
        bargap=0.25,
    )


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
    shown = _shown(shares.max(axis=0), actual, limit)
    figure = go.Figure()
    for model, title in enumerate(titles):
        figure.add_bar(
            y=list(range(len(shown))),
            x=shares[model, shown],
            name=shorten(title, 28),
            orientation="h",
            marker={"color": class_colour(model), "line": {"width": 0}},
            text=[_percent(value) for value in shares[model, shown]],
            textposition="outside",
            textfont={"size": 13, "color": TEXT},
            cliponaxis=False,
            customdata=[names[k] for k in shown],
            hovertemplate=f"'%{{customdata}}': %{{x:.2%}}<extra>{title}</extra>",
        )
    return finish(
        figure,
        height=max(180, 70 + 46 * len(shown)),
        legend=True,
        xaxis=_SHARES,
        yaxis=_axis(shown, names, actual),
        bargap=0.25,
        bargroupgap=0.05,
        barmode="group",
    )


def describe_probabilities(
    values: npt.NDArray[np.floating] | Sequence[float], names: Sequence[str], *, actual: int | None = None
) -> str:
    """Say what the model took the image for, how surely, and whether that is right."""
    shares = np.asarray(values, np.float64)
    predicted = int(shares.argmax())
    text = f"The model says '{names[predicted]}' ({_percent(shares[predicted])})."
    if actual is None:
        return text
    if actual == predicted:
        return text + " That is right."
    return text + f" It is '{names[actual]}' ({_percent(shares[actual])})."


def _shown(values: npt.NDArray[np.float64], actual: int | None, limit: int) -> list[int]:
    order = [int(k) for k in np.argsort(-values, kind="stable")]
    shown = order[:limit]
    if actual is not None and actual not in shown:
        shown[-1] = actual
    return shown


def _axis(shown: Sequence[int], names: Sequence[str], actual: int | None) -> dict[str, Any]:
    """The classes from the top, by place and not by name: Plotly would merge long names that begin alike."""
    return {
        "tickvals": list(range(len(shown))),
        "ticktext": [shorten(names[k]) + (" ✓" if k == actual else "") for k in shown],
        "autorange": "reversed",
        "showgrid": False,
        "tickfont": {"size": 15, "color": TEXT},
    }


def _colour(index: int, predicted: int, actual: int | None) -> str:
    if index == actual or (actual is None and index == predicted):
        return RIGHT
    return WRONG if index == predicted else QUIET


def _percent(value: float) -> str:
    if 0 < value < 0.001:
        return "<0.1%"
    # Never round a doubt away: 100% stands for exactly 1 only.
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{value * 100:.1f}%" if value < 1 else "100%"
