"""An evaluation in words: each kind of predictor gets the sentences that its numbers deserve."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab.analysis.bootstrap import Interval
from cnnlab.analysis.findings import findings
from cnnlab.analysis.metrics import Evaluation

NAMES = ("shirt", "coat", "bag")


def answered(
    cells: dict[tuple[int, int], int],
    *,
    right: float = 0.9,
    wrong: float = 0.5,
    names: tuple[str, ...] = NAMES,
) -> Evaluation:
    """An evaluation with this many images in each (actual, predicted) cell, and these confidences."""
    labels = np.repeat([actual for actual, _ in cells], list(cells.values()))
    called = np.repeat([predicted for _, predicted in cells], list(cells.values()))
    sure = np.where(labels == called, right, wrong)
    table = np.repeat(((1 - sure) / max(1, len(names) - 1))[:, None], len(names), axis=1)
    table[np.arange(len(labels)), called] = sure
    return Evaluation(table.astype(np.float32), labels.astype(np.int64), names)


NORMAL = {(0, 0): 43, (0, 1): 17, (1, 0): 4, (1, 1): 56, (2, 1): 1, (2, 2): 59}


def test_a_normal_predictor_is_told_in_full() -> None:
    assert findings(answered(NORMAL), Interval(0.828, 0.922)) == (
        "158 of 180 test images are called by their own name: 87.8%, with another draw of test images "
        "82.8% to 92.2%. Always answering 'shirt' would be right in 33.3%. It finds 'bag' best (98.3% of its "
        "images) and 'shirt' worst (71.7%). Most often it confuses 'shirt' and 'coat': 21 of its 22 mistakes "
        "are between these two. On average it is 90.0% sure when it is right and 50.0% when it is wrong: a "
        "doubtful answer deserves a second look."
    )


def test_a_perfect_predictor_is_not_called_faultless() -> None:
    assert findings(answered({(0, 0): 100, (1, 1): 100, (2, 2): 100}, right=0.97), Interval(1, 1)) == (
        "All 300 test images are called by their own name. That does not make it faultless: up to 1.0% of "
        "new images could still go wrong (95% bound). Always answering 'shirt' would be right in 33.3%. "
        "It is 97.0% sure on average."
    )


def test_a_constant_predictor_has_learnt_nothing() -> None:
    assert findings(answered({(0, 1): 30, (1, 1): 50, (2, 1): 20})) == (
        "It calls every image 'coat', whatever it shows. Its accuracy of 50.0% is the share of that class "
        "among the test images: it has learnt nothing that tells the classes apart."
    )


def test_a_constant_predictor_on_one_class_shows_nothing() -> None:
    assert findings(answered({(1, 1): 12})) == (
        "It calls every image 'coat', and all 12 test images are of this class: they cannot show whether it "
        "tells classes apart."
    )


def test_test_images_of_one_class_say_nothing_about_the_others() -> None:
    text = findings(answered({(0, 0): 8, (0, 2): 2}))
    assert "All of them are of 'shirt', so the figures say nothing about the other classes." in text
    assert "worst" not in text


def test_equal_probabilities_everywhere_are_a_constant_answer() -> None:
    flat = Evaluation(np.full((6, 3), 1 / 3, np.float32), np.array([0, 0, 1, 1, 2, 2]), NAMES)
    assert findings(flat).startswith("It calls every image 'shirt', whatever it shows.")


def test_worse_than_the_most_frequent_class_is_said() -> None:
    text = findings(answered({(0, 0): 1, (0, 1): 7, (1, 0): 2}))
    assert "Always answering 'shirt' would be right as often or more often: in 80.0%." in text


def test_classes_that_are_never_answered_are_named() -> None:
    names = ("a", "b", "c", "d", "e", "f")
    cells = {(0, 0): 5, (1, 1): 5, (2, 0): 1, (3, 0): 1, (4, 1): 1, (5, 1): 1}
    assert "It never answers 'c', 'd', 'e' and 1 more." in findings(answered(cells, names=names))
    assert "It never answers 'bag'." in findings(answered({(0, 0): 5, (1, 1): 5, (2, 0): 1}))


def test_single_mistakes_are_no_habit() -> None:
    text = findings(answered({(0, 0): 9, (0, 1): 1, (1, 1): 9, (1, 2): 1, (2, 2): 10}))
    assert "No two classes are confused more than once." in text


def test_mistakes_as_sure_as_right_answers_are_said() -> None:
    text = findings(answered(NORMAL, right=0.9, wrong=0.85))
    assert text.endswith(
        "90.0% sure when it is right and 85.0% when it is wrong: how sure it is does not tell its mistakes."
    )


def test_nothing_right_at_all() -> None:
    text = findings(answered({(0, 1): 3, (1, 0): 3}, wrong=0.8))
    assert text.startswith("0 of 6 test images")
    assert text.endswith("None of its answers is right, and it is 80.0% sure of them on average.")


@pytest.mark.parametrize("names", [NAMES, ("only",)])
def test_no_images_and_a_single_class(names: tuple[str, ...]) -> None:
    nothing = Evaluation(np.zeros((0, len(names)), np.float32), np.zeros(0, np.int64), names)
    assert findings(nothing) == "There are no test images, so there is nothing to say."
    one = findings(answered({(0, 0): 3}, right=1.0, names=("only",)))
    assert one.startswith("All 3 test images are called by their own name.")
