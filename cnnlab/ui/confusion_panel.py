"""The interactive confusion matrix: a click on a cell shows its images, a click on one opens Inspect."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cnnlab import api
from cnnlab.analysis.metrics import Evaluation, Scale, cell_indices, cell_words, worst_confusions
from cnnlab.datasets import Dataset
from cnnlab.figures.confusion import confusion, describe_confusion
from cnnlab.figures.theme import CONFIG
from cnnlab.ui import navigation
from cnnlab.ui.components.images import Picture, images

_SCALES: dict[Scale, str] = {"counts": "Counts", "rows": "By row", "columns": "By column"}
COMPACT_HEIGHT = 430
"""Of the matrix beside the curves, in pixels: both are then seen at once on a projector of 720 lines."""
_MOST_IMAGES = 24
"""How many images of a cell are shown: more are a page of thumbnails that nobody compares."""


@st.fragment
def panel(run: api.Run, evaluation: Evaluation, data: Dataset, *, key: str, compact: bool = False) -> None:
    """Draw the matrix, the choice of a cell, and the cell's images.

    Args:
        run: the run that was evaluated.
        evaluation: its answers to the test set.
        data: the data set with the split of the run.
        key: prefix of the widgets' keys.
        compact: images below the matrix instead of beside it.
    """
    cell_key = f"cnnlab-cell-{run.id}"
    if cell_key not in st.session_state:
        worst = worst_confusions(evaluation.confusion, 1)
        st.session_state[cell_key] = worst[0][:2] if worst else (0, 0)
    if compact:
        matrix, chosen = st.container(), st.container()
    else:
        matrix, chosen = st.columns([6, 5], gap="large")
    with matrix:
        _matrix(evaluation, cell_key, f"w-{key}", COMPACT_HEIGHT if compact else None)
    with chosen:
        _cell(run, evaluation, data, cell_key, f"w-{key}")


def _matrix(evaluation: Evaluation, cell_key: str, prefix: str, height: int | None) -> None:
    scale = st.segmented_control(
        "What the cells say",
        list(_SCALES),
        default="counts",
        required=True,
        format_func=_SCALES.__getitem__,
        key=f"{prefix}-scale",
        label_visibility="collapsed",
    )
    chart_key = f"{prefix}-matrix-{scale}"

    def clicked() -> None:
        points: list[dict[str, Any]] = st.session_state[chart_key]["selection"]["points"]
        if points:
            actual, predicted = points[0]["customdata"][:2]
            st.session_state[cell_key] = (int(actual), int(predicted))

    st.plotly_chart(
        confusion(evaluation.confusion, evaluation.class_names, scale=scale, height=height),
        key=chart_key,
        on_select=clicked,
        selection_mode="points",
        config=CONFIG,
        alt=describe_confusion(evaluation.confusion, evaluation.class_names),
    )


def _cell(run: api.Run, evaluation: Evaluation, data: Dataset, cell_key: str, prefix: str) -> None:
    names = evaluation.class_names
    actual, predicted = st.session_state[cell_key]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for side, label, value in ((0, "Actual", actual), (1, "Predicted", predicted)):
            _side(side, label, value, names, cell_key, prefix)
    st.markdown(f"{cell_words(evaluation.confusion, names, actual, predicted)}.")
    chosen = cell_indices(evaluation, actual, predicted)[:_MOST_IMAGES]
    if not len(chosen):
        return
    pixels = data.images[data.test.indices[chosen]]
    pictures = [_picture(evaluation, int(index), image) for index, image in zip(chosen, pixels, strict=True)]
    clicked = images(
        pictures,
        key=f"{prefix}-images-{actual}-{predicted}",
        label=cell_words(evaluation.confusion, names, actual, predicted),
        action="Open in Inspect",
    )
    if clicked is not None:
        navigation.go("inspect", run=run.id, image=clicked)


def _side(side: int, label: str, value: int, names: tuple[str, ...], cell_key: str, prefix: str) -> None:
    key = f"{prefix}-side-{side}"

    def changed() -> None:
        cell = list(st.session_state[cell_key])
        cell[side] = st.session_state[key]
        st.session_state[cell_key] = tuple(cell)

    st.session_state[key] = value
    st.selectbox(
        label, range(len(names)), key=key, format_func=names.__getitem__, on_change=changed, width=180
    )


def _picture(evaluation: Evaluation, index: int, image: Any) -> Picture:
    name, probability = evaluation.top(index, 1)[0]
    actual = evaluation.class_names[evaluation.labels[index]]
    return Picture(
        id=str(index),
        pixels=image,
        title=f"{name} {probability:.0%}",
        caption=f"is {actual}",
        right=name == actual,
    )
