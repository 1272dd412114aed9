"""Curves over the epochs of finished runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import plotly.graph_objects as go

from cnnlab.figures.theme import TRAINING, VALIDATION, finish

Metric = Literal["loss", "accuracy"]
Epochs = Sequence[Mapping[str, Any]]
"""One mapping an epoch, as the record has them: epoch, loss, accuracy, val_loss, val_accuracy (None
without)."""

_STYLES: dict[str, tuple[str, str, str]] = {
    "": ("training", TRAINING, "solid"),
    "val_": ("validation", VALIDATION, "dash"),
}


def curve(epochs: Epochs, metric: Metric) -> go.Figure:
    """Draw one measure of one run over its epochs: training solid, validation dashed."""
    figure = go.Figure()
    for prefix, (name, colour, dash) in _STYLES.items():
        points = _points(epochs, prefix + metric)
        if points:
            _add_line(figure, points, name, colour, dash, metric)
    return _lay_out(figure, metric, len(epochs))


def describe_curve(epochs: Epochs, metric: Metric) -> str:
    """Say where a measure began and where it ended."""
    if not epochs:
        return f"No epoch is finished yet, so there is no {metric} to show."
    parts = []
    for prefix, (name, _, _) in _STYLES.items():
        values = [value for _, value in _points(epochs, prefix + metric)]
        if values:
            parts.append(f"{name} {_words(values[0], metric)} to {_words(values[-1], metric)}")
    count = f"{len(epochs)} epoch{'s' if len(epochs) > 1 else ''}"
    return f"{metric.capitalize()} over {count}: {', '.join(parts)}."


def _points(epochs: Epochs, field: str) -> list[tuple[int, float]]:
    return [(int(row["epoch"]), float(row[field])) for row in epochs if row.get(field) is not None]


def _words(value: float, metric: Metric) -> str:
    return f"{value:.1%}" if metric == "accuracy" else f"{value:.3f}"


def _add_line(
    figure: go.Figure, points: list[tuple[int, float]], name: str, colour: str, dash: str, metric: Metric
) -> None:
    value = "%{y:.1%}" if metric == "accuracy" else "%{y:.4f}"
    figure.add_scatter(
        x=[epoch for epoch, _ in points],
        y=[value for _, value in points],
        name=name,
        mode="lines+markers",
        line={"color": colour, "width": 3, "dash": dash},
        marker={"size": 7},
        hovertemplate=f"epoch %{{x}}: {value}<extra>{name}</extra>",
    )


def _lay_out(figure: go.Figure, metric: Metric, epochs: int) -> go.Figure:
    finish(figure, height=320, legend=True)
    # Whole epochs only: half an epoch has no point.
    figure.update_xaxes(title_text="epoch")
    if epochs <= 10:
        figure.update_xaxes(dtick=1)
    figure.update_yaxes(title_text=metric)
    if metric == "accuracy":
        figure.update_yaxes(tickformat=".0%")
    else:
        figure.update_yaxes(rangemode="tozero")
    return figure
