"""What a classifier got right and wrong, against scikit-learn and worked examples."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import sklearn.metrics

from cnnlab.analysis.metrics import (
    Evaluation,
    cell_indices,
    cell_words,
    confusion_matrix,
    normalise,
    worst_confusions,
)

NAMES = ("shirt", "coat", "bag")


def answers(predictions: list[int], classes: int = 3, confidence: float = 0.8) -> np.ndarray:
    """Probabilities whose largest is at each prediction."""
    rest = (1 - confidence) / (classes - 1)
    table = np.full((len(predictions), classes), rest, np.float32)
    table[np.arange(len(predictions)), predictions] = confidence
    return table


def evaluation(labels: list[int], predictions: list[int], names: tuple[str, ...] = NAMES) -> Evaluation:
    return Evaluation(answers(predictions, len(names)), np.array(labels, np.int64), names)


def test_rows_are_actual_and_columns_are_predicted() -> None:
    matrix = evaluation([0, 0, 0, 1, 2], [0, 1, 1, 1, 0]).confusion
    assert matrix.tolist() == [[1, 2, 0], [0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("seed", range(5))
def test_the_matrix_and_the_report_are_those_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, 300)
    probabilities = random.dirichlet(np.full(10, 0.3), 300).astype(np.float32)
    result = Evaluation(probabilities, labels, tuple("abcdefghij"))
    predictions = probabilities.argmax(axis=1)
    expected = sklearn.metrics.confusion_matrix(labels, predictions, labels=range(10))
    np.testing.assert_array_equal(result.confusion, expected)
    assert result.accuracy == pytest.approx(sklearn.metrics.accuracy_score(labels, predictions))
    assert result.macro_f1 == pytest.approx(
        sklearn.metrics.f1_score(labels, predictions, average="macro", labels=range(10), zero_division=0)
    )
    table = sklearn.metrics.classification_report(
        labels,
        predictions,
        labels=range(10),
        target_names=list("abcdefghij"),
        output_dict=True,
        zero_division=0,
    )
    for row in result.report:
        assert row.precision == pytest.approx(table[row.name]["precision"])
        assert row.recall == pytest.approx(table[row.name]["recall"])
        assert row.f1 == pytest.approx(table[row.name]["f1-score"])
        assert row.support == table[row.name]["support"]


def test_a_perfect_classifier() -> None:
    result = evaluation([0, 1, 1, 2], [0, 1, 1, 2])
    assert result.accuracy == 1
    assert [(row.precision, row.recall, row.f1) for row in result.report] == [(1, 1, 1)] * 3
    assert worst_confusions(result.confusion) == []


def test_a_constant_classifier_has_zero_precision_where_it_never_answers() -> None:
    result = evaluation([0, 0, 1, 2], [1, 1, 1, 1])
    assert result.accuracy == 0.25
    assert [row.precision for row in result.report] == [0, 0.25, 0]
    assert [row.recall for row in result.report] == [0, 1, 0]
    assert [row.predicted for row in result.report] == [0, 4, 0]


def test_a_class_without_images_has_zero_recall_and_no_support() -> None:
    row = evaluation([0, 1], [0, 2]).report[2]
    assert (row.recall, row.support, row.predicted) == (0, 0, 1)


def test_a_single_class() -> None:
    result = Evaluation(np.ones((3, 1), np.float32), np.zeros(3, np.int64), ("only",))
    assert result.confusion.tolist() == [[3]]
    assert result.report[0].f1 == 1


def test_other_names_change_nothing_but_the_names() -> None:
    before = evaluation([0, 1, 2, 2], [0, 1, 1, 2])
    names = ("one", "two", "three")
    after = before.renamed(names)
    assert after.class_names == names
    assert [row.name for row in after.report] == list(names)
    assert after.report == dataclasses.replace(before, class_names=names).report
    assert after.confusion.tolist() == before.confusion.tolist()


def test_no_images_at_all() -> None:
    result = evaluation([], [])
    assert np.isnan(result.accuracy)
    assert result.confusion.sum() == 0
    assert [row.support for row in result.report] == [0, 0, 0]


def test_shares_of_rows_are_recall_and_of_columns_precision() -> None:
    result = evaluation([0, 0, 0, 1, 2, 2], [0, 1, 1, 1, 0, 2])
    recall = np.diag(normalise(result.confusion, "rows"))
    precision = np.diag(normalise(result.confusion, "columns"))
    assert recall.tolist() == [row.recall for row in result.report]
    assert precision.tolist() == [row.precision for row in result.report]


def test_an_empty_row_stays_zero() -> None:
    shares = normalise(np.array([[0, 0], [1, 3]]), "rows")
    assert shares.tolist() == [[0, 0], [0.25, 0.75]]


def test_counts_stay_counts_and_an_unknown_scale_is_refused() -> None:
    assert normalise(np.array([[2]]), "counts").tolist() == [[2]]
    with pytest.raises(
        ValueError, match=r"expected one of \('counts', 'rows', 'columns'\)\. Received 'share'"
    ):
        normalise(np.array([[2]]), "share")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ((0, 1), "17 of 60 images of 'shirt' were called 'coat'"),
        ((0, 0), "43 of 60 images of 'shirt' were rightly called 'shirt'"),
        ((1, 0), "1 of 1,200 images of 'coat' was called 'shirt'"),
        ((2, 1), "There are no images of 'bag'"),
    ],
)
def test_a_cell_in_words(cell: tuple[int, int], words: str) -> None:
    matrix = np.array([[43, 17, 0], [1, 1199, 0], [0, 0, 0]])
    assert cell_words(matrix, NAMES, *cell) == words


def test_the_images_of_a_cell_come_most_confident_first() -> None:
    table = answers([1, 1, 0, 1])
    table[3] = [0.02, 0.97, 0.01]
    result = Evaluation(table, np.array([0, 0, 0, 0]), NAMES)
    assert cell_indices(result, 0, 1).tolist() == [3, 0, 1]
    assert cell_indices(result, 2, 1).tolist() == []


def test_every_image_is_in_exactly_one_cell() -> None:
    random = np.random.default_rng(0)
    result = evaluation(random.integers(0, 3, 90).tolist(), random.integers(0, 3, 90).tolist())
    cells = [cell_indices(result, i, j) for i in range(3) for j in range(3)]
    assert sorted(np.concatenate(cells).tolist()) == list(range(90))
    assert [len(cell) for cell in cells] == result.confusion.ravel().tolist()


def test_the_worst_confusions_leave_the_diagonal_out() -> None:
    matrix = np.array([[90, 3, 0], [7, 50, 7], [0, 0, 99]])
    assert worst_confusions(matrix, 2) == [(1, 0, 7), (1, 2, 7)]
    assert len(worst_confusions(matrix, 9)) == 3


def test_the_top_classes_of_an_image() -> None:
    result = Evaluation(np.array([[0.2, 0.7, 0.1]], np.float32), np.array([0]), NAMES)
    assert [name for name, _ in result.top(0, 2)] == ["coat", "shirt"]
    assert result.top(0, 1)[0][1] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        (
            np.ones((2, 2), np.float32),
            [0, 1],
            r"expected probabilities of shape \(n, 3\).*Received shape \(2, 2\)",
        ),
        (np.ones((2, 3), np.float32), [0], r"one label for each of 2 rows.*Received shape \(1,\)"),
        (np.ones((2, 3), np.float32), [0, 3], r"expected labels from 0 to 2\. Received 0 to 3"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    probabilities: np.ndarray, labels: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Evaluation(probabilities, np.array(labels), NAMES)


def test_a_matrix_of_given_size_even_for_unseen_classes() -> None:
    assert confusion_matrix(np.array([0]), np.array([0]), 4).shape == (4, 4)
