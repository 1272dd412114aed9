"""What all figures share: colours by meaning, the layout, the options of the chart's frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import plotly.graph_objects as go

from cnnlab.analysis.palettes import BLUE, GREY, OKABE_ITO, ORANGE, VERMILION, colourscale

TRAINING = BLUE
"""Whatever was measured on the training set."""
VALIDATION = ORANGE
"""Whatever was measured on the validation set."""
RIGHT = BLUE
"""Answers that were right."""
WRONG = VERMILION
"""Answers that were wrong."""
QUIET = GREY
"""What is shown for comparison only; readable on a light and on a dark page."""
TEXT = "#000037"
"""Text: nearly black here, and the place-holder that Streamlit's chart theme replaces by the page's own text
colour, light on a dark page (``GRAY_90`` of its plotly theme): its own grey is too faint on a projector."""
GRID = "rgba(127, 135, 144, 0.22)"
"""Grid lines, faint on a light and on a dark page."""

CONFIG: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False, "doubleClick": "reset"}
"""For `st.plotly_chart(config=…)`: no tool bar, and a page that scrolls where the chart lies."""

RUN_NAME_LENGTH = 28
"""Longest name of a run in a legend, in characters."""

__all__ = [
    "CONFIG",
    "GRID",
    "OKABE_ITO",
    "QUIET",
    "RIGHT",
    "RUN_NAME_LENGTH",
    "TEXT",
    "TRAINING",
    "VALIDATION",
    "WRONG",
    "axis",
    "class_colour",
    "colourscale",
    "drawn",
    "finish",
    "rgba",
    "shorten",
    "told_apart",
]


def finish(figure: go.Figure, **layout: Any) -> go.Figure:
    """Give a figure the layout that all share, and return it.

    Args:
        figure: Changed in place; its layout must not have been touched before.
        layout: `height` in pixels; `legend`: whether one stands above the plot; `xaxis`, `yaxis`: what this
            figure's own axes have beyond, or in place of, what all share; `margin`: pixels around the plot,
            where they are to be others; and further properties of the layout.
    """
    # Whole properties, each set once: `update_layout` takes twice as long, and more for a property by itself.
    for name, value in _layout(**layout).items():
        figure.layout[name] = value
    return figure


def drawn(traces: Sequence[dict[str, Any]], **layout: Any) -> go.Figure:
    """Return a figure of these traces with the layout that all share.

    Made at once it takes a third of the time that `add_scatter`, trace by trace, and `finish` take.

    Args:
        traces: Each with its `type`, the last in front.
        layout: As for `finish`.
    """
    return go.Figure(list(traces), _layout(**layout))


def _layout(
    *,
    height: int,
    legend: bool = False,
    xaxis: dict[str, Any] | None = None,
    yaxis: dict[str, Any] | None = None,
    margin: dict[str, int] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The layout that all share, with what one figure has beyond it."""
    shared = {
        "xaxis": axis(**(xaxis or {})),
        "yaxis": axis(**(yaxis or {})),
        "height": height,
        "margin": margin or {"l": 8, "r": 8, "t": 36 if legend else 12, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 14, "color": TEXT},
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "traceorder": "normal",
            "font": {"size": 14, "color": TEXT},
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "title": {"text": ""},
        },
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"font": {"size": 15, "color": TEXT}},
    }
    return shared | more


def axis(**own: Any) -> dict[str, Any]:
    """Return the properties that all axes share, and what one of them has beyond, or in place of, these."""
    return {
        "automargin": True,
        "gridcolor": GRID,
        "zeroline": False,
        "tickfont": {"size": 14, "color": TEXT},
        "title": {"standoff": 14, "font": {"size": 15, "color": TEXT}},
        "fixedrange": True,
    } | own


def class_colour(index: int) -> str:
    """Return the colour of the class or curve at a position; they repeat after eight."""
    return OKABE_ITO[index % len(OKABE_ITO)]


def rgba(colour: str, alpha: float) -> str:
    """Return a hexadecimal colour with an opacity (0–1), as Plotly reads it."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha:g})"


def shorten(name: str, length: int = 14) -> str:
    """Cut a long class name for an axis; the hover says it in full."""
    return name if len(name) <= length else name[: length - 1].rstrip() + "…"


def told_apart(names: Sequence[str], length: int = 14) -> list[str]:
    """Return names for an axis or a legend, cut so that different ones stay different.

    Those that begin alike keep the word in which they differ: "digits, learnin…attempt B".
    """
    alike: dict[str, set[str]] = {}
    for name in names:
        alike.setdefault(shorten(name, length), set()).add(name)
    cut = {
        name: short if len(group) == 1 else _around_difference(name, group - {name}, length)
        for short, group in alike.items()
        for name in group
    }
    texts = list(cut.values())
    return [cut[name] if texts.count(cut[name]) == 1 else name for name in names]


def _around_difference(name: str, others: Iterable[str], length: int) -> str:
    """Cut a name between its beginning and the word in which it differs from these others.

    The word before that stays, too, where there is room: "dropout 0.2".
    """
    differs = max(_shared_beginning(name, other) for other in others)
    word = name.rfind(" ", 0, differs) + 1
    before = name.rfind(" ", 0, max(0, word - 1)) + 1
    begins = next((at for at in (before, word) if differs - at < length // 2), differs)
    end = shorten(name[begins:], length // 2 + 2)
    return name[: length - 1 - len(end)].rstrip() + "…" + end


def _shared_beginning(one: str, other: str) -> int:
    """Return how many characters two different names begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))
