"""The cells of a confusion matrix and its words, against worked examples."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab.analysis.confusion import NUMBERS_UP_TO, confusion_cells, describe_confusion
from cnnlab.analysis.metrics import Scale

NAMES = ("shirt", "coat", "bag")
MATRIX = np.array([[43, 17, 0], [4, 56, 0], [1, 0, 59]])


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("counts", (("43", "17", ""), ("4", "56", ""), ("1", "", "59"))),
        ("rows", (("72", "28", ""), ("7", "93", ""), ("2", "", "98"))),
        ("columns", (("90", "23", ""), ("8", "77", ""), ("2", "", "100"))),
    ],
)
def test_numbers_say_what_the_scale_asks(scale: Scale, expected: tuple[tuple[str, ...], ...]) -> None:
    assert confusion_cells(MATRIX, scale).numbers == expected


def test_a_share_above_zero_is_never_written_as_zero() -> None:
    assert confusion_cells(np.array([[999, 1], [0, 5]]), "rows").numbers == (("100", "<1"), ("", "100"))


def test_many_images_are_written_in_thousands() -> None:
    assert confusion_cells(np.array([[12_345, 1_234], [0, 5]])).numbers[0] == ("12k", "1,234")


def test_right_and_wrong_answers_have_a_scale_each() -> None:
    darkness = confusion_cells(MATRIX).darkness
    assert darkness[2, 2] == darkness[0, 1] == 1
    assert darkness[0, 0] == 43 / 59
    assert darkness[1, 0] == 4 / 17


def test_the_darkest_share_of_right_answers_is_all_of_them() -> None:
    darkness = confusion_cells(MATRIX, "rows").darkness
    assert np.diag(darkness) == pytest.approx([43 / 60, 56 / 60, 59 / 60])
    assert darkness[0, 1] == 1


def test_many_classes_go_without_numbers() -> None:
    assert len(confusion_cells(np.eye(NUMBERS_UP_TO, dtype=np.int64)).numbers) == NUMBERS_UP_TO
    assert confusion_cells(np.eye(NUMBERS_UP_TO + 1, dtype=np.int64)).numbers == ()


@pytest.mark.parametrize("scale", ["counts", "rows", "columns"])
@pytest.mark.parametrize("matrix", [np.zeros((2, 2), np.int64), np.diag([5, 7])], ids=["empty", "perfect"])
def test_an_empty_and_a_perfect_matrix_have_no_dark_mistake(matrix: np.ndarray, scale: Scale) -> None:
    darkness = confusion_cells(matrix, scale).darkness
    assert np.isfinite(darkness).all()
    assert darkness[0, 1] == darkness[1, 0] == 0


def test_in_words() -> None:
    assert describe_confusion(MATRIX, NAMES) == (
        "Confusion matrix of 3 classes: 158 of 180 images right (87.8%). "
        "Most frequent mistake: 17 of 60 images of 'shirt' were called 'coat'."
    )
    assert describe_confusion(np.diag([5, 7]), ("a", "b")).endswith("12 of 12 images right (100.0%).")
    assert "without images" in describe_confusion(np.zeros((2, 2), np.int64), ("a", "b"))
