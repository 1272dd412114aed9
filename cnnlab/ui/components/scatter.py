"""Images as dots of a plane: a tap, a click or Enter on a dot chooses it, the pointer reads it in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab.figures.theme import OKABE_ITO
from cnnlab.ui.components._source import component

_LEVELS = 10_000
"""Places along the longer side of the plane: finer ones are not told apart on a screen."""

_MOUNT = component("scatter", '<div class="root"></div>')


def scatter(
    points: npt.NDArray[np.floating],
    *,
    images: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    called: npt.NDArray[np.int64],
    confidences: npt.NDArray[np.floating],
    names: Sequence[str],
    key: str,
    label: str,
    selected: int,
    on_select: Callable[[int], None],
) -> None:
    """Draw images as dots in the colours of their classes; wrong answers have a ring.

    Beyond eight classes the colours repeat in other shapes. A button a class picks its dots out.

    Args:
        points: ``(n, 2)``, to the right and up; one scale for both.
        images: ``(n,)``, what comes back when a dot is chosen.
        labels: ``(n,)``, the classes.
        called: ``(n,)``, the answers.
        confidences: ``(n,)``, 0–1, of the answers.
        names: One a class.
        key: Of this component on the page.
        label: What is shown, in sentences, for screen readers.
        selected: The image that is framed, where it is among them.
        on_select: Called with an image before the page reruns for a choice.
    """

    def report() -> None:
        chosen = st.session_state[key].chosen
        if type(chosen) is int and chosen in images:
            on_select(chosen)

    x, y = levels(points)
    _MOUNT(
        key=key,
        data={
            "x": x,
            "y": y,
            "images": images.tolist(),
            "labels": labels.tolist(),
            "called": called.tolist(),
            "sure": np.rint(100 * confidences).astype(int).tolist(),
            "names": list(names),
            "colours": OKABE_ITO,
            "selected": selected,
            "label": label,
        },
        on_chosen_change=report,
    )


def levels(points: npt.NDArray[np.floating]) -> tuple[list[int], list[int]]:
    """Points ``(n, 2)`` as whole numbers from 0, both directions on one scale: a third of the bytes."""
    shifted = points.astype(np.float64) - points.min(axis=0)
    span = float(shifted.max()) or 1.0
    x, y = (shifted / span * _LEVELS).round().astype(int).T.tolist()
    return x, y
