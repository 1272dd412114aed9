"""Ranking curves, the reliability diagram and the sorted matrix: the data of their figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from cnnlab.analysis.calibration import calibration
from cnnlab.analysis.metrics import Evaluation
from cnnlab.analysis.palettes import BLUE, OKABE_ITO
from cnnlab.analysis.rankings import rankings
from cnnlab.figures import theme
from cnnlab.figures.calibration import reliability
from cnnlab.figures.rankings import Curve, describe_rankings, ranking_curves

NAMES = ("shirt", "coat", "bag")


def answers(seed: int = 0, images: int = 90) -> Evaluation:
    random = np.random.default_rng(seed)
    labels = np.arange(images) % 3
    table = random.dirichlet(np.full(3, 0.5), images) + 0.6 * np.eye(3)[labels]
    return Evaluation((table / table.sum(axis=1, keepdims=True)).astype(np.float32), labels, NAMES)


def named(figure: go.Figure, start: str) -> Any:
    return next(each for each in figure.data if each.name.startswith(start))


@pytest.mark.parametrize("curve", ["precision–recall", "ROC"])
class TestRankingCurves:
    def test_each_class_has_its_points_and_its_area(self, curve: Curve) -> None:
        found = rankings(answers())
        figure = ranking_curves(found, curve, [0, 2])
        for each in found:
            line = named(figure, each.name)
            x, y = (
                (each.recall, each.precision)
                if curve == "precision–recall"
                else (each.false_positives, each.true_positives)
            )
            assert (list(line.x), list(line.y)) == (x.tolist(), y.tolist())
            number = each.average_precision if curve == "precision–recall" else each.auc
            assert line.name == f"{each.name} · {number:.3f}"

    def test_chosen_classes_have_a_colour_each_and_the_others_are_grey(self, curve: Curve) -> None:
        both = ranking_curves(rankings(answers()), curve, [2, 0])
        assert [named(both, name).line.color for name in ("shirt", "bag")] == list(OKABE_ITO[:2])
        figure = ranking_curves(rankings(answers()), curve, [2])
        assert named(figure, "bag").line.color == OKABE_ITO[0]
        assert named(figure, "coat").line.color.startswith("rgba(127")
        assert [each.name[:3] for each in figure.data if each.showlegend] == ["bag"]
        assert figure.data[-1].name.startswith("bag")

    def test_in_words(self, curve: Curve) -> None:
        found = rankings(answers())
        areas = [each.auc if curve == "ROC" else each.average_precision for each in found]
        text = describe_rankings(found, curve)
        assert f"{np.mean(areas):.3f}; smallest: '{NAMES[int(np.argmin(areas))]}' ({min(areas):.3f})" in text

    def test_a_class_without_images_is_left_out(self, curve: Curve) -> None:
        one = Evaluation(np.array([[0.8, 0.2, 0.0]] * 3, np.float32), np.zeros(3, np.int64), NAMES)
        drawn = [each.name for each in ranking_curves(rankings(one), curve, [0, 1]).data]
        assert drawn == (["shirt · 1.000"] if curve == "precision–recall" else ["by chance"])
        if curve == "ROC":
            assert describe_rankings(rankings(one), curve).startswith("No ROC curve")


def test_the_area_under_the_drawn_steps_is_the_average_precision() -> None:
    each = rankings(answers())[0]
    # "vh": from one point first up or down, then right, so a step has the height of its later point.
    assert named(ranking_curves([each], "precision–recall", [0]), "shirt").line.shape == "vh"
    assert (np.diff(each.recall) * each.precision[1:]).sum() == pytest.approx(each.average_precision)


def test_bars_end_at_the_share_that_is_right_and_gaps_at_the_confidence() -> None:
    found = calibration(answers(1))
    figure = reliability(found)
    held = found.counts > 0
    right, gap, answered = named(figure, "right"), named(figure, "gap"), named(figure, "answers")
    np.testing.assert_allclose(right.y, found.accuracy[held])
    np.testing.assert_allclose(np.array(gap.base, float) + np.array(gap.y), found.confidence[held])
    assert list(answered.y) == found.counts[held].tolist()
    assert right.marker.color == BLUE
    assert list(named(figure, "as right").x) == list(named(figure, "as right").y) == [0, 1]


def test_the_new_figures_take_the_look_of_all_others() -> None:
    for figure in (ranking_curves(rankings(answers()), "ROC", [0]), reliability(calibration(answers()))):
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        assert figure.layout.font.color == figure.layout.xaxis.tickfont.color == theme.TEXT
