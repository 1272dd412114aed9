"""Arrays as pictures: every colour and every place can be read back."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from cnnlab.analysis.maps import Sprite, activation_tiles, kernel_tiles, paint, sprite, statistics
from cnnlab.analysis.palettes import DIVERGING, OKABE_ITO, VIRIDIS, colourscale, lookup


def pixels(sheet: Sprite) -> np.ndarray:
    """The sprite's picture, (height, width[, 3])."""
    head, data = sheet.uri.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def tile(sheet: Sprite, index: int) -> np.ndarray:
    row, column = divmod(index, sheet.columns)
    top, left = row * sheet.tile_height, column * sheet.tile_width
    return pixels(sheet)[top : top + sheet.tile_height, left : left + sheet.tile_width]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("count", "height", "width"), [(1, 8, 8), (7, 5, 9), (60, 3, 2)])
def test_each_picture_lies_at_its_place(count: int, height: int, width: int, channels: int) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (count, height, width, channels)).astype(np.uint8)
    sheet = sprite(pictures)
    assert sheet.count == count
    for index in range(count):
        expected = pictures[index, :, :, 0] if channels == 1 else pictures[index]
        np.testing.assert_array_equal(tile(sheet, index), expected)


@pytest.mark.parametrize("shape", [(0, 8, 8, 1), (2, 8, 8, 2), (8, 8, 1)])
def test_what_is_no_stack_of_pictures_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected pictures of shape \(n, height, width, 1 or 3\)"):
        sprite(np.zeros(shape, np.uint8))


def test_the_ends_take_the_ends_of_the_palette_and_what_lies_beyond_them_too() -> None:
    painted = paint(np.array([-5.0, 0.0, 1.0, 9.0]), 0, 1)
    table = lookup(VIRIDIS)
    assert painted.tolist() == [table[0].tolist()] * 2 + [table[255].tolist()] * 2


def test_zero_is_the_middle_of_the_diverging_palette() -> None:
    middle = paint(np.array([0.0]), -2, 2, DIVERGING)[0].astype(int)
    assert np.ptp(middle) < 8
    assert middle.min() > 235


def test_no_range_and_no_number_do_not_warn() -> None:
    assert paint(np.zeros((2, 2)), 0, 0).tolist() == np.broadcast_to(lookup(VIRIDIS)[0], (2, 2, 3)).tolist()
    assert paint(np.array([np.nan]), 0, 1)[0].tolist() == lookup(VIRIDIS)[0].tolist()
    assert paint(np.array([0.0]), 0, 0, DIVERGING)[0].min() > 235


def test_extreme_floats_do_not_overflow() -> None:
    big = np.finfo(np.float32).max
    painted = paint(np.array([-big, big], np.float32), float(-big), float(big))
    assert painted[1].tolist() == lookup(VIRIDIS)[255].tolist()


def test_statistics_of_each_tile() -> None:
    first, second = statistics(np.array([[[0.0, 0.0], [0.0, 4.0]], [[-1.0, 1.0], [2.0, 3.0]]]))
    assert (first.minimum, first.maximum, first.zeros) == (0, 4, 0.75)
    assert (second.minimum, second.maximum, second.zeros) == (-1, 3, 0)


def test_a_tile_a_channel_on_one_scale() -> None:
    maps = np.zeros((4, 5, 2), np.float32)
    maps[0, 0, 0], maps[3, 4, 1] = 1, 10
    tiles = activation_tiles(maps)
    assert (tiles.sprite.tile_height, tiles.sprite.tile_width, tiles.sprite.count) == (4, 5, 2)
    assert set(tiles.ranges) == {(0.0, 10.0)}
    table = lookup(VIRIDIS)
    assert tile(tiles.sprite, 1)[3, 4].tolist() == table[255].tolist()
    assert tile(tiles.sprite, 0)[0, 0].tolist() == table[26].tolist()


def test_a_vector_becomes_a_tile_a_unit() -> None:
    tiles = activation_tiles(np.array([0.0, 1.0, 2.0], np.float32))
    assert (tiles.sprite.count, tiles.sprite.tile_height, tiles.sprite.tile_width) == (3, 1, 1)
    assert [each.maximum for each in tiles.statistics] == [0, 1, 2]


def test_what_is_not_shown_is_counted_and_still_sets_the_scale() -> None:
    tiles = activation_tiles(np.arange(3000, dtype=np.float32))
    assert (tiles.sprite.count, tiles.left_out) == (1024, 1976)
    assert tiles.ranges[0] == (0.0, 2999.0)


def test_kernels_share_one_scale_centred_on_zero_over_all_channels() -> None:
    kernel = np.zeros((3, 3, 2, 4), np.float32)
    kernel[0, 0, 0, 0], kernel[1, 1, 1, 2] = 0.5, -2.0
    first, second = kernel_tiles(kernel, 0), kernel_tiles(kernel, 1)
    assert set(first.ranges) == set(second.ranges) == {(-2.0, 2.0)}
    assert first.sprite.count == 4
    assert tile(second.sprite, 2)[1, 1].tolist() == lookup(DIVERGING)[0].tolist()


def test_the_mean_over_the_input_channels() -> None:
    kernel = np.zeros((1, 1, 2, 1), np.float32)
    kernel[0, 0, :, 0] = [1.0, 3.0]
    tiles = kernel_tiles(kernel)
    assert tiles.statistics[0].maximum == 2
    assert tiles.ranges == ((-2.0, 2.0),)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: activation_tiles(np.zeros((2, 2))), r"expected \(height, width, channels\) or \(units,\)"),
        (lambda: kernel_tiles(np.zeros((2, 2))), r"expected \(height, width, input channels, filters\)"),
        (lambda: kernel_tiles(np.zeros((3, 3, 2, 4)), 2), r"input channel from 0 to 1\. Received 2"),
    ],
)
def test_arrays_of_another_shape_are_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]


def test_viridis_grows_in_lightness() -> None:
    lightness = lookup(VIRIDIS).astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > -0.5).all()


def test_anchors_as_a_plotly_scale() -> None:
    scale = colourscale(DIVERGING)
    assert scale[0] == [0.0, DIVERGING[0]]
    assert scale[-1] == [1.0, DIVERGING[-1]]
    assert len(set(OKABE_ITO)) == 8
