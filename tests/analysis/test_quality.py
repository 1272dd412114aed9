"""Intervals, calibration, ranking curves and the order by confusion, against scikit-learn and examples."""

from __future__ import annotations

import time

import numpy as np
import pytest
import sklearn.metrics

from cnnlab.analysis.bootstrap import intervals
from cnnlab.analysis.calibration import calibration, calibration_words
from cnnlab.analysis.metrics import Evaluation, confident_mistakes
from cnnlab.analysis.ordering import by_confusion, in_turn
from cnnlab.analysis.rankings import POINTS, mean_of, rankings

NAMES = tuple("abcdefghij")


def drawn(seed: int, images: int = 400, classes: int = 10) -> Evaluation:
    """Answers that are right about as often as they are sure."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(classes, 0.3), images).astype(np.float32)
    labels = np.array([random.choice(classes, p=row / row.sum()) for row in probabilities.astype(float)])
    return Evaluation(probabilities, labels, NAMES[:classes])


def two(sure: list[float], right: list[bool]) -> Evaluation:
    """Two classes, the first always answered, with these confidences."""
    table = np.array([[value, 1 - value] for value in sure], np.float32)
    return Evaluation(table, np.array([0 if each else 1 for each in right]), ("yes", "no"))


class TestBootstrap:
    def test_the_interval_is_that_of_drawing_the_images_themselves(self) -> None:
        result = drawn(0)
        random = np.random.default_rng(1)
        right = (result.predictions == result.labels)[random.integers(0, 400, (4000, 400))].mean(axis=1)
        low, high = np.percentile(right, [2.5, 97.5])
        found = intervals(result.confusion).accuracy
        assert (found.low, found.high) == (pytest.approx(low, abs=0.005), pytest.approx(high, abs=0.005))
        assert found.low < result.accuracy < found.high

    def test_f1_of_every_draw_is_that_of_scikit_learn(self) -> None:
        result = drawn(1, images=60, classes=4)
        random = np.random.default_rng(2)
        f1s = []
        for _ in range(1500):
            chosen = random.integers(0, 60, 60)
            f1s.append(
                sklearn.metrics.f1_score(
                    result.labels[chosen],
                    result.predictions[chosen],
                    average="macro",
                    labels=range(4),
                    zero_division=0,
                )
            )
        low, high = np.percentile(f1s, [2.5, 97.5])
        found = intervals(result.confusion, resamples=4000).macro_f1
        assert (found.low, found.high) == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))

    def test_the_same_matrix_gives_the_same_interval(self) -> None:
        matrix = drawn(3).confusion
        assert intervals(matrix) == intervals(matrix.copy())

    def test_without_mistakes_it_has_no_width_and_without_images_no_ends(self) -> None:
        perfect = intervals(np.diag([5, 7])).accuracy
        assert (perfect.low, perfect.high) == (1, 1)
        assert perfect.percent() == "100.0% to 100.0%"
        assert np.isnan(intervals(np.zeros((2, 2), np.int64)).accuracy.low)

    def test_a_hundred_classes_take_less_than_seconds(self) -> None:
        matrix = np.random.default_rng(0).integers(0, 3, (100, 100)) + np.diag(np.full(100, 60))
        begin = time.perf_counter()
        intervals(matrix)
        assert time.perf_counter() - begin < 5


class TestCalibration:
    def test_a_worked_example(self) -> None:
        # Bins of a tenth: (0.5, 0.6] holds two answers, one right; (0.9, 1] holds two, both right.
        found = calibration(two([0.55, 0.59, 0.95, 1.0], [True, False, True, True]), bins=10)
        assert found.counts.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 2]
        assert found.confidence[5] == pytest.approx(0.57)
        assert found.accuracy[5] == 0.5
        assert found.error == pytest.approx((2 * 0.07 + 2 * 0.025) / 4, abs=1e-6)
        assert np.isnan(found.accuracy[0])

    @pytest.mark.parametrize("bins", [10, 15])
    def test_the_bins_are_those_of_scikit_learn(self, bins: int) -> None:
        from sklearn.calibration import calibration_curve

        result = drawn(4)
        found = calibration(result, bins)
        right = result.predictions == result.labels
        accuracy, confidence = calibration_curve(right, result.confidences, n_bins=bins)
        held = found.counts > 0
        np.testing.assert_allclose(found.accuracy[held], accuracy)
        np.testing.assert_allclose(found.confidence[held], confidence, rtol=1e-6)
        expected = (np.abs(accuracy - confidence) * found.counts[held]).sum() / 400
        assert found.error == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("sure", "right", "verdict"),
        [
            ([0.99] * 4, [True, True, False, False], "too sure by 49.0 points"),
            ([0.6] * 4, [True] * 4, "too modest by 40.0 points"),
            ([0.75] * 4, [True, True, True, False], "on the whole as sure as it is right"),
        ],
    )
    def test_in_words(self, sure: list[float], right: list[bool], verdict: str) -> None:
        assert verdict in calibration_words(calibration(two(sure, right)))

    def test_an_answer_without_a_doubt_has_its_bin_and_no_images_none(self) -> None:
        assert calibration(two([1.0], [True])).counts[-1] == 1
        assert calibration(two([1.0], [True])).error == 0
        empty = Evaluation(np.zeros((0, 2), np.float32), np.zeros(0, np.int64), ("a", "b"))
        assert calibration_words(calibration(empty)).startswith("There are no images")


class TestRankings:
    def test_areas_are_those_of_scikit_learn(self) -> None:
        result = drawn(5)
        one_hot = np.eye(10)[result.labels]
        found = rankings(result)
        expected = sklearn.metrics.average_precision_score(one_hot, result.probabilities, average=None)
        assert [each.average_precision for each in found] == pytest.approx(list(expected))
        areas = sklearn.metrics.roc_auc_score(one_hot, result.probabilities, average=None)
        assert [each.auc for each in found] == pytest.approx(list(areas))
        assert mean_of([each.auc for each in found]) == pytest.approx(areas.mean())

    def test_curves_run_from_end_to_end(self) -> None:
        for each in rankings(drawn(6)):
            assert (each.recall[0], each.recall[-1]) == (0, 1)
            assert (np.diff(each.recall) >= 0).all()
            assert (each.false_positives[0], each.true_positives[0]) == (0, 0)
            assert (each.false_positives[-1], each.true_positives[-1]) == (1, 1)

    def test_many_images_make_short_curves_of_the_same_area(self) -> None:
        random = np.random.default_rng(7)
        score = random.random(20_000)
        table = np.stack([score, 1 - score], axis=1).astype(np.float32)
        labels = (random.random(20_000) > score).astype(np.int64)
        for each in rankings(Evaluation(table, labels, ("a", "b"))):
            assert len(each.recall) <= POINTS
            assert len(each.false_positives) <= POINTS
            assert np.trapezoid(each.true_positives, each.false_positives) == pytest.approx(
                each.auc, abs=2e-3
            )

    def test_a_perfect_classifier_has_areas_of_one(self) -> None:
        found = rankings(two([0.9, 0.9, 0.1], [True, True, False]))
        assert [(each.average_precision, each.auc) for each in found] == [(1, 1), (1, 1)]

    def test_a_class_without_images_has_no_curve(self) -> None:
        first, second = rankings(two([0.9, 0.8], [True, True]))
        assert first.average_precision == 1
        assert np.isnan(first.auc)
        assert len(second.recall) == len(second.false_positives) == 0
        assert np.isnan(second.average_precision)
        assert np.isnan(mean_of([second.auc]))


class TestOrder:
    def test_confused_classes_become_neighbours(self) -> None:
        matrix = np.diag(np.full(6, 50))
        for i, j in ((0, 3), (3, 5), (1, 4)):
            matrix[i, j] = matrix[j, i] = 10
        order = by_confusion(matrix).tolist()
        assert sorted(order) == list(range(6))
        place = {k: order.index(k) for k in order}
        assert abs(place[0] - place[3]) == abs(place[3] - place[5]) == abs(place[1] - place[4]) == 1
        assert place[0] < place[5]

    @pytest.mark.parametrize(
        "matrix", [np.diag([3, 4, 5]), np.array([[1, 2], [3, 4]]), np.zeros((4, 4), int), np.array([[7]])]
    )
    def test_without_confusion_the_order_stays(self, matrix: np.ndarray) -> None:
        assert by_confusion(matrix).tolist() == list(range(len(matrix)))

    def test_a_class_without_images_is_no_obstacle(self) -> None:
        matrix = np.array([[5, 2, 0, 0], [2, 5, 0, 0], [0, 0, 0, 0], [0, 1, 0, 5]])
        assert sorted(by_confusion(matrix).tolist()) == [0, 1, 2, 3]


def test_the_most_confident_mistakes_come_first() -> None:
    result = two([0.9, 0.7, 0.99, 0.8], [False, False, True, False])
    assert confident_mistakes(result).tolist() == [0, 3, 1]
    assert confident_mistakes(result, 1).tolist() == [0]
    assert confident_mistakes(two([0.9], [True])).tolist() == []


@pytest.mark.parametrize("start", range(5))
def test_in_turn_comes_to_every_candidate_before_one_again(start: int) -> None:
    candidates = np.array([2, 3, 5, 7, 11])
    seen = [int(candidates[start])]
    for _ in range(4):
        seen.append(in_turn(candidates, seen[-1]))
    assert sorted(seen) == candidates.tolist()
    assert in_turn(candidates, seen[-1]) == seen[0]


def test_in_turn_leads_from_elsewhere_to_a_candidate_and_stays_where_there_is_none() -> None:
    assert in_turn(np.array([4, 9]), 100) in (4, 9)
    assert in_turn(np.array([], np.int64), 100) == 100
