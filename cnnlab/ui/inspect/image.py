"""The image that Inspect looks at, and what the network says of it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab import api
from cnnlab.analysis.answer import describe_probabilities, shares
from cnnlab.analysis.ordering import in_turn
from cnnlab.datasets import Dataset
from cnnlab.ui import actions, navigation, words
from cnnlab.ui.components.answer import answer as bars
from cnnlab.ui.enlarged import enlarged

_IMAGE = "cnnlab-image"
_MOST_DIGITS = 9


def chosen(data: Dataset) -> int:
    """The image of the address, else the one that the session looked at: its place in the test set."""
    asked = st.query_params.get("image")
    number = int(asked) if asked and asked.isdecimal() and len(asked) <= _MOST_DIGITS else None
    last = len(data.test) - 1
    if number is not None and number <= last:
        st.session_state[_IMAGE] = number
    shown = int(min(st.session_state.get(_IMAGE, 0), last))
    # Another run may have fewer test images than the one whose image is looked at: then its last one does.
    if asked is not None and (number is None or number not in (shown, st.session_state.get(_IMAGE))):
        navigation.leads_nowhere(
            "test image",
            f"Expected a number from 0 to {last:,}. Received {asked!r:.60}. Image {shown:,} is shown.",
        )
    return shown


def draw(run: api.Run, step: int, data: Dataset, index: int) -> None:
    """Show a test image and the choice of another.

    Args:
        run: the run.
        step: of its weights.
        data: the data set with the run's split.
        index: the image's place in the test set.
    """
    name = data.class_names[int(data.test.labels[index])]
    picture, choice = st.columns(2, vertical_alignment="center")
    with picture:
        enlarged(data.images[data.test.indices[index]], f"Test image {index}: {name}")
    with choice:
        st.markdown(f"Test image **{index:,}**: **{words.plain(name)}**")
        _choice(run, step, len(data.test), index)


def draw_answer(data: Dataset, answer: api.FeatureMaps) -> None:
    """Show the network's probabilities; of an own picture nobody knows the true class."""
    bars(
        shares(answer.probabilities, data.class_names, actual=answer.label),
        key="w-probabilities",
        label=describe_probabilities(answer.probabilities, data.class_names, actual=answer.label),
    )


def _choice(run: api.Run, step: int, count: int, index: int) -> None:
    st.session_state["w-image"] = index
    st.number_input(
        "Number of the image",
        0,
        count - 1,
        key="w-image",
        on_change=lambda: _typed(index),
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "Any",
            key="w-random",
            icon=":material/casino:",
            help="Another image of the test set",
            on_click=lambda: _go_to(in_turn(np.arange(count), index)),
        )
        st.button(
            "Mistake",
            key="w-mistake",
            icon=":material/close:",
            help="Another image that the network calls by a wrong name",
            on_click=actions.attempt,
            args=(lambda: _go_to(in_turn(_mistakes(run, step), index)),),
        )


def _typed(shown: int) -> None:
    """Go to the number in the box.

    A browser that has not yet heard that the box is gone (an own picture took its place) still sends what it
    held, and Streamlit takes that for a change.
    """
    if st.session_state["w-image"] != shown:
        _go_to(st.session_state["w-image"])


def _go_to(index: int) -> None:
    st.session_state[_IMAGE] = index
    st.query_params["image"] = str(index)


def _mistakes(run: api.Run, step: int) -> np.ndarray:
    evaluation = run.evaluate(step)
    return np.flatnonzero(evaluation.predictions != evaluation.labels)
