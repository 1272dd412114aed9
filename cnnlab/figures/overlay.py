"""Curves of several runs over one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cnnlab.analysis.overlay import Axis, Line
from cnnlab.figures.theme import RUN_NAME_LENGTH, class_colour, drawn, told_apart

AXES: dict[Axis, str] = {"epoch": "epoch", "step": "step", "time": "seconds of training"}
"""Axis → its title."""
_DASHES = ("solid", "dot")
_COLOURS = 8
_MANY_POINTS = 40
_MARGIN = 0.06
_LEAST_SPAN = 0.1


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
    short = told_apart(names, RUN_NAME_LENGTH)
    curves = [
        {
            "type": "scatter",
            "x": curve.x,
            "y": curve.y,
            "name": short[k],
            "mode": "lines" if len(curve) > _MANY_POINTS else "lines+markers",
            "line": {
                "color": class_colour(k),
                "width": 3 if len(curve) <= _MANY_POINTS else 2,
                "dash": _DASHES[k // _COLOURS % len(_DASHES)],
            },
            "marker": {"size": 7},
            "cliponaxis": False,
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
            **({"tickformat": ".0%", "range": _shares(lines)} if share else {"rangemode": "tozero"}),
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


def _shares(lines: Sequence[Line]) -> tuple[float, float]:
    """Return what the axis of a share spans: what the curves need, within 0–1, and never less than a tenth.

    Plotly's own choice for a curve that is flat would be −50 % to 100 %.
    """
    shares = np.concatenate([curve.y for curve in lines])
    if not len(shares):
        return 0.0, 1.0
    low, high = float(shares.min()), float(shares.max())
    margin = max(_MARGIN * (high - low), (_LEAST_SPAN - (high - low)) / 2)
    return max(0.0, low - margin), min(1.0, high + margin)


def _at(axis: Axis) -> str:
    return {"epoch": "epoch %{x}", "step": "step %{x:,}", "time": "%{x:.1f} s"}[axis]
