"""Receptive fields in an image: where they lie, what is cut out, what is marked."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab.analysis.excitation import (
    PADDING,
    Box,
    coloured,
    cropped,
    field_at,
    filter_tiles,
    marked,
    pixels_of,
    view_behind,
)
from cnnlab.spec import presets
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import Conv2D, Flatten, MaxPooling2D

IMAGE = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)


def network(padding: str) -> Architecture:
    layers = (Conv2D(kernel_size=3, padding=padding), MaxPooling2D(), Conv2D(kernel_size=3), Flatten())
    return Architecture(input_shape=(12, 12, 1), classes=2, layers=layers)


@pytest.mark.parametrize(
    ("padding", "layer", "place", "field"),
    [
        ("valid", "conv2d", (0, 0), Box(0, 0, 3, 3)),
        ("valid", "conv2d", (4, 7), Box(4, 7, 7, 10)),
        ("valid", "max_pooling2d", (1, 2), Box(2, 4, 6, 8)),
        ("valid", "conv2d_1", (1, 2), Box(2, 4, 10, 12)),
        ("same", "conv2d", (0, 11), Box(-1, 10, 2, 13)),
        ("same", "conv2d_1", (0, 0), Box(-1, -1, 7, 7)),
        ("same", "flatten", (0, 0), Box(0, 0, 12, 12)),
        ("same", "dense", (0, 0), Box(0, 0, 12, 12)),
    ],
)
def test_a_place_looks_at_its_field(padding: str, layer: str, place: tuple[int, int], field: Box) -> None:
    assert field_at(view_behind(network(padding), layer), place) == field


@pytest.mark.parametrize("name", presets.names())
def test_fields_are_as_large_as_the_trace_says(name: str) -> None:
    architecture = presets.get(name)
    for row in architecture.trace().rows:
        for part in row.primitives:
            box = field_at(view_behind(architecture, part.name), (0, 0))
            height, width = architecture.input_shape[:2]
            assert (
                min(box.bottom - box.top, height),
                min(box.right - box.left, width),
            ) == part.receptive_field


def test_a_field_is_clipped_at_the_border() -> None:
    assert Box(-1, 6, 2, 9).clipped((8, 8, 1)) == Box(0, 6, 2, 8)


def test_a_crop_holds_the_field_and_shows_what_is_outside() -> None:
    crop = cropped(IMAGE, Box(-1, 6, 2, 9))
    assert crop.shape == (3, 3, 3)
    np.testing.assert_array_equal(crop[1:, :2, 0], IMAGE[:2, 6:, 0])
    assert (crop[0] == PADDING).all()
    assert (crop[:, 2] == PADDING).all()
    np.testing.assert_array_equal(cropped(IMAGE, Box(2, 3, 5, 6))[..., 1], IMAGE[2:5, 3:6, 0])


def test_a_field_larger_than_the_image_is_cut_to_the_image() -> None:
    np.testing.assert_array_equal(cropped(IMAGE, Box(-3, -4, 9, 8)), coloured(IMAGE))
    assert cropped(IMAGE, Box(-3, 6, 9, 9)).shape == (8, 3, 3)


def test_cutting_leaves_the_image_as_it_was() -> None:
    colour = np.full((4, 4, 3), 9, np.uint8)
    cropped(colour, Box(-1, -1, 2, 2))
    marked(colour, Box(0, 0, 2, 2))
    assert (colour == 9).all()


def test_a_mark_keeps_the_field_and_dims_the_rest() -> None:
    image = np.full((8, 8, 1), 200, np.uint8)
    large = marked(image, Box(2, 2, 5, 5), side=80)
    assert large.shape == (80, 80, 3)
    assert (large[20:50, 20:50] == 200).all()
    assert (large[0, 0] == 80).all()
    assert tuple(large[19, 30]) == (230, 159, 0)
    assert (marked(image, Box(-2, -2, 9, 9), side=80) == 200).all(), "the whole image needs no mark"


def test_dead_filters_have_a_cross() -> None:
    crop = np.full((5, 5, 3), 40, np.uint8)
    tiles = filter_tiles([crop, None, crop], (5, 5))
    assert (tiles.sprite.count, tiles.left_out) == (3, 0)
    assert [each.maximum for each in tiles.statistics] == [40, 0, 40]
    pixels = decoded(tiles.sprite.uri)
    assert (pixels[:5, :5] == round(20 + 40 * 216 / 255)).all(), "black and white stand out from the page"
    dead = pixels[:5, 5:10]
    for index in range(5):
        assert tuple(dead[index, index]) == tuple(dead[index, 4 - index]) == (213, 94, 0)


def test_a_grid_of_large_images_is_thinned_and_one_of_very_many_cut() -> None:
    tiles = filter_tiles([np.zeros((600, 600, 3), np.uint8)] * 12, (600, 600))
    assert tiles.sprite.tile_height < 300
    assert filter_tiles([np.zeros((1, 1, 3), np.uint8)] * 12, (1, 1), limit=10).left_out == 2


def test_values_between_0_and_1_become_pixels() -> None:
    np.testing.assert_array_equal(pixels_of(np.array([-1.0, 0.0, 0.5, 1.0, 2.0])), [0, 0, 128, 255, 255])


def decoded(uri: str) -> np.ndarray:
    import base64
    import io

    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
        return np.asarray(image)
