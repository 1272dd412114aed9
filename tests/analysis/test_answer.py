"""An answer's rows, against worked examples."""

from __future__ import annotations

import numpy as np

from cnnlab.analysis.answer import describe_probabilities, percent, shares

NAMES = ("shirt", "coat", "bag")


def test_the_most_probable_is_first_and_the_actual_one_is_marked() -> None:
    rows = shares([0.1, 0.7, 0.2], NAMES, actual=2)
    assert [row.name for row in rows] == ["coat", "bag", "shirt"]
    assert [row.role for row in rows] == ["wrong", "right", "other"]
    assert [row.actual for row in rows] == [False, True, False]
    assert [row.percent for row in rows] == ["70.0%", "20.0%", "10.0%"]


def test_a_right_answer_has_no_wrong_row() -> None:
    assert [row.role for row in shares([0.1, 0.7, 0.2], NAMES, actual=1)] == ["right", "other", "other"]


def test_of_an_image_whose_class_nobody_knows_the_answer_counts_as_right() -> None:
    rows = shares([0.1, 0.7, 0.2], NAMES)
    assert [row.role for row in rows] == ["right", "other", "other"]
    assert not any(row.actual for row in rows)


def test_the_actual_class_is_among_those_shown() -> None:
    rows = shares(np.linspace(1, 0, 30), [f"class {k}" for k in range(30)], actual=29, limit=5)
    assert [row.name for row in rows] == ["class 0", "class 1", "class 2", "class 3", "class 29"]


def test_a_doubt_is_never_rounded_away() -> None:
    assert [percent(value) for value in (0.99999, 0.00001, 0.0, 1.0)] == [">99.9%", "<0.1%", "0.0%", "100%"]


def test_in_words() -> None:
    assert describe_probabilities([0.1, 0.7, 0.2], NAMES, actual=2) == (
        "The model says 'coat' (70.0%). It is 'bag' (20.0%)."
    )
    assert describe_probabilities([0.1, 0.7, 0.2], NAMES, actual=1).endswith("That is right.")
    assert describe_probabilities([0.1, 0.7, 0.2], NAMES) == "The model says 'coat' (70.0%)."
