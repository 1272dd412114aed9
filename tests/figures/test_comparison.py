"""Overlaid curves, accuracy against cost, matrices subtracted, two answers: the data of their figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from cnnlab.analysis.overlay import Line
from cnnlab.figures import theme
from cnnlab.figures.difference import describe_difference, difference
from cnnlab.figures.overlay import describe_overlay, measure_title, overlay
from cnnlab.figures.probabilities import two_answers
from cnnlab.figures.trade_off import describe_trade_off, trade_off

NAMES = ("shirt", "coat", "bag")
FIRST = np.array([[40, 20, 0], [5, 55, 0], [0, 0, 60]])
SECOND = np.array([[50, 10, 0], [5, 54, 1], [0, 0, 60]])
LINES = [Line(np.array([1.0, 2.0]), np.array([0.5, 0.75])), Line(np.zeros(0), np.zeros(0))]


def named(figure: go.Figure, name: str) -> Any:
    return next(each for each in figure.data if each.name == name)


def every_figure() -> list[go.Figure]:
    return [
        overlay(LINES, ["a", "b"], measure="val_accuracy", axis="epoch"),
        trade_off(np.array([1, 2]), np.array([0.5, 0.6]), ["a", "b"], [0, 1], cost="parameters"),
        difference(FIRST, SECOND, NAMES),
        two_answers([[0.1, 0.9, 0.0]] * 2, ["a", "b"], NAMES),
    ]


@pytest.mark.parametrize("index", range(4))
def test_every_figure_is_transparent_and_takes_its_text_colour_from_the_page(index: int) -> None:
    layout = every_figure()[index].layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.font.color == layout.yaxis.tickfont.color == theme.TEXT


class TestOverlay:
    def test_each_run_has_its_points_in_its_colour_and_an_empty_one_none(self) -> None:
        full = Line(np.array([1.0, 2.0]), np.array([0.25, 0.5]))
        figure = overlay([*LINES, full], ["a", "b", "c"], measure="accuracy", axis="epoch")
        assert [(each.name, list(each.y)) for each in figure.data] == [("a", [0.5, 0.75]), ("c", [0.25, 0.5])]
        assert [each.line.color for each in figure.data] == [theme.class_colour(0), theme.class_colour(2)]

    def test_a_flat_accuracy_has_an_axis_about_it_and_within_0_to_100_percent(self) -> None:
        flat = Line(np.array([1.0, 2.0]), np.array([0.09, 0.09]))
        for curve, expected in [
            (flat, (0.04, 0.14)),
            (Line(flat.x, np.array([0.01, 0.01])), (0.0, 0.06)),
            (Line(flat.x, np.array([1.0, 1.0])), (0.95, 1.0)),
            (Line(flat.x, np.array([0.2, 0.7])), (0.17, 0.73)),
            (Line(np.zeros(0), np.zeros(0)), (0.0, 1.0)),
        ]:
            axis = overlay([curve], ["a"], measure="val_accuracy", axis="epoch").layout.yaxis
            assert axis.range == pytest.approx(expected)
        assert overlay([flat], ["a"], measure="val_loss", axis="epoch").layout.yaxis.range is None

    def test_long_names_that_begin_alike_show_where_they_differ(self) -> None:
        long = "digits, learning rate 0.0000001 and nothing else changed, attempt "
        figure = overlay([LINES[0]] * 2, [f"{long}A", f"{long}B"], measure="loss", axis="epoch")
        assert [each.name for each in figure.data] == [
            "digits, learning r…attempt A",
            "digits, learning r…attempt B",
        ]
        assert f"{long}A" in figure.data[0].hovertemplate

    @pytest.mark.parametrize(
        ("axis", "title"), [("epoch", "epoch"), ("step", "step"), ("time", "seconds of training")]
    )
    def test_the_axis_says_what_it_counts(self, axis: Any, title: str) -> None:
        layout = overlay(LINES, ["a", "b"], measure="val_loss", axis=axis).layout
        assert layout.xaxis.title.text == title
        assert layout.yaxis.title.text == "validation loss"

    def test_in_words(self) -> None:
        assert describe_overlay(LINES, ["a", "b"], measure="val_accuracy") == (
            "Validation accuracy at the end: a 75.0%."
        )
        assert describe_overlay(LINES[1:], ["b"], measure="loss") == "No training loss yet."
        assert measure_title("val_precision") == "validation precision (Keras's)"


class TestTradeOff:
    def test_runs_on_the_front_are_filled_and_joined(self) -> None:
        costs, accuracies = np.array([300.0, 100.0, 200.0, np.nan]), np.array([0.9, 0.8, 0.7, 0.99])
        figure = trade_off(costs, accuracies, ["a", "b", "c", "d"], [1, 0], cost="parameters")
        front = named(figure, "Pareto front")
        assert (list(front.x), list(front.y)) == ([100, 300], [0.8, 0.9])
        assert [each.name for each in figure.data] == ["Pareto front", "a", "b", "c"]
        filled = [each.name for each in figure.data[1:] if each.marker.color != "rgba(0,0,0,0)"]
        assert filled == ["a", "b"]
        assert (list(named(figure, "c").x), list(named(figure, "c").y)) == ([200], [0.7])

    def test_runs_of_equal_cost_are_told_apart_in_the_legend(self) -> None:
        figure = trade_off(np.array([5, 5]), np.array([0.5, 0.5]), ["a", "b"], [0], cost="parameters")
        assert figure.layout.showlegend
        assert not named(figure, "Pareto front").showlegend
        assert {each.mode for each in figure.data[1:]} == {"markers"}, "names beside points may overlap"

    def test_costs_of_several_powers_of_ten_have_a_logarithmic_axis(self) -> None:
        wide = trade_off(np.array([1e3, 1e6]), np.array([0.5, 0.6]), ["a", "b"], [0, 1], cost="parameters")
        assert wide.layout.xaxis.type == "log"
        near = trade_off(np.array([1e3, 2e3]), np.array([0.5, 0.6]), ["a", "b"], [0, 1], cost="parameters")
        assert near.layout.xaxis.range[0] == 0

    def test_nothing_known_is_no_failure(self) -> None:
        nothing = np.array([np.nan, np.nan])
        assert trade_off(nothing, nothing, ["a", "b"], [], cost="seconds").to_json()
        assert describe_trade_off(["a"], [], cost="seconds").startswith("No run has both")
        assert describe_trade_off(["a", "b"], [1], cost="seconds").endswith("On the Pareto front: b.")


class TestDifference:
    def test_better_is_positive_and_worse_negative_about_zero(self) -> None:
        heat = difference(FIRST, SECOND, NAMES).data[0]
        gain = np.array(heat.z, float)
        # Ten shirts more are right, and ten fewer called coats: both are a gain; a coat less is a loss.
        assert gain.tolist() == [[10, 10, 0], [0, -1, -1], [0, 0, 0]]
        assert (heat.zmin, heat.zmax) == (-10, 10)

    def test_the_numbers_are_second_minus_first(self) -> None:
        figure = difference(FIRST, SECOND, NAMES)
        written = {
            (row, column): text
            for each in figure.data[1:]
            for row, column, text in zip(each.y, each.x, each.text, strict=True)
        }
        assert written == {(0, 0): "+10", (0, 1): "−10", (1, 1): "−1", (1, 2): "+1"}
        hovers = figure.data[0].customdata
        assert hovers[0][1] == "10 images fewer of 'shirt' called 'coat'"
        assert hovers[1][2] == "1 image more of 'coat' called 'bag'"
        assert hovers[2][2] == "No difference: 'bag' called 'bag'"

    def test_by_row_they_are_points(self) -> None:
        figure = difference(FIRST, SECOND, NAMES, scale="rows")
        assert np.array(figure.data[0].z, float)[0, 0] == pytest.approx(10 / 60)
        assert "+17" in [text for each in figure.data[1:] for text in each.text]
        assert figure.data[0].customdata[0][0] == "16.7 points more of 'shirt' called 'shirt'"

    def test_equal_matrices_are_all_zero(self) -> None:
        figure = difference(FIRST, FIRST, NAMES)
        assert not np.array(figure.data[0].z, float).any()
        assert figure.data[0].zmin == -figure.data[0].zmax
        assert describe_difference(FIRST, FIRST, NAMES).endswith("Each class is found equally often.")

    def test_in_words(self) -> None:
        assert describe_difference(FIRST, SECOND, NAMES) == (
            "Accuracy 86.1% against 91.1%. The greatest change is in 'shirt': 16.7 points more of its images "
            "are found."
        )


class TestTwoAnswers:
    def test_a_bar_a_model_and_class_the_likeliest_first(self) -> None:
        figure = two_answers([[0.7, 0.2, 0.1], [0.0, 0.05, 0.95]], ["one", "two"], NAMES, actual=0)
        assert [each.name for each in figure.data] == ["one", "two"]
        assert list(figure.layout.yaxis.ticktext) == ["bag", "shirt ✓", "coat"]
        assert list(figure.data[0].y) == list(figure.data[1].y) == list(figure.layout.yaxis.tickvals)
        assert list(figure.data[0].x) == [0.1, 0.7, 0.2]
        assert list(figure.data[1].x) == [0.95, 0.0, 0.05]
        assert [each.marker.color for each in figure.data] == [theme.class_colour(0), theme.class_colour(1)]
