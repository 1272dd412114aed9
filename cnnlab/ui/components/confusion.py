"""The confusion matrix: a tap, a click or Enter on a cell chooses it, the pointer reads a cell in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab.analysis.confusion import confusion_cells, describe_confusion
from cnnlab.analysis.metrics import Scale
from cnnlab.figures.theme import RIGHT, WRONG
from cnnlab.ui.components._source import component

Cell = tuple[int, int]
"""Actual and predicted class."""

_MOUNT = component("confusion", '<div class="root"></div>')


def confusion(
    matrix: npt.NDArray[np.int64],
    names: Sequence[str],
    *,
    key: str,
    selected: Cell,
    on_select: Callable[[Cell], None],
    scale: Scale = "counts",
    order: Sequence[int] | None = None,
    height: int | None = None,
) -> None:
    """Draw a confusion matrix: right answers in blue, wrong ones in vermilion, each on its own scale.

    Args:
        matrix: ``(classes, classes) int64``, rows actual, columns predicted.
        names: One name a class.
        key: Of this component on the page.
        selected: The cell that is framed.
        on_select: Called with a cell before the page reruns for a choice.
        scale: What the cells say: counts, or percentages of their row or column.
        order: The classes from the top and from the left; by default their own order.
        height: Pixels; by default enough for the classes.
    """
    cells = confusion_cells(matrix, scale)

    def report() -> None:
        cell = _cell(st.session_state[key].chosen, len(names))
        if cell is not None:
            on_select(cell)

    _MOUNT(
        key=key,
        data={
            "counts": matrix.tolist(),
            "darkness": cells.darkness.round(4).tolist(),
            "numbers": cells.numbers,
            "names": list(names),
            "order": list(range(len(names)) if order is None else order),
            "selected": selected,
            "colours": (RIGHT, WRONG),
            "height": height or max(340, min(760, 70 + 30 * len(names))),
            "label": describe_confusion(matrix, names),
        },
        on_chosen_change=report,
    )


def _cell(answer: object, classes: int) -> Cell | None:
    """The browser's answer as a cell; None where it is none."""
    match answer:
        case [int(actual), int(predicted)] if 0 <= actual < classes and 0 <= predicted < classes:
            return actual, predicted
    return None
