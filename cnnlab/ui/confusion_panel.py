"""The interactive confusion matrix: a click on a cell shows its images, a click on one opens Inspect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab import api
from cnnlab.analysis.metrics import Evaluation, Scale, cell_indices, cell_words, worst_confusions
from cnnlab.analysis.ordering import by_confusion
from cnnlab.datasets import Dataset
from cnnlab.ui import frame, navigation, words
from cnnlab.ui.components.confusion import Cell, confusion
from cnnlab.ui.components.images import Picture, images

_SCALES: dict[Scale, str] = {"counts": "Counts", "rows": "By row", "columns": "By column"}
COMPACT_HEIGHT = 350
"""Of the matrix beside the curves, in pixels: both are then seen at once on a projector of 720 lines."""
COMPACT_CELL_HEIGHT = 145
"""Of the cell's words and images above it, in pixels: the matrix keeps its place whatever is clicked."""
COMPACT_IMAGES = 6
_MOST_IMAGES = 24
"""How many images of a cell are shown: more are a page of thumbnails that nobody compares."""
_PAIRS = 5
"""How many of the most frequent mistakes are offered beside the matrix."""


@frame.fragment()
def panel(run: api.Run, evaluation: Evaluation, data: Dataset, *, key: str, compact: bool = False) -> None:
    """Draw the matrix, the choice of a cell, and the cell's images.

    Args:
        run: the run that was evaluated.
        evaluation: its answers to the test set.
        data: the data set with the split of the run.
        key: prefix of the widgets' keys.
        compact: a row of images above the matrix instead of many beside it: both on a projector of 720 lines.
    """
    cell_key = f"cnnlab-cell-{run.id}"
    if cell_key not in st.session_state:
        worst = worst_confusions(evaluation.confusion, 1)
        st.session_state[cell_key] = worst[0][:2] if worst else (0, 0)
    if compact:
        chosen, matrix = st.container(height=COMPACT_CELL_HEIGHT, border=False), st.container()
        choices = st.container(horizontal=True, vertical_alignment="bottom")
        arrange = choices
    else:
        matrix, chosen = st.columns([6, 5], gap="large")
        arrange = matrix.container(horizontal=True, vertical_alignment="center")
    with arrange:
        scale = _scale(f"w-{key}")
        by_neighbours = not compact and _by_neighbours(f"w-{key}")
    with matrix:
        confusion(
            evaluation.confusion,
            evaluation.class_names,
            key=f"w-{key}-matrix",
            selected=st.session_state[cell_key],
            on_select=lambda cell: _choose(cell_key, cell),
            scale=scale,
            order=by_confusion(evaluation.confusion).tolist() if by_neighbours else None,
            height=COMPACT_HEIGHT if compact else None,
        )
    if compact:
        with choices:
            _sides(evaluation.class_names, cell_key, f"w-{key}")
    with chosen:
        if not compact:
            _most_confused(evaluation, cell_key, f"w-{key}")
            with st.container(horizontal=True, vertical_alignment="bottom"):
                _sides(evaluation.class_names, cell_key, f"w-{key}")
        _cell(run, evaluation, data, cell_key, f"w-{key}", across=COMPACT_IMAGES if compact else 0)


def _scale(prefix: str) -> Scale:
    return st.segmented_control(
        "What the cells say",
        list(_SCALES),
        default="counts",
        required=True,
        format_func=_SCALES.__getitem__,
        key=f"{prefix}-scale",
        label_visibility="collapsed",
    )


def _by_neighbours(prefix: str) -> bool:
    return st.toggle(
        "Sort by confusion",
        key=f"{prefix}-sorted",
        help="Classes that are called by each other's names stand side by side.",
    )


def _choose(cell_key: str, cell: Cell) -> None:
    st.session_state[cell_key] = cell


def _most_confused(evaluation: Evaluation, cell_key: str, prefix: str) -> None:
    """The most frequent mistakes, each a button that chooses its cell."""
    pairs = {(i, j): count for i, j, count in worst_confusions(evaluation.confusion, _PAIRS)}
    if not pairs:
        return
    key, names = f"{prefix}-pairs", evaluation.class_names

    def chosen() -> None:
        if st.session_state[key] is not None:  # a second click takes the choice back; the cell stays
            _choose(cell_key, st.session_state[key])

    cell = st.session_state[cell_key]
    st.session_state[key] = cell if cell in pairs else None
    st.pills(
        "Most confused: actual → called",
        list(pairs),
        key=key,
        format_func=lambda pair: words.plain(f"{names[pair[0]]} → {names[pair[1]]} · {pairs[pair]:,}"),
        on_change=chosen,
        wrap=True,
    )


def _sides(names: tuple[str, ...], cell_key: str, prefix: str) -> None:
    """The cell as two choices, for keyboards and for classes too many to hit."""
    for side, label in enumerate(("Actual", "Predicted")):
        _side(side, label, st.session_state[cell_key][side], names, cell_key, prefix)


def _cell(
    run: api.Run, evaluation: Evaluation, data: Dataset, cell_key: str, prefix: str, *, across: int
) -> None:
    names = evaluation.class_names
    actual, predicted = st.session_state[cell_key]
    told = words.plain(cell_words(evaluation.confusion, names, actual, predicted))
    counted = cell_indices(evaluation, actual, predicted)
    chosen = counted[: across or _MOST_IMAGES]
    left_out = len(counted) > len(chosen) and not across  # beside the live chart there is no room to say so
    st.markdown(f"{told}." + (f" The {len(chosen)} surest answers are shown." if left_out else ""))
    if not len(chosen):
        return
    shown = pictures(evaluation, data, chosen)
    if across:  # the sentence above says what they are and were called: here names would be cut off
        shown = [replace(each, short=each.title.rpartition(" · ")[2]) for each in shown]
    clicked = images(
        shown,
        key=f"{prefix}-images-{actual}-{predicted}",
        label=cell_words(evaluation.confusion, names, actual, predicted),
        action="Open in Inspect",
        across=across,
    )
    if clicked is not None:
        navigation.go("inspect", run=run.id, image=clicked)


def pictures(evaluation: Evaluation, data: Dataset, chosen: npt.NDArray[np.int64]) -> list[Picture]:
    """Test images with what they were called and what they are.

    Args:
        evaluation: the answers.
        data: the data set with the split that was evaluated.
        chosen: ``(n,) int64``, places in the test set.
    """
    pixels = data.images[data.test.indices[chosen]]
    return [_picture(evaluation, int(index), image) for index, image in zip(chosen, pixels, strict=True)]


def _side(side: int, label: str, value: int, names: tuple[str, ...], cell_key: str, prefix: str) -> None:
    key = f"{prefix}-side-{side}"

    def changed() -> None:
        cell = list(st.session_state[cell_key])
        cell[side] = st.session_state[key]
        _choose(cell_key, (cell[0], cell[1]))

    st.session_state[key] = value
    st.selectbox(
        label, range(len(names)), key=key, format_func=names.__getitem__, on_change=changed, width=150
    )


def _picture(evaluation: Evaluation, index: int, image: Any) -> Picture:
    name, probability = evaluation.top(index, 1)[0]
    actual = evaluation.class_names[evaluation.labels[index]]
    return Picture(
        id=str(index),
        pixels=image,
        title=f"{name} · {probability:.0%}",
        caption=f"really {actual}",
        right=name == actual,
    )
