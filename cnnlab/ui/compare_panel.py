"""The Compare page: what differs, the curves over one another, and in tabs cost, matrices and one image."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from cnnlab.analysis.differences import Difference, design_differences, result_differences
from cnnlab.analysis.overlay import Axis, line, measured, pareto_front
from cnnlab.figures.overlay import describe_overlay, measure_title, overlay
from cnnlab.figures.theme import CONFIG
from cnnlab.figures.trade_off import describe_trade_off, trade_off
from cnnlab.runs.history import History
from cnnlab.ui import compare_two_panel, frame, run_view, words
from cnnlab.ui.compare_runs import Compared

_AXES: dict[Axis, str] = {"epoch": "Epochs", "step": "Steps", "time": "Time"}
_GROUPS = ("Result", "Data", "Network", "Training")
"""The groups of the table, from the top."""
_SIDE_BY_SIDE = 3
"""Up to so many runs the table leaves room for the curves beside it."""

_RESULTS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "status": ("Status", lambda status: run_view.STATUS[status][0]),
    "test_accuracy": ("Test accuracy", words.percent),
    "test_loss": ("Test loss", "{:.3f}".format),
    "val_accuracy": ("Validation accuracy", words.percent),
    "epochs_done": ("Epochs done", "{:g}".format),
    "seconds": ("Training time", words.duration),
}
_SIZES: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "parameters": ("Parameters", "{:,}".format),
    "macs": ("Multiply–accumulates", words.count),
}


def panel(chosen: Sequence[Compared]) -> None:
    """Draw the page for two runs or more."""
    histories = [each.run.curve() for each in chosen]
    if len(chosen) <= _SIDE_BY_SIDE:
        table, curves = st.columns([5, 6], gap="large")
    else:
        table, curves = st.container(), st.container()
    with table:
        _differences(chosen, histories)
    with curves:
        _curves(chosen, histories)
    _tabs(chosen)


def _differences(chosen: Sequence[Compared], histories: Sequence[History]) -> None:
    """A row a thing that differs, a column a run."""
    st.subheader("What differs", anchor=False)
    results = [_so_far(history) | _result(each) for each, history in zip(chosen, histories, strict=True)]
    rows = result_differences(results, _RESULTS)
    rows += [_with_titles(row, chosen) for row in design_differences([each.design for each in chosen])]
    rows += result_differences(results, _SIZES, "Network")
    rows.sort(key=lambda row: _GROUPS.index(row.group))
    if not rows:
        st.info("Nothing: these runs have the same layers, settings and results.", icon=":material/equal:")
        return
    st.table(
        [_table_row(row, before, chosen) for before, row in zip([None, *rows], rows, strict=False)],
        hide_index=True,
        border="horizontal",
        alt=f"What differs between {', '.join(each.name for each in chosen)}",
    )


def _with_titles(row: Difference, chosen: Sequence[Compared]) -> Difference:
    """Data sets by their titles: own images are named after an id."""
    if row.group != "Data":
        return row
    return dataclasses.replace(row, values=tuple(words.plain(each.data_title) for each in chosen))


def _table_row(row: Difference, before: Difference | None, chosen: Sequence[Compared]) -> dict[str, str]:
    """A row of the table, which names its group where that begins."""
    group = "" if before is not None and before.group == row.group else f"**{row.group}**"
    values = {words.plain(each.name): value for each, value in zip(chosen, row.values, strict=True)}
    return {"": group, "What": row.what, **values}


def _so_far(history: History) -> dict[str, Any]:
    """What a training has reached up to now; nothing where it is through, as its result says that."""
    if not history.epochs or history.epochs[-1]["epoch"] >= history.total_epochs:
        return {}
    return {"val_accuracy": history.epochs[-1]["val_accuracy"]}


def _result(each: Compared) -> dict[str, Any]:
    row, trace = each.run.row, each.design.architecture.trace()
    known = {**row.result, "parameters": trace.total_parameters, "macs": trace.total_macs}
    if known.get("epochs_done") == each.design.training.epochs:
        del known["epochs_done"]  # as many as were meant: no result of its own
    return {**known, "status": row.status}


@frame.fragment()
def _curves(chosen: Sequence[Compared], histories: Sequence[History]) -> None:
    """One measure of all runs, by epochs, steps or time."""
    st.subheader("Curves", anchor=False)
    offered = measured(histories)
    if not offered:
        st.info("None of these runs has finished an epoch yet.", icon=":material/hourglass_empty:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        measure = st.selectbox(
            "Measure",
            offered,
            key="w-compare-measure",
            format_func=lambda name: measure_title(name).capitalize(),
            label_visibility="collapsed",
            width=260,
        )
        axis: Axis = st.segmented_control(
            "Along",
            list(_AXES),
            default="epoch",
            required=True,
            key="w-compare-axis",
            format_func=_AXES.__getitem__,
            label_visibility="collapsed",
        )
    lines = [line(history, measure, axis) for history in histories]
    names = [each.name for each in chosen]
    st.plotly_chart(
        overlay(lines, names, measure=measure, axis=axis),
        config=CONFIG,
        alt=describe_overlay(lines, names, measure=measure),
        key="w-compare-curves",
    )
    missing = [name for name, curve in zip(names, lines, strict=True) if not len(curve)]
    if missing:
        st.caption(f"Without {measure_title(measure)}: {words.plain(', '.join(missing))}.")
    if axis == "time":
        st.caption("Seconds of training and validation; pauses do not count.")


@frame.fragment()
def _tabs(chosen: Sequence[Compared]) -> None:
    """What is computed only when it is looked at."""
    titles = ("Accuracy and cost", "Two matrices", "One image")
    cost, matrices, image = st.tabs(titles, key="w-compare-tabs", on_change="rerun")
    if cost.open:
        with cost:
            _cost(chosen)
    elif matrices.open:
        with matrices:
            compare_two_panel.matrices(chosen)
    else:
        with image:
            compare_two_panel.image(chosen)


def _cost(chosen: Sequence[Compared]) -> None:
    """Test accuracy against parameters and against training time."""
    data = {each.design.dataset: words.plain(each.data_title) for each in chosen}
    if len(data) > 1:
        st.info(
            f"These runs learnt different data sets ({', '.join(data.values())}): their accuracies are no "
            "measure of each other. Choose runs of one data set.",
            icon=":material/compare_arrows:",
        )
        return
    results = [_result(each) for each in chosen]
    names = [each.name for each in chosen]
    waiting = [each for each in chosen if not each.has_result]
    if waiting:
        st.info(
            "  \n".join(compare_two_panel.no_result(each) for each in waiting),
            icon=":material/hourglass_empty:",
        )
    accuracies = np.array([result.get("test_accuracy") for result in results], np.float64)
    for column, (name, title) in zip(
        st.columns(2, gap="large"),
        {"parameters": "parameters", "seconds": "seconds of training"}.items(),
        strict=True,
    ):
        costs = np.array([result.get(name) for result in results], np.float64)
        front = pareto_front(costs, accuracies)
        with column:
            st.plotly_chart(
                trade_off(costs, accuracies, names, front, cost=title),
                config=CONFIG,
                alt=describe_trade_off(names, front, cost=title),
                key=f"w-compare-{name}",
            )
    st.caption(
        "Filled: on the Pareto front. No other of these runs is at least as accurate for as little, or less."
    )
