"""The shares that a softmax gives, a bar a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnnlab.figures.theme import QUIET, RIGHT, TEXT, finish, rgba


def shares(
    once: NDArray[np.float64],
    names: Sequence[str],
    actual: int,
    twice: NDArray[np.float64] | None = None,
) -> go.Figure:
    """Draw the share of each class: once, and below it where the softmax is taken of the softmax.

    Args:
        once: (classes,) 0–1.
        names: One a class.
        actual: The actual class, in blue.
        twice: The same after a second softmax; None leaves it out.
    """
    figure = go.Figure()
    for values, label, strength in ((once, "softmax", 1.0), (twice, "softmax of the softmax", 0.5)):
        if values is None:
            continue
        colours = [rgba(RIGHT if k == actual else QUIET, strength) for k in range(len(names))]
        figure.add_bar(
            y=list(names),
            x=list(values),
            orientation="h",
            name=label,
            marker={"color": colours, "line": {"width": 0}},
            text=[f"{value:.1%}" if strength == 1 else f"{value:.1%} taken twice" for value in values],
            textposition="outside",
            textfont={"size": 16, "color": TEXT},
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.2%}<extra>" + label + "</extra>",
        )
    return finish(
        figure,
        height=24 + (52 if twice is None else 68) * len(names),
        xaxis={"range": [0, 1.2], "visible": False},
        yaxis={"autorange": "reversed", "showgrid": False, "tickfont": {"size": 16, "color": TEXT}},
        barmode="group",
        bargap=0.25,
    )
