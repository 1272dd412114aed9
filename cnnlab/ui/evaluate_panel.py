"""The Evaluate page's figures: the headline and what each class got."""

from __future__ import annotations

import streamlit as st

from cnnlab import api
from cnnlab.analysis.metrics import Evaluation
from cnnlab.errors import CNNLabError
from cnnlab.figures.classes import class_report, describe_class_report
from cnnlab.figures.theme import CONFIG
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


def headline(evaluation: Evaluation) -> None:
    """How many of how many were right, and the loss."""
    right = round(evaluation.accuracy * len(evaluation))
    with st.container(horizontal=True, gap="large"):
        st.metric("Test accuracy", words.percent(evaluation.accuracy), width="content")
        st.metric("Right", f"{right:,} of {len(evaluation):,}", width="content")
        st.metric("Wrong", f"{len(evaluation) - right:,}", width="content")
        if evaluation.loss is not None:
            st.metric("Test loss", f"{evaluation.loss:.3f}", width="content")
        st.metric(
            "Mean F1",
            words.percent(evaluation.macro_f1),
            width="content",
            help="Mean of the classes' F1: a rare class counts as much as a common one.",
        )


def classes(evaluation: Evaluation) -> None:
    """Precision, recall and F1 of each class, as numbers and as bars."""
    st.subheader("Each class", anchor=False)
    table, bars = st.columns([6, 5], gap="large")
    with table:
        st.dataframe(
            [
                {
                    "Class": row.name,
                    "Precision": row.precision,
                    "Recall": row.recall,
                    "F1": row.f1,
                    "Images": row.support,
                    "Called so": row.predicted,
                }
                for row in evaluation.report
            ],
            hide_index=True,
            height="content",
            column_config={
                "Precision": st.column_config.NumberColumn(
                    format="percent", help="Of the images called this class, the share that are of it."
                ),
                "Recall": st.column_config.NumberColumn(
                    format="percent", help="Of the images of this class, the share that were called so."
                ),
                "F1": st.column_config.NumberColumn(
                    format="percent", help="Harmonic mean of precision and recall."
                ),
            },
            alt=describe_class_report(evaluation.report),
        )
    with bars:
        st.plotly_chart(
            class_report(evaluation.report),
            config=CONFIG,
            alt=describe_class_report(evaluation.report),
            key="w-report",
        )
