"""Bars a class: how many images there are, and how a model fared on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from cnnlab.analysis.metrics import ClassReport
from cnnlab.analysis.palettes import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY
from cnnlab.figures.theme import drawn, told_apart

_SPLITS = {"training": BLUE, "validation": ORANGE, "test": GREEN}
_MEASURES = {"precision": ("precision", SKY), "recall": ("recall", ORANGE), "f1": ("F1", PURPLE)}
# "category", or the digits "0" to "9" would become an axis of numbers.
_CLASS_AXIS = {"type": "category", "autorange": "reversed", "showgrid": False, "dtick": 1}


def class_counts(counts: Mapping[str, Sequence[int]], names: Sequence[str]) -> go.Figure:
    """Draw how many images of each class each part of a data set holds, as stacked bars.

    Args:
        counts: Part ("training", "validation", "test") to images a class.
        names: One name a class.
    """
    bars = [
        {
            "type": "bar",
            "y": told_apart(names),
            "x": list(values),
            "name": part,
            "orientation": "h",
            "marker": {"color": _SPLITS.get(part, GREY), "line": {"width": 0}},
            "customdata": list(names),
            "hovertemplate": f"%{{x:,}} {part} images of '%{{customdata}}'<extra></extra>",
        }
        for part, values in counts.items()
    ]
    return drawn(
        bars,
        height=_height(len(names), 30),
        legend=True,
        xaxis={"title_text": "images", "tickformat": ",d"},
        yaxis=_CLASS_AXIS,
        barmode="stack",
        bargap=0.3,
    )


def describe_class_counts(counts: Mapping[str, Sequence[int]], names: Sequence[str]) -> str:
    """Say how many images each part holds, and whether the classes are balanced."""
    parts = ", ".join(f"{sum(values):,} {part}" for part, values in counts.items())
    totals = [sum(values[k] for values in counts.values()) for k in range(len(names))]
    if not totals:
        return "A data set without classes."
    spread = f"{min(totals):,} to {max(totals):,} images a class"
    return f"Images of {len(names)} classes: {parts}; {spread}."


def class_report(report: Sequence[ClassReport]) -> go.Figure:
    """Draw precision, recall and F1 of each class as bars from 0 to 100 %."""
    names = [row.name for row in report]
    bars = [
        {
            "type": "bar",
            "y": told_apart(names),
            "x": [getattr(row, measure) for row in report],
            "name": label,
            "orientation": "h",
            "marker": {"color": colour, "line": {"width": 0}},
            "customdata": names,
            "hovertemplate": f"{label} of '%{{customdata}}': %{{x:.1%}}<extra></extra>",
        }
        for measure, (label, colour) in _MEASURES.items()
    ]
    return drawn(
        bars,
        height=_height(len(report), 44),
        legend=True,
        xaxis={"range": [0, 1.06], "tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]},
        yaxis=_CLASS_AXIS,
        barmode="group",
        bargap=0.28,
        bargroupgap=0.08,
    )


def describe_class_report(report: Sequence[ClassReport]) -> str:
    """Name the class that is recognised best and the one recognised worst, by F1."""
    if not report:
        return "No classes."
    best, worst = max(report, key=lambda row: row.f1), min(report, key=lambda row: row.f1)
    return (
        f"Precision, recall and F1 of {len(report)} classes. Highest F1: '{best.name}' ({best.f1:.1%}); "
        f"lowest: '{worst.name}' ({worst.f1:.1%})."
    )


def _height(classes: int, row: int) -> int:
    return max(240, 96 + row * classes)
