"""Curves of several runs over one another."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnlab.analysis.overlay import Axis, Line
from cnnlab.figures.theme import class_colour, drawn, shorten

AXES: dict[Axis, str] = {"epoch": "epoch", "step": "step", "time": "seconds of training"}
"""Axis → its title."""
NAME_LENGTH = 28
"""Longest name of a run in a legend, in characters."""
_DASHES = ("solid", "dot")
_COLOURS = 8
_MANY_POINTS = 40


def measure_title(measure: str) -> str:
    """Return how a measure is called: "validation accuracy"; Keras's precision and recall say so."""
    where = "validation" if measure.startswith("val_") else "training"
    name = measure.removeprefix("val_")
    return f"{where} {name}" + (" (Keras's)" if name in ("precision", "recall") else "")


def overlay(lines: Sequence[Line], names: Sequence[str], *, measure: str, axis: Axis) -> go.Figure:
    """Draw one measure of several runs.

    Args:
        lines: One a run; an empty one is left out.
        names: One a run, as the legend calls it.
        measure: Such as "val_accuracy".
        axis: What x counts.
    """
    share = not measure.endswith("loss")
    curves = [
        {
            "type": "scatter",
            "x": curve.x,
            "y": curve.y,
            "name": shorten(name, NAME_LENGTH),
            "mode": "lines" if len(curve) > _MANY_POINTS else "lines+markers",
            "line": {
                "color": class_colour(k),
                "width": 3 if len(curve) <= _MANY_POINTS else 2,
                "dash": _DASHES[k // _COLOURS % len(_DASHES)],
            },
            "marker": {"size": 7},
            "hovertemplate": f"{_at(axis)}: {'%{y:.1%}' if share else '%{y:.4f}'}<extra>{name}</extra>",
        }
        for k, (curve, name) in enumerate(zip(lines, names, strict=True))
        if len(curve)
    ]
    few = axis == "epoch" and max((len(curve) for curve in lines), default=0) <= 10
    return drawn(
        curves,
        height=380,
        legend=True,
        xaxis={"title_text": AXES[axis], **({"dtick": 1} if few else {})},
        yaxis={
            "title_text": measure_title(measure),
            **({"tickformat": ".0%"} if share else {"rangemode": "tozero"}),
        },
    )


def describe_overlay(lines: Sequence[Line], names: Sequence[str], *, measure: str) -> str:
    """Say where each run ended."""
    share = not measure.endswith("loss")
    ends = [
        f"{name} {f'{curve.y[-1]:.1%}' if share else f'{curve.y[-1]:.3f}'}"
        for curve, name in zip(lines, names, strict=True)
        if len(curve)
    ]
    title = measure_title(measure).capitalize()
    return f"{title} at the end: {', '.join(ends)}." if ends else f"No {measure_title(measure)} yet."


def _at(axis: Axis) -> str:
    return {"epoch": "epoch %{x}", "step": "step %{x:,}", "time": "%{x:.1f} s"}[axis]
