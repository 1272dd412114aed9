"""The difference of two confusion matrices: where the second model is better or worse than the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from cnnlab.analysis.confusion import NUMBERS_UP_TO
from cnnlab.analysis.metrics import Scale, normalise
from cnnlab.analysis.palettes import BLUE, VERMILION
from cnnlab.figures.theme import TEXT, drawn, rgba, told_apart


def difference(
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    names: Sequence[str],
    *,
    scale: Scale = "counts",
) -> go.Figure:
    """Draw second minus first: each cell says how many more or fewer images fall into it.

    The colours are centred on zero and say better or worse: more right answers and fewer wrong ones are blue,
    fewer right answers and more wrong ones vermilion.

    Args:
        first: ``(classes, classes) int64``, rows actual, columns predicted.
        second: The same of the other model.
        names: One name a class.
        scale: Counts, or points of the shares of each row or column.
    """
    change = normalise(second, scale) - normalise(first, scale)
    gain = np.where(np.eye(len(names), dtype=bool), change, -change)
    extreme = max(float(np.abs(gain).max(initial=0.0)), 1e-9)
    written = [[_number(value, scale) for value in row] for row in change]
    cells = {
        "type": "heatmap",
        "z": gain,
        "zmin": -extreme,
        "zmax": extreme,
        # Transparent in the middle: the page's own ground, light or dark, is zero.
        "colorscale": [[0, VERMILION], [0.5, rgba(VERMILION, 0.04)], [0.5, rgba(BLUE, 0.04)], [1, BLUE]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "customdata": _words(change, names, scale),
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    numbers = _numbers(written, np.abs(gain) / extreme) if len(names) <= NUMBERS_UP_TO else []
    x, y = _class_axes(names)
    return drawn([cells, *numbers], height=max(380, min(760, 120 + 44 * len(names))), xaxis=x, yaxis=y)


def describe_difference(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], names: Sequence[str]
) -> str:
    """Say how the accuracies differ, and in which class most, by shares."""
    accuracies = [np.trace(matrix) / max(1, matrix.sum()) for matrix in (first, second)]
    change = np.diag(normalise(second, "rows") - normalise(first, "rows"))
    text = f"Accuracy {accuracies[0]:.1%} against {accuracies[1]:.1%}."
    if not change.any():
        return f"{text} Each class is found equally often."
    most = int(np.abs(change).argmax())
    word = "more" if change[most] > 0 else "fewer"
    return (
        f"{text} The greatest change is in '{names[most]}': {abs(change[most]) * 100:.1f} points {word} of "
        "its images are found."
    )


def _number(value: float, scale: Scale) -> str:
    if scale == "counts":
        text = f"{int(value):+,}" if value else ""
    else:
        text = f"{value * 100:+.0f}" if abs(value) >= 0.005 else ""
    return text.replace("-", "−")


def _words(change: npt.NDArray[np.float64], names: Sequence[str], scale: Scale) -> list[list[str]]:
    def cell(i: int, j: int) -> str:
        size = abs(change[i, j])
        amount = f"{size:,.0f} images" if scale == "counts" else f"{size * 100:.1f} points"
        amount = "1 image" if scale == "counts" and size == 1 else amount
        called = f"of '{names[i]}' called '{names[j]}'"
        if not size:
            return f"No difference: {called[3:]}"
        return f"{amount} {'more' if change[i, j] > 0 else 'fewer'} {called}"

    return [[cell(i, j) for j in range(len(names))] for i in range(len(names))]


def _numbers(written: list[list[str]], darkness: npt.NDArray[np.float64]) -> list[dict[str, Any]]:
    """Each cell's number: white where the cell is dark, in the page's own text colour elsewhere."""
    size = 16 if len(written) <= 12 else 11
    traces = []
    for dark in (True, False):
        cells = [
            (i, j, text)
            for i, row in enumerate(written)
            for j, text in enumerate(row)
            if text and (darkness[i, j] > 0.75) == dark
        ]
        traces.append(
            {
                "type": "scatter",
                "x": [j for _, j, _ in cells],
                "y": [i for i, _, _ in cells],
                "text": [text for *_, text in cells],
                "mode": "text",
                "textfont": {"size": size, "color": "#FFFFFF" if dark else TEXT},
                "hoverinfo": "skip",
                "cliponaxis": False,
            }
        )
    return traces


def _class_axes(names: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Name a matrix's rows and columns after its classes: actual from the top, predicted from the left."""
    classes = len(names)
    ticks = {
        "tickmode": "array",
        "tickvals": list(range(classes)),
        "ticktext": told_apart(names),
    }
    edges = [-0.5, classes - 0.5]
    shared = {"showgrid": False, "ticks": "", **ticks}
    return (
        {"title_text": "predicted", "range": edges, "autotickangles": [0, -45, -90], **shared},
        {"title_text": "actual", "range": edges[::-1], **shared},
    )
