"""Shifts, turns and scales that are known beforehand, and what is said of made-up curves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cnnlab.analysis.invariance import (
    CHANGES,
    Stretch,
    amount_words,
    amounts,
    in_words,
    neutral_index,
    stretches,
    transformed,
)
from cnnlab.errors import SpecError

MODES = {"black": "grid-constant", "edge": "nearest", "around": "grid-wrap"}


def picture(height: int = 7, width: int = 9, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, channels), np.uint8)


def answers(*called: int, classes: int = 4, share: float = 0.7) -> np.ndarray:
    """Probabilities whose largest is of these classes."""
    rows = np.full((len(called), classes), (1 - share) / (classes - 1))
    rows[np.arange(len(called)), called] = share
    return rows


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("edge", MODES)
def test_the_neutral_amount_leaves_the_image_as_it_is(kind: str, edge: str) -> None:
    image = picture()
    tried = amounts(kind, image.shape)
    at = neutral_index(kind, tried)
    assert tried[at] == CHANGES[kind].neutral
    np.testing.assert_array_equal(transformed(image, kind, tried[at], edge), image)


@pytest.mark.parametrize("edge", MODES)
@pytest.mark.parametrize(("kind", "axis"), [("right", 1), ("down", 0)])
@pytest.mark.parametrize("amount", [-3, -1, 2, 0.5, 1.25])
def test_a_shift_is_scipy_s(kind: str, axis: int, amount: float, edge: str) -> None:
    image = picture()
    by = [0.0, 0.0, 0.0]
    by[axis] = amount
    expected = ndimage.shift(image.astype(float), by, order=1, mode=MODES[edge])
    np.testing.assert_allclose(transformed(image, kind, amount, edge), expected, atol=0.51)


def test_a_whole_pixel_shift_moves_the_columns_to_the_right() -> None:
    image = picture()
    moved = transformed(image, "right", 2)
    np.testing.assert_array_equal(moved[:, 2:], image[:, :-2])
    assert not moved[:, :2].any()
    np.testing.assert_array_equal(transformed(image, "down", -1, "around"), np.roll(image, -1, axis=0))


@pytest.mark.parametrize(("angle", "quarters"), [(90, -1), (-90, 1), (180, 2), (-180, 2)])
@pytest.mark.parametrize("side", [6, 7])
def test_quarter_turns_are_exact_and_clockwise(angle: int, quarters: int, side: int) -> None:
    image = picture(side, side)
    np.testing.assert_array_equal(transformed(image, "turn", angle), np.rot90(image, quarters))


@pytest.mark.parametrize("edge", MODES)
@pytest.mark.parametrize("angle", [-35, 10, 120])
def test_any_turn_is_scipy_s(angle: float, edge: str) -> None:
    image = picture(8, 8, 1)
    turn = np.deg2rad(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    offset = np.array([3.5, 3.5]) - matrix @ [3.5, 3.5]
    expected = ndimage.affine_transform(
        image[..., 0].astype(float), matrix, offset, order=1, mode=MODES[edge]
    )
    np.testing.assert_allclose(transformed(image, "turn", angle, edge)[..., 0], expected, atol=0.51)


def test_double_size_shows_the_middle_half() -> None:
    image = np.zeros((9, 9, 1), np.uint8)
    image[3:6, 3:6] = 200
    large = transformed(image, "scale", 2.0)
    assert (large[2:7, 2:7] == 200).all()
    assert not large[[0, -1]].any()
    small = transformed(np.full((9, 9, 1), 90, np.uint8), "scale", 0.5)
    assert (small[2:7, 2:7] == 90).all()
    assert not small[:2].any()
    with pytest.raises(SpecError, match=r"Scale: expected a factor above 0. Received 0."):
        transformed(image, "scale", 0)


@pytest.mark.parametrize(
    ("kind", "side", "first", "last", "count"),
    [
        ("right", 8, -3, 3, 7),
        ("down", 28, -9, 9, 19),
        ("right", 64, -10, 10, 21),
        ("turn", 32, -180, 180, 73),
        ("scale", 32, 0.5, 2, 25),
        ("right", 1, -1, 1, 3),
    ],
)
def test_the_range_follows_the_size(kind: str, side: int, first: float, last: float, count: int) -> None:
    tried = amounts(kind, (side, side, 1))
    assert (tried[0], tried[-1], len(tried)) == (first, pytest.approx(last), count)


def test_the_range_is_cut_where_the_answer_changes() -> None:
    assert stretches(answers(1, 1, 2, 3, 3)) == [Stretch(0, 1, 1), Stretch(2, 2, 2), Stretch(3, 4, 3)]
    assert stretches(answers(0)) == [Stretch(0, 0, 0)]


NAMES = ("0", "3", "5", "8")


@pytest.mark.parametrize(
    ("kind", "tried", "called", "said"),
    [
        (
            "right",
            range(-3, 4),
            (3, 1, 1, 1, 1, 1, 1),
            "Stays '3' from −2 to 3 pixels. Beyond: '8' at −3 pixels.",
        ),
        (
            "right",
            range(-2, 3),
            (3, 1, 1, 1, 2),
            "Stays '3' from −1 to 1 pixels. Beyond: '8' at −2 pixels, '5' at 2 pixels.",
        ),
        ("down", (-1, 0, 1), (2, 1, 2), "'3' only as it is. Beyond: '5' at −1 pixel, '5' at 1 pixel."),
        (
            "turn",
            (-10, -5, 0, 5, 10),
            (1, 1, 1, 1, 1),
            "Stays '3' over the whole range, −10° to 10°: at least 70% sure.",
        ),
        ("scale", (0.5, 1.0, 2.0), (1, 1, 0), "Stays '3' from 0.50× to 1.00×. Beyond: '0' at 2.00×."),
        # An answer that comes back further out is not part of how far it stays.
        ("right", range(-2, 3), (1, 3, 1, 1, 1), "Stays '3' from 0 to 2 pixels. Beyond: '8' at −1 pixel."),
    ],
    ids=["one side", "both sides", "alone", "everywhere", "scale", "comes back"],
)
def test_how_far_the_answer_stays_is_said_in_words(kind, tried, called, said) -> None:
    assert in_words(kind, np.array(tried, float), answers(*called), NAMES) == said


def test_amounts_have_their_units() -> None:
    said = [amount_words(*each) for each in (("right", -1.0), ("down", 3.0), ("turn", -45.0), ("scale", 1.5))]
    assert said == ["−1 pixel", "3 pixels", "−45°", "1.50×"]
