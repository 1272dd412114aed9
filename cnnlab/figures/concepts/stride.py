"""Every place of a window along one axis, as rows of cells."""

from __future__ import annotations

import plotly.graph_objects as go

from cnnlab.analysis.concepts import places, unread
from cnnlab.analysis.convolution import Axis
from cnnlab.figures.theme import GRID, QUIET, RIGHT, TEXT, WRONG, finish, rgba

_ROW = 40


def windows(laid: Axis) -> go.Figure:
    """Draw the input with its zeros in the first row, and below it each place of the window.

    Args:
        laid: How the window lies; with at least one place.
    """
    rows = places(laid)
    figure = go.Figure()
    positions = list(range(-laid.before, laid.size + laid.after))
    never = set(unread(laid))
    labels = [str(p + 1) if 0 <= p < laid.size else "0" for p in positions]
    colours = [
        GRID if not 0 <= p < laid.size else rgba(WRONG, 0.55) if p in never else rgba(QUIET, 0.55)
        for p in positions
    ]
    _cells(figure, positions, [0] * len(positions), colours, labels)
    for place, row in enumerate(rows, start=1):
        figure.add_scatter(
            x=[row[0], row[-1]],
            y=[place, place],
            mode="lines",
            line={"color": RIGHT, "width": 3},
            hoverinfo="skip",
        )
        _cells(figure, row, [place] * len(row), [RIGHT] * len(row), [""] * len(row))
    count = len(rows)
    return finish(
        figure,
        height=_ROW * (count + 1) + 24,
        xaxis={"visible": False, "range": [positions[0] - 0.7, positions[-1] + 0.7]},
        yaxis={
            "range": [count + 0.6, -0.6],
            "tickvals": list(range(count + 1)),
            "ticktext": ["input", *(f"output {k}" for k in range(1, count + 1))],
            "showgrid": False,
        },
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
    )


def describe_windows(laid: Axis) -> str:
    """Say how many places there are, how many zeros were laid, and what is never read."""
    never = [str(position + 1) for position in unread(laid)]
    zeros = laid.before + laid.after
    return (
        f"The window has {laid.output} place{'s' * (laid.output != 1)}; {laid.before} zeros before the input "
        f"and {laid.after} after it."
        if zeros
        else f"The window has {laid.output} place{'s' * (laid.output != 1)}; no zeros are laid."
    ) + (f" No window reads {', '.join(never)}." if never else "")


def _cells(figure: go.Figure, x: list[int], y: list[int], colours: list[str], labels: list[str]) -> None:
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers+text",
        marker={"symbol": "square", "size": 34, "color": colours, "line": {"width": 0}},
        text=labels,
        textfont={"size": 15, "color": TEXT},
        hoverinfo="skip",
    )
