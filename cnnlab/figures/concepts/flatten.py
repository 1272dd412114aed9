"""A small map and the vector that it becomes."""

from __future__ import annotations

import plotly.graph_objects as go

from cnnlab.analysis.concepts import flat_index
from cnnlab.figures.theme import TEXT, class_colour, finish, rgba


def flattened(shape: tuple[int, int, int], chosen: tuple[int, int, int]) -> go.Figure:
    """Draw the channels of a map side by side, and below them the vector; a colour a row of the map.

    Args:
        shape: (height, width, channels) of the map.
        chosen: (row, column, channel) of the value that is framed in both.
    """
    height, width, channels = shape
    figure = go.Figure()
    where = [(r, c, k) for r in range(height) for c in range(width) for k in range(channels)]
    index = {place: flat_index(*place, shape) for place in where}
    length = height * width * channels
    step = width + 1
    off = (length - (channels * step - 1)) / 2
    for places, below in ((where, False), (where, True)):
        x = [index[p] if below else p[2] * step + p[1] + off for p in places]
        y = [height + 0.8 if below else p[0] for p in places]
        figure.add_scatter(
            x=x,
            y=y,
            mode="markers+text",
            marker={
                "symbol": "square",
                "size": 38 if length <= 18 else 24,
                "color": [rgba(class_colour(p[0]), 0.3 if p[2] % 2 else 0.5) for p in places],
                "line": {"width": [4 if p == chosen else 0 for p in places], "color": TEXT},
            },
            text=[str(index[p]) for p in places],
            textfont={"size": 15 if length <= 18 else 12},
            hoverinfo="skip",
        )
    for channel in range(channels):
        figure.add_annotation(
            x=channel * step + (width - 1) / 2 + off,
            y=-0.75,
            text=f"channel {channel}",
            showarrow=False,
            font={"size": 14},
        )
    finish(figure, height=60 * (height + 2))
    wide = max(length, channels * step, 6)
    figure.update_xaxes(visible=False, range=[(length - 1 - wide) / 2 - 0.2, (length - 1 + wide) / 2 + 0.2])
    figure.update_yaxes(visible=False, range=[height + 1.5, -1.1])
    return figure
