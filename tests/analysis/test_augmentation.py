"""What augmentation makes of images on a page, against worked examples; `backend` is held to the same."""

from __future__ import annotations

import numpy as np

from cnnlab.analysis.augmentation import Draws, augment, draw, examples, variants
from cnnlab.spec.augmentation import (
    Augmentation,
    Brightness,
    Contrast,
    Cutout,
    Flip,
    Noise,
    Rotate,
    Translate,
)


def forced(entry: Augmentation, image: np.ndarray, value: float, strength: float = 1.0) -> np.ndarray:
    """One grey image `(height, width)` where every even random number is `value`."""
    even = np.full((1, entry.numbers), value, np.float32)
    given = image[None, :, :, None].astype(np.float32)
    return augment((entry,), given, Draws(even, ()), strength)[0, :, :, 0]


SQUARE = np.arange(9).reshape(3, 3) / 8


def test_a_quarter_turn_is_that_of_numpy():
    turns = [forced(Rotate(degrees=90.0), SQUARE, value) for value in (0.0, 1.0)]
    np.testing.assert_allclose(turns, [np.rot90(SQUARE, -1), np.rot90(SQUARE)], atol=1e-6)


def test_a_shift_by_whole_pixels_copies_them_and_leaves_black_behind():
    down = forced(Translate(height=1 / 3, width=0.0), SQUARE, 1.0)
    np.testing.assert_allclose(down, [[0, 0, 0], *SQUARE[:2]], atol=1e-6)
    left = forced(Translate(height=0.0, width=1 / 3), SQUARE, 0.0)
    np.testing.assert_allclose(left[:, :2], SQUARE[:, 1:], atol=1e-6)


def test_half_a_pixel_is_the_mean_of_two():
    half = forced(Translate(height=0.0, width=1 / 6), SQUARE, 0.0)
    np.testing.assert_allclose(half[:, :2], (SQUARE[:, :2] + SQUARE[:, 1:]) / 2, atol=1e-6)


def test_brightness_stops_at_white_and_contrast_doubles():
    np.testing.assert_allclose(forced(Brightness(share=0.5), SQUARE, 1.0), np.minimum(SQUARE + 0.5, 1))
    grey = np.array([[0.4, 0.6]])
    np.testing.assert_allclose(forced(Contrast(share=1.0), grey, 1.0), [[0.3, 0.7]], atol=1e-6)


def test_strength_scales_and_stops_at_the_hard_bound():
    twice = forced(Brightness(share=0.1), SQUARE, 1.0, strength=2.0)
    np.testing.assert_allclose(twice, np.minimum(SQUARE + 0.2, 1), atol=1e-6)
    white = forced(Brightness(share=0.9), SQUARE, 1.0, strength=2.0)
    assert white.min() == 1.0
    assert (forced(Flip(), SQUARE, 0.49, strength=2.0) == SQUARE[:, ::-1].astype(np.float32)).all()
    np.testing.assert_allclose(forced(Flip(), SQUARE, 0.5, strength=2.0), SQUARE)


def test_variants_differ_from_each_other_and_follow_from_the_seed():
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    seen = variants((Rotate(), Noise()), images, 4, (1, 2))
    assert seen.shape == (4, 6, 8, 8, 3)
    assert seen.dtype == np.uint8
    assert len({each.tobytes() for each in seen}) == 4
    assert (variants((Rotate(), Noise()), images, 4, (1, 2)) == seen).all()
    assert (variants((Rotate(), Noise()), images, 4, (1, 3)) != seen).any()


def test_without_a_stack_variants_are_the_images():
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 1), dtype=np.uint8)
    assert (variants((), images, 2, (0,)) == images).all()


def test_as_many_numbers_are_drawn_as_are_needed():
    drawn = draw((Cutout(), Noise(), Flip(), Noise()), (5, 4, 4, 3), np.random.default_rng(0))
    assert drawn.even.shape == (5, 4)
    assert [normal.shape for normal in drawn.normal] == [(5, 4, 4, 3)] * 2


def test_examples_are_of_as_many_classes_as_there_are():
    labels = np.array([2, 2, 0, 1, 2, 0, 1])
    assert examples(labels, 3) == [2, 3, 0]
    assert examples(labels, 5) == [2, 5, 3, 6, 0]
    assert examples(np.repeat([0, 1], 30), 6) == [0, 1, 2, 30, 31, 32]  # own pictures lie class by class
    assert examples(labels[:2], 6) == [0, 1]
