"""What edits of a network's kernels change: its answer in words, and each class's accuracy before → after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from cnnlab.figures.theme import TEXT, class_colour, finish, told_apart

BEFORE, AFTER = "As trained", "Edited"
"""What the two sides are called everywhere."""

Shares = npt.NDArray[np.floating]


def describe_answer(before: Shares, after: Shares, names: Sequence[str], *, actual: int | None = None) -> str:
    """Say what the network answered, and what it answers with the edits.

    Args:
        before: ``(classes,) float``, 0–1.
        after: The same with the edits.
        names: One name a class.
        actual: The actual class, where it is known.
    """
    first, then = int(before.argmax()), int(after.argmax())
    truth = "" if actual is None else f" It is '{names[actual]}'."
    if first == then:
        shares = f"{_percent(before[first])} → {_percent(after[first])}"
        return f"The answer stays '{names[first]}': {shares}.{truth}"
    return (
        f"The answer changes: '{names[first]}' ({_percent(before[first])}) → "
        f"'{names[then]}' ({_percent(after[then])}).{truth}"
    )


def class_accuracy(before: Shares, after: Shares, names: Sequence[str], *, limit: int = 20) -> go.Figure:
    """Draw each class's accuracy before and after as two bars, in the classes' order.

    Args:
        before: ``(classes,) float``, 0–1; NaN for a class without test images.
        after: The same with the edits.
        names: One name a class.
        limit: At most so many classes: those that changed most.
    """
    apart = np.nan_to_num(np.abs(after - before))
    shown = sorted(np.argsort(-apart, kind="stable")[:limit].tolist())
    figure = go.Figure()
    for side, (title, values) in enumerate(((BEFORE, before), (AFTER, after))):
        figure.add_bar(
            y=list(range(len(shown))),
            x=values[shown],
            name=title,
            orientation="h",
            marker={"color": class_colour(side), "line": {"width": 0}},
            text=["" if np.isnan(values[k]) else f"{values[k]:.1%}" for k in shown],
            textposition="outside",
            textfont={"size": 13, "color": TEXT},
            cliponaxis=False,
            customdata=[names[k] for k in shown],
            hovertemplate=f"'%{{customdata}}': %{{x:.1%}} right<extra>{title}</extra>",
        )
    # By place, not by name: Plotly would merge two long names that begin alike.
    ticks = {"tickvals": list(range(len(shown))), "ticktext": told_apart([names[k] for k in shown])}
    return finish(
        figure,
        height=max(180, 60 + 42 * len(shown)),
        legend=True,
        # A little beyond 1, so that the number beside a full bar stays inside.
        xaxis={"range": [0, 1.22], "visible": False},
        yaxis={**ticks, "autorange": "reversed", "showgrid": False},
        bargap=0.22,
        bargroupgap=0.05,
        barmode="group",
    )


def describe_class_accuracy(
    before: Shares, after: Shares, names: Sequence[str], *, overall: tuple[float, float]
) -> str:
    """Say how the accuracy changes, and of which class it changes most.

    Args:
        before: ``(classes,) float``, 0–1; NaN for a class without test images.
        after: The same with the edits.
        names: One name a class.
        overall: Share of all test images that are right, before and after.
    """
    text = f"Test accuracy {overall[0]:.1%} → {overall[1]:.1%}."
    apart = np.nan_to_num(np.abs(after - before))
    if not apart.any():
        return f"{text} No class changes."
    most = int(apart.argmax())
    return f"{text} Most of all '{names[most]}': {before[most]:.1%} → {after[most]:.1%}."


def _percent(share: float) -> str:
    return f"{share:.1%}"
