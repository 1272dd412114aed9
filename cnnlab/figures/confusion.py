"""The confusion matrix as a figure whose cells can be clicked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from cnnlab.analysis.metrics import Scale, cell_words, normalise, worst_confusions
from cnnlab.figures.theme import RIGHT, TEXT, WRONG, finish, rgba, shorten

NUMBERS_UP_TO = 20
"""Numbers are written into the cells up to so many classes; beyond they would not be read."""
_UNSEEN = 0.002
"""Opacity of what only the pointer shall find: a hundredth still drew a faint square into each cell."""


def confusion(
    matrix: npt.NDArray[np.int64],
    names: Sequence[str],
    *,
    scale: Scale = "counts",
    order: Sequence[int] | None = None,
    height: int | None = None,
) -> go.Figure:
    """Draw a confusion matrix: right answers in blue, wrong ones in vermilion, each on its own scale.

    A click on a cell reports it as the marker trace's ``customdata``: ``[actual, predicted]``, whatever the
    order. A heatmap itself reports no clicks, so nearly transparent markers lie above it; the page must not
    draw the selection into this figure, since Streamlit forgets a selection whose figure changes.

    Args:
        matrix: ``(classes, classes) int64``, rows actual, columns predicted.
        names: One name a class.
        scale: What the cells say: counts, or percentages of their row or column.
        order: The classes from the top and from the left; by default their own order.
        height: Pixels; by default enough for the classes.
    """
    order = range(len(names)) if order is None else order
    classes = np.array(order, np.int64)
    matrix, names = matrix[np.ix_(classes, classes)], [names[k] for k in order]
    shares = normalise(matrix, scale)
    diagonal = np.eye(len(names), dtype=bool)
    figure = go.Figure()
    darkness = np.zeros_like(shares)
    for colour, mask in ((RIGHT, diagonal), (WRONG, ~diagonal)):
        top = _top(shares[mask], scale, right=colour == RIGHT)
        darkness[mask] = shares[mask] / top
        figure.add_heatmap(
            z=np.where(mask, shares, np.nan),
            zmin=0,
            zmax=top,
            colorscale=[[0, rgba(colour, 0.05)], [1e-9, rgba(colour, 0.14)], [1, rgba(colour, 1)]],
            showscale=False,
            hoverinfo="skip",
            xgap=2,
            ygap=2,
            hoverongaps=False,
        )
    if len(names) <= NUMBERS_UP_TO:
        _write_numbers(figure, shares, darkness, scale)
    _add_clickable(figure, matrix, names, classes)
    return _lay_out(figure, names, height or max(380, min(760, 120 + 44 * len(names))))


def describe_confusion(matrix: npt.NDArray[np.int64], names: Sequence[str]) -> str:
    """Say what a confusion matrix shows: how many are right, and what is confused most."""
    total, right = int(np.sum(matrix)), int(np.trace(matrix))
    if not total:
        return f"Confusion matrix of {len(names)} classes without images."
    share = f"{right:,} of {total:,} images right ({right / total:.1%})"
    text = f"Confusion matrix of {len(names)} classes: {share}."
    worst = worst_confusions(matrix, 1)
    if worst:
        text += f" Most frequent mistake: {cell_words(matrix, names, *worst[0][:2])}."
    return text


def _top(values: npt.NDArray[np.float64], scale: Scale, *, right: bool) -> float:
    """Return the value of the darkest colour: the largest there is, or 100 % for shares of right answers."""
    if right and scale != "counts":
        return 1.0
    return max(float(values.max(initial=0.0)), 1e-6)


def _write_numbers(
    figure: go.Figure, shares: npt.NDArray[np.float64], darkness: npt.NDArray[np.float64], scale: Scale
) -> None:
    """Write each cell's number: white where the cell is dark, in the page's own text colour elsewhere."""
    size = 17 if len(shares) <= 12 else 11
    for dark in (True, False):
        rows, columns = np.nonzero((shares > 0) & ((darkness > 0.75) == dark))
        colour = "#FFFFFF" if dark else TEXT
        # Plotly fades the text of what is not selected, unless it is told its colour.
        unchanged = {"textfont": {"color": colour}}
        figure.add_scatter(
            x=columns,
            y=rows,
            text=[_number(shares[i, j], scale) for i, j in zip(rows, columns, strict=True)],
            mode="text",
            textfont={"size": size, "color": colour},
            selected=unchanged,
            unselected=unchanged,
            hoverinfo="skip",
            cliponaxis=False,
        )


def _number(value: float, scale: Scale) -> str:
    if scale == "counts":
        return f"{int(value):,}" if value < 10_000 else f"{value / 1000:.0f}k"
    # "<1" rather than "0": the cell is not empty.
    return "<1" if value < 0.005 else f"{value * 100:.0f}"


def _add_clickable(
    figure: go.Figure, matrix: npt.NDArray[np.int64], names: Sequence[str], classes: npt.NDArray[np.int64]
) -> None:
    """Lay the markers that hover and clicks find: one a cell, all but invisible until it is clicked.

    A click answers with a frame around its cell at once, before any image has come.
    """
    rows, columns = (axis.ravel() for axis in np.indices(matrix.shape))
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        name="cells",
        marker={
            "symbol": "square-open",
            "size": 28,
            "opacity": _UNSEEN,
            "color": TEXT,
            "line": {"width": 2},
        },
        selected={"marker": {"opacity": 1, "size": 30}},
        unselected={"marker": {"opacity": _UNSEEN}},
        customdata=np.stack([classes[rows], classes[columns]], axis=1).tolist(),
        text=[cell_words(matrix, names, int(i), int(j)) for i, j in zip(rows, columns, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )


def _lay_out(figure: go.Figure, names: Sequence[str], height: int) -> go.Figure:
    finish(figure, height=height)
    # No cut-off: the nearest centre of a lattice is the centre of the cell under the pointer.
    figure.update_layout(hoverdistance=-1, clickmode="event+select")
    return class_axes(figure, names)


def class_axes(figure: go.Figure, names: Sequence[str]) -> go.Figure:
    """Name a matrix's rows and columns after its classes: actual from the top, predicted from the left."""
    classes = len(names)
    ticks = {
        "tickmode": "array",
        "tickvals": list(range(classes)),
        "ticktext": [shorten(name) for name in names],
    }
    edges = [-0.5, classes - 0.5]
    shared = {"showgrid": False, "ticks": "", **ticks}
    figure.update_xaxes(title_text="predicted", range=edges, autotickangles=[0, -45, -90], **shared)
    figure.update_yaxes(title_text="actual", range=edges[::-1], **shared)
    return figure
