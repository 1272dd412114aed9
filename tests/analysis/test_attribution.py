"""Maps of what speaks for a class as levels of one scale, and where they are high."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab.analysis.attribution import half_on, levels, strongest


def numbers(pictures: np.ndarray) -> np.ndarray:
    """The levels of pictures: red is the high byte, green the low one."""
    assert pictures.dtype == np.uint8
    assert not pictures[..., 2].any()
    return 256 * pictures[..., 0].astype(int) + pictures[..., 1]


def test_maps_with_signs_share_a_scale_centred_on_zero() -> None:
    one, two = np.array([[0.0, 2.0, -4.0]]), np.array([[1.0, 4.0, -0.0]])
    found, extreme = levels([one, two], signed=True)
    assert extreme == 4.0
    assert numbers(found).tolist() == [[[32768, 49152, 1]], [[40960, 65535, 32768]]]


def test_maps_without_signs_begin_at_zero() -> None:
    found, extreme = levels([np.array([[0.0, 1.0], [2.0, 0.5]])], signed=False)
    assert extreme == 2.0
    assert numbers(found).tolist() == [[[0, 32768], [65535, 16384]]]


@pytest.mark.parametrize(("signed", "zero"), [(True, 32768), (False, 0)])
def test_a_map_of_zeros_has_the_level_of_zero_alone(signed: bool, zero: int) -> None:
    found, extreme = levels([np.zeros((2, 3), np.float32)], signed=signed)
    assert extreme == 0.0
    assert found.shape == (1, 2, 3, 3)
    assert set(numbers(found).ravel().tolist()) == {zero}


@pytest.mark.parametrize("signed", [True, False])
def test_a_level_tells_a_value_within_half_a_step(signed: bool) -> None:
    values = np.random.default_rng(0).normal(size=(40, 50))
    values = values if signed else np.abs(values)
    found, extreme = levels([values], signed=signed)
    (level,) = numbers(found)
    shares = (level - 32768) / 32767 if signed else level / 65535
    step = extreme / (32767 if signed else 65535)
    np.testing.assert_allclose(shares * extreme, values, atol=0.5001 * step)


def test_the_share_of_the_image_that_holds_half_of_a_map() -> None:
    assert half_on(np.ones((4, 5))) == 0.5
    assert half_on(np.array([[0.0, 9.0], [-1.0, 0.0]])) == 0.25
    assert half_on(np.array([[4.0, 3.0, 3.0, 0.0]])) == 0.5
    assert half_on(np.zeros((3, 3))) is None


def test_the_strongest_place_is_that_of_the_largest_magnitude() -> None:
    heat = np.zeros((3, 4))
    assert strongest(heat) == (0, 0)
    heat[1, 2], heat[2, 3] = 1.0, -2.0
    assert strongest(heat) == (2, 3)
