"""A convolution and a fully connected layer as nodes and lines."""

from __future__ import annotations

from collections.abc import Iterable

import plotly.graph_objects as go

from cnnlab.analysis.concepts import Connection
from cnnlab.figures.theme import QUIET, TRAINING, class_colour, finish, rgba

_NODE = 31
_FAINT = 0.28
_UNLIT = "#C3C8CE"
"""A light grey that black numbers can be read on, on a light page and a dark one."""


def nodes(inputs: int, lines: list[Connection], chosen: int) -> go.Figure:
    """Draw a convolution, a colour a weight, beside a fully connected layer of as many nodes.

    Args:
        inputs: How many input nodes.
        lines: The convolution's, from `cnnlab.analysis.concepts.connections`.
        chosen: The output whose lines are strong.
    """
    outputs = 1 + max(line.output for line in lines)
    figure = go.Figure()
    everything = [(i, o) for o in range(outputs) for i in range(inputs)]
    full = _heights(inputs, outputs)
    _lines(figure, 2, full, [pair for pair in everything if pair[1] != chosen], rgba(QUIET, 0.5), 1)
    _lines(figure, 2, full, [pair for pair in everything if pair[1] == chosen], QUIET, 3)
    for weight in sorted({line.weight for line in lines}):
        pairs = [(line.input, line.output) for line in lines if line.weight == weight]
        colour = class_colour(weight)
        _lines(figure, 0, full, [pair for pair in pairs if pair[1] != chosen], rgba(colour, _FAINT), 2)
        _lines(figure, 0, full, [pair for pair in pairs if pair[1] == chosen], colour, 5)
    reached = {line.input for line in lines if line.output == chosen}
    for left, seen in ((0, reached), (2, set(range(inputs)))):
        _nodes(figure, left, full[0], seen)
        _nodes(figure, left + 1, full[1], {chosen})
    weights = len({line.weight for line in lines})
    title = {"y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False, "font": {"size": 16}}
    titles = (
        (0.5, f"<b>Convolution</b><br>{weights} weights, {len(lines)} lines"),
        (2.5, f"<b>Fully connected</b><br>{inputs * outputs} weights, {inputs * outputs} lines"),
    )
    return finish(
        figure,
        height=max(210, _NODE * inputs + 52),
        margin={"l": 4, "r": 4, "t": 48, "b": 4},
        xaxis={"visible": False, "range": [-0.25, 3.25]},
        yaxis={"visible": False, "range": [inputs - 0.4, -0.6]},
        annotations=[title | {"x": x, "text": text} for x, text in titles],
    )


def describe_nodes(inputs: int, lines: list[Connection], chosen: int) -> str:
    """Say how many lines each layer has, and which inputs the chosen output sees."""
    outputs = 1 + max(line.output for line in lines)
    weights = len({line.weight for line in lines})
    seen = sorted(line.input + 1 for line in lines if line.output == chosen)
    return (
        f"Output {chosen + 1} of the convolution sees inputs {seen[0]} to {seen[-1]}. The convolution has "
        f"{len(lines)} lines and {weights} weights; the fully connected layer {inputs * outputs} of each."
    )


def _heights(inputs: int, outputs: int) -> tuple[list[float], list[float]]:
    """Vertical places of the nodes: the outputs stand in the middle beside the inputs."""
    off = (inputs - outputs) / 2
    return [float(k) for k in range(inputs)], [k + off for k in range(outputs)]


def _lines(
    figure: go.Figure,
    left: int,
    heights: tuple[list[float], list[float]],
    pairs: Iterable[tuple[int, int]],
    colour: str,
    width: int,
) -> None:
    x: list[float | None] = []
    y: list[float | None] = []
    for one, other in pairs:
        x += [left, left + 1, None]
        y += [heights[0][one], heights[1][other], None]
    figure.add_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip")


def _nodes(figure: go.Figure, x: int, heights: list[float], lit: set[int]) -> None:
    figure.add_scatter(
        x=[x] * len(heights),
        y=heights,
        mode="markers+text",
        marker={
            "size": 25,
            "color": [TRAINING if k in lit else _UNLIT for k in range(len(heights))],
            "line": {"width": 0},
        },
        text=[str(k + 1) for k in range(len(heights))],
        textfont={"size": 14, "color": ["#FFFFFF" if k in lit else "#000000" for k in range(len(heights))]},
        hoverinfo="skip",
    )
