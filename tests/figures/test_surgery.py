"""What edits change: the answer in words, and each class's accuracy as bars."""

from __future__ import annotations

import numpy as np

from cnnlab.figures import theme
from cnnlab.figures.surgery import class_accuracy, describe_answer, describe_class_accuracy

NAMES = ("shirt", "coat", "bag")
BEFORE = np.array([0.75, 1.0, np.nan])
AFTER = np.array([0.5, 1.0, np.nan])


def test_an_answer_that_changes_is_said_with_both_probabilities() -> None:
    told = describe_answer(np.array([0.9, 0.1, 0]), np.array([0.3, 0.6, 0.1]), NAMES, actual=0)
    assert told == "The answer changes: 'shirt' (90.0%) → 'coat' (60.0%). It is 'shirt'."


def test_an_answer_that_stays_is_said_with_both_probabilities() -> None:
    told = describe_answer(np.array([0.9, 0.1, 0]), np.array([0.7, 0.2, 0.1]), NAMES)
    assert told == "The answer stays 'shirt': 90.0% → 70.0%."


def test_each_class_has_a_bar_before_and_one_after() -> None:
    figure = class_accuracy(BEFORE, AFTER, NAMES)
    assert [bar.name for bar in figure.data] == ["As trained", "Edited"]
    for bar, values in zip(figure.data, (BEFORE, AFTER), strict=True):
        np.testing.assert_array_equal(bar.x, values)
    assert list(figure.data[1].text) == ["50.0%", "100.0%", ""]
    assert list(figure.layout.yaxis.ticktext) == list(NAMES)
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.yaxis.tickfont.color == theme.TEXT


def test_of_many_classes_those_are_shown_that_change_most_in_their_order() -> None:
    before, after = np.full(50, 0.5), np.full(50, 0.5)
    after[[40, 3, 21]] = [0.1, 0.2, 0.9]
    figure = class_accuracy(before, after, [f"class {k}" for k in range(50)], limit=3)
    assert list(figure.layout.yaxis.ticktext) == ["class 3", "class 21", "class 40"]
    assert list(figure.data[1].x) == [0.2, 0.9, 0.1]


def test_long_names_that_begin_alike_stay_two_bars() -> None:
    figure = class_accuracy(np.ones(2), np.zeros(2), ["a very long name of one", "a very long name of two"])
    assert list(figure.data[0].y) == [0, 1]


def test_the_accuracy_in_words() -> None:
    assert describe_class_accuracy(BEFORE, AFTER, NAMES, overall=(0.875, 0.75)) == (
        "Test accuracy 87.5% → 75.0%. Most of all 'shirt': 75.0% → 50.0%."
    )
    assert describe_class_accuracy(BEFORE, BEFORE, NAMES, overall=(0.875, 0.875)) == (
        "Test accuracy 87.5% → 87.5%. No class changes."
    )
