"""Tiles of several epochs in one picture, on one scale."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from cnnlab.analysis.maps import Sprite, paint
from cnnlab.analysis.over_time import evenly, film, leading_classes
from cnnlab.analysis.palettes import DIVERGING, VIRIDIS


def tile(sheet: Sprite, index: int) -> np.ndarray:
    """A tile cut out of a sprite, `(height, width, 3)`."""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet.uri.split(",")[1]))))
    row, column = divmod(index, sheet.columns)
    top, left = row * sheet.tile_height, column * sheet.tile_width
    return pixels[top : top + sheet.tile_height, left : left + sheet.tile_width]


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(3, 25, [0, 1, 2]), (1, 25, [0]), (25, 25, list(range(25))), (9, 3, [0, 4, 8]), (100, 2, [0, 99])],
)
def test_moments_are_evenly_chosen_with_both_ends(count: int, most: int, expected: list[int]) -> None:
    assert evenly(count, most) == expected


def test_no_moment_is_chosen_twice() -> None:
    for count in range(1, 130):
        chosen = evenly(count, 25)
        assert chosen == sorted(set(chosen))
        assert (chosen[0], chosen[-1], len(chosen)) == (0, count - 1, min(count, 25))


@pytest.mark.parametrize("signed", [False, True])
def test_every_tile_of_every_moment_lies_in_its_place_on_one_scale(signed: bool) -> None:
    values = np.random.default_rng(0).normal(0, 1, (5, 4, 3, 7)).astype(np.float32)
    made = film(values, signed=signed)
    assert (made.sprite.count, made.tiles) == (35, 7)
    low, high = (-np.abs(values).max(), np.abs(values).max()) if signed else (values.min(), values.max())
    assert (made.low, made.high) == pytest.approx((low, high))
    for moment in range(5):
        assert made.ends[moment] == (values[moment].min(), values[moment].max())
        for channel in range(7):
            expected = paint(values[moment, ..., channel], low, high, DIVERGING if signed else VIRIDIS)
            np.testing.assert_array_equal(tile(made.sprite, moment * 7 + channel), expected)


def test_units_are_tiles_of_one_pixel() -> None:
    made = film(np.array([[0.0, 1.0], [0.5, 0.25]], np.float32))
    assert (made.sprite.tile_height, made.sprite.tile_width, made.tiles) == (1, 1, 2)
    assert made.ends == ((0.0, 1.0), (0.25, 0.5))


def test_a_training_that_diverged_is_shown_with_finite_numbers() -> None:
    made = film(np.array([[1.0, 2.0], [np.nan, 3.0]], np.float32))
    assert (made.low, made.high) == (0, 3)
    assert made.ends == ((1.0, 2.0), (0.0, 3.0))


@pytest.mark.parametrize("shape", [(4,), (4, 3, 3), (0, 3, 3, 2), (4, 3, 3, 0)])
def test_another_shape_is_said(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"film: expected \(moments, height, width, tiles\)"):
        film(np.zeros(shape, np.float32))


def test_classes_that_ever_led_are_shown_and_the_actual_one() -> None:
    moments = np.array([[0.7, 0.1, 0.2, 0.0], [0.1, 0.2, 0.7, 0.0]])
    assert leading_classes(moments, most=2) == [0, 2]
    assert leading_classes(moments, 3, most=2) == [0, 3]
    assert leading_classes(moments, 1) == [0, 1, 2, 3]
