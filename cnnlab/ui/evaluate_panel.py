"""The Evaluate page's head: the network's answers, the headline with its intervals, the findings in words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab import api
from cnnlab.analysis.bootstrap import LEVEL, METHOD, Interval, Intervals, intervals
from cnnlab.analysis.findings import findings
from cnnlab.analysis.metrics import Evaluation
from cnnlab.errors import CNNLabError
from cnnlab.ui import words


def answers(run: api.Run, step: int | None = None) -> Evaluation:
    """The answers of the run's weights at a step (None: the last) to its test set.

    Ends the page in words where there are none.
    """
    try:
        with st.spinner("Asking the network about the test set…", show_time=True):
            return run.evaluate(step)
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/error:")
        st.stop()


@st.cache_data(max_entries=64, show_spinner=False)
def _intervals(matrix: npt.NDArray[np.int64]) -> Intervals:
    """Kept: two thousand draws are a good part of the page's time, and a matrix always has the same."""
    return intervals(matrix)


def headline(evaluation: Evaluation) -> Intervals:
    """How many of how many were right, with 95% intervals, which it returns."""
    total = len(evaluation)
    right = int((evaluation.predictions == evaluation.labels).sum())
    found = _intervals(evaluation.confusion)
    with st.container(horizontal=True, gap="medium"):
        _share("Test accuracy", evaluation.accuracy, found.accuracy, METHOD)
        st.metric("Right", f"{right:,} of {total:,}", width="content")
        st.metric("Wrong", f"{total - right:,}", width="content")
        if evaluation.loss is not None:
            st.metric("Test loss", f"{evaluation.loss:.3f}", width="content")
        _share(
            "Mean F1",
            evaluation.macro_f1,
            found.macro_f1,
            f"Mean of the classes' F1: a rare class counts as much as a common one. {METHOD}",
        )
    return found


def in_words(evaluation: Evaluation, found: Intervals) -> None:
    """What the numbers mean, in a few sentences."""
    st.subheader("In words", anchor=False)
    names = [words.plain(name) for name in evaluation.class_names]
    st.markdown(findings(evaluation.renamed(names), found.accuracy), width=900)


def _share(label: str, value: float, interval: Interval, help: str) -> None:
    """A share with its interval below it, in grey."""
    st.metric(
        label,
        words.percent(value),
        delta=interval.percent(),
        delta_color="off",
        delta_arrow="off",
        delta_description=f"{LEVEL:.0%} interval",
        width="content",
        help=help,
    )
