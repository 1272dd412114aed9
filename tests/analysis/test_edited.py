"""Maps before and after edits: one scale for both, and which changed."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from cnnlab.analysis.edited import changes, describe_changes, paired_tiles, shares
from cnnlab.analysis.maps import Tiles, paint


def first_tile(tiles: Tiles) -> np.ndarray:
    """The pixels of the first tile."""
    sprite = tiles.sprite
    content = base64.b64decode(sprite.uri.removeprefix("data:image/png;base64,"))
    return np.array(Image.open(io.BytesIO(content)))[: sprite.tile_height, : sprite.tile_width]


@pytest.fixture
def before() -> np.ndarray:
    return np.random.default_rng(0).uniform(0.5, 1, (4, 5, 3)).astype(np.float32)


def test_both_sides_are_painted_on_one_scale(before: np.ndarray) -> None:
    after = before * 2 - 3
    low, high = float(after.min()), float(before.max())
    for tiles, values in zip(paired_tiles(before, after), (before, after), strict=True):
        assert tiles.ranges == ((low, high),) * 3
        np.testing.assert_array_equal(first_tile(tiles), paint(values[..., 0], low, high))
        assert [each.maximum for each in tiles.statistics] == values.max(axis=(0, 1)).tolist()


def test_values_of_a_layer_without_a_map_are_tiles_of_one_pixel() -> None:
    first, second = paired_tiles(np.arange(5.0), np.arange(5.0) - 1, limit=3)
    assert (first.sprite.count, first.left_out, first.sprite.tile_width) == (3, 2, 1)
    assert second.ranges == ((-1.0, 4.0),) * 3


def test_outputs_of_two_layers_are_refused(before: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"Received \(4, 5, 3\) and \(4, 5, 2\)."):
        paired_tiles(before, before[..., :2])


def test_the_change_of_a_map_is_the_mean_of_its_absolute_differences(before: np.ndarray) -> None:
    after = before.copy()
    after[0, 0, 1] += 10
    after[3, 4, 1] -= 30
    np.testing.assert_allclose(changes(before, after), [0, 2, 0], rtol=1e-6)
    assert describe_changes(before, after) == "1 of 3 maps changes: map 1, by 2 on average."
    after[..., 2] += 0.5
    assert describe_changes(before, after) == "2 of 3 maps change, most of all map 1: by 2 on average."


def test_a_change_of_values_is_told_without_a_mean() -> None:
    assert describe_changes(np.zeros(4), np.array([0, -2.5, 0, 1])) == (
        "2 of 4 values change, most of all value 1: by 2.5."
    )


def test_no_change_is_said(before: np.ndarray) -> None:
    assert describe_changes(before, before) == "None of the 3 maps changes for this image."


def test_the_change_of_extreme_floats_does_not_overflow() -> None:
    most = np.finfo(np.float32).max
    assert changes(np.array([most], np.float32), np.array([-most], np.float32))[0] == 2 * float(most)


def test_a_class_without_images_has_no_share() -> None:
    found = shares(np.array([3, 0]), np.array([4, 0]))
    assert found[0] == 0.75
    assert np.isnan(found[1])
