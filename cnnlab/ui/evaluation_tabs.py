"""The rest of the Evaluate page, a tab at a time: classes, confident mistakes, curves, calibration, a map.

Only the tab that is open is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from cnnlab import api
from cnnlab.analysis.calibration import BINS, calibration, calibration_words
from cnnlab.analysis.metrics import Evaluation, confident_mistakes
from cnnlab.analysis.rankings import Ranking, rankings
from cnnlab.datasets import Dataset
from cnnlab.figures.calibration import reliability
from cnnlab.figures.classes import class_report, describe_class_report
from cnnlab.figures.rankings import Curve, area, describe_rankings, ranking_curves
from cnnlab.figures.theme import CONFIG
from cnnlab.ui import confusion_panel, frame, map_panel, navigation, words
from cnnlab.ui.components.images import images

_SHOWN_FIRST = 3
"""Classes in colour at first: those with the smallest area, where there is something to see."""
_MOST_PILLS = 20
_CURVES: dict[Curve, str] = {"precision–recall": "w-precision-recall", "ROC": "w-roc"}


@frame.fragment()
def tabs(run: api.Run, step: int, evaluation: Evaluation, data: Dataset) -> None:
    """Draw the tabs; a fragment of their own, so that a change of tab leaves the matrix alone.

    Args:
        run: the run that was evaluated.
        step: of its weights.
        evaluation: its answers to the test set.
        data: the data set with the split of the run.
    """
    titles = ("Each class", "Confident mistakes", "Precision–recall and ROC", "Calibration", "Map")
    classes, mistakes, curves, sureness, plane = st.tabs(titles, key="w-evaluate-tabs", on_change="rerun")
    if classes.open:
        with classes:
            _classes(run.id, step, evaluation)
    elif mistakes.open:
        with mistakes:
            _mistakes(run, evaluation, data)
    elif curves.open:
        with curves:
            _curves(run.id, step, evaluation)
    elif sureness.open:
        with sureness:
            _calibration(evaluation)
    else:
        with plane:
            map_panel.draw(run, step, evaluation, data)


def _classes(run_id: str, step: int, evaluation: Evaluation) -> None:
    """Precision, recall and F1 of each class, as numbers and as bars."""
    said = describe_class_report(evaluation.report)
    table, bars = st.columns([6, 5], gap="large")
    with table:
        st.dataframe(
            [
                {
                    "Class": row.name,
                    "Precision": 100 * row.precision,
                    "Recall": 100 * row.recall,
                    "F1": 100 * row.f1,
                    "Images": row.support,
                    "Called so": row.predicted,
                }
                for row in evaluation.report
            ],
            hide_index=True,
            height="content",
            column_config={
                "Precision": st.column_config.NumberColumn(
                    format="%.1f%%", help="Of the images called this class, the share that are of it."
                ),
                "Recall": st.column_config.NumberColumn(
                    format="%.1f%%", help="Of the images of this class, the share that were called so."
                ),
                "F1": st.column_config.NumberColumn(
                    format="%.1f%%", help="Harmonic mean of precision and recall."
                ),
            },
            alt=said,
        )
    with bars:
        st.plotly_chart(
            _bars(run_id, step, evaluation.class_names, evaluation), config=CONFIG, alt=said, key="w-report"
        )


@st.cache_resource(max_entries=64, show_spinner=False)
def _bars(run_id: str, step: int, names: tuple[str, ...], _evaluation: Evaluation) -> go.Figure:
    """The bars of a run's weights, which never change. As a resource: a copy takes as long as another."""
    return class_report(_evaluation.report)


def _mistakes(run: api.Run, evaluation: Evaluation, data: Dataset) -> None:
    """The wrong answers that the network was surest of; a click opens the image in Inspect."""
    chosen = confident_mistakes(evaluation)
    if not len(chosen):
        st.success("No test image is called by a wrong name.", icon=":material/check_circle:")
        return
    st.caption(
        "Called by a wrong name, the surest answer first: a strange image, a wrong label, or something that "
        "the network has learnt wrongly. Click one to see what it looks at."
    )
    clicked = images(
        confusion_panel.pictures(evaluation, data, chosen),
        key="w-confident-mistakes",
        label="Most confident mistakes",
        action="Open in Inspect",
    )
    if clicked is not None:
        navigation.go("inspect", run=run.id, image=clicked)


def _curves(run_id: str, step: int, evaluation: Evaluation) -> None:
    """Precision–recall and ROC of every class, a few of them in colour."""
    found = _rankings(run_id, step, evaluation.class_names, evaluation)
    shown = _in_colour(found)
    for column, (curve, key) in zip(st.columns(2, gap="large"), _CURVES.items(), strict=True):
        with column:
            st.plotly_chart(
                ranking_curves(found, curve, shown),
                config=CONFIG,
                alt=describe_rankings(found, curve),
                key=key,
            )
            st.caption(words.plain(describe_rankings(found, curve)))
    with st.expander("Areas of all classes"):
        st.dataframe(_areas(found), hide_index=True, height="content", alt="Areas under the curves")


@st.cache_data(max_entries=16, show_spinner=False)
def _rankings(run_id: str, step: int, names: tuple[str, ...], _evaluation: Evaluation) -> tuple[Ranking, ...]:
    """The curves of a run's weights, which never change: a choice of classes only colours them."""
    return rankings(_evaluation)


def _in_colour(found: Sequence[Ranking]) -> list[int]:
    """The classes to draw in colour, as buttons where they are few."""
    label, options, key = "Classes in colour", range(len(found)), "w-curve-classes"
    if len(found) > _MOST_PILLS:
        return st.multiselect(
            label, options, default=_worst(found), format_func=lambda k: found[k].name, key=key
        )
    return st.pills(
        label,
        options,
        selection_mode="multi",
        default=_worst(found),
        format_func=lambda k: words.plain(found[k].name),
        key=key,
        wrap=True,
    )


def _worst(found: Sequence[Ranking]) -> list[int]:
    areas = np.array([each.average_precision for each in found])
    return sorted(int(k) for k in np.argsort(areas, kind="stable")[:_SHOWN_FIRST] if not np.isnan(areas[k]))


def _areas(found: Sequence[Ranking]) -> list[dict[str, Any]]:
    def shown(value: float) -> float | None:
        return None if np.isnan(value) else round(value, 4)

    return [
        {
            "Class": each.name,
            "Images": each.support,
            "Average precision": shown(area(each, "precision–recall")),
            "Area under ROC": shown(area(each, "ROC")),
        }
        for each in found
    ]


def _calibration(evaluation: Evaluation) -> None:
    """How often answers of each confidence are right."""
    found = calibration(evaluation)
    chart, text = st.columns([7, 4], gap="large")
    with chart:
        st.plotly_chart(
            reliability(found),
            config=CONFIG,
            alt=f"Reliability diagram. {calibration_words(found)}",
            key="w-reliability",
        )
    with text:
        st.metric("Expected calibration error", f"{found.error:.1%}")
        st.markdown(calibration_words(found))
        st.caption(
            f"Answers are put into {BINS} bins by the probability of the predicted class. In a calibrated "
            "network each blue bar ends on the dashed line: of the answers that are 80% sure, 80% are right. "
            "The error is the mean gap, weighed by the answers in each bin (Guo et al., 2017)."
        )
