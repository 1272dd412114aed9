"""Which part of an image a value of a feature map looks at: where it lies, cut out, and marked."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.maps import TILES_LIMIT, Tiles, sprite, statistics
from cnnlab.analysis.palettes import ORANGE, VERMILION
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.receptive import View
from cnnlab.spec.walk import program

Image = npt.NDArray[np.uint8]
"""``(height, width, 1 or 3) uint8``, 0–255; of other numbers of channels the first is shown."""

PADDING = (74, 84, 112)
"""The colour of what lies outside the image: no image of grey shades has it."""
DEAD_GROUND = 60
MARKED_SIDE = 112
"""Pixels, at least, of an image in which a receptive field is marked: a frame needs room."""
DIMMED = 0.4
"""What is left of the brightness outside the marked field."""
SHEET_PIXELS = 2**20
"""Of all tiles together: a grid of large images is thinned until it fits."""
_DARKEST, _LIGHTEST = 20, 236
"""Tiles are painted between these, so that black and white ones stand out from a dark and a light page."""
_GREYS = (f"#{_DARKEST:02X}{_DARKEST:02X}{_DARKEST:02X}", f"#{_LIGHTEST:02X}{_LIGHTEST:02X}{_LIGHTEST:02X}")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels, its ends not included; it may reach out of the image.

    Attributes:
        top: First row.
        left: First column.
        bottom: Row behind the last.
        right: Column behind the last.
    """

    top: int
    left: int
    bottom: int
    right: int

    def clipped(self, shape: Sequence[int]) -> Box:
        """The part of it that lies inside an image of this (height, width, …)."""
        height, width = shape[:2]
        top, bottom = (min(max(end, 0), height) for end in (self.top, self.bottom))
        left, right = (min(max(end, 0), width) for end in (self.left, self.right))
        return Box(top, left, bottom, right)


def view_behind(architecture: Architecture, layer: str) -> View:
    """How the values of a layer look back into the image.

    Args:
        architecture: One without a problem.
        layer: The name of a row of its trace, or of a part of one; another is taken for the output.
    """
    view = View(architecture.input_shape)
    for kind, row in zip(architecture.layers, architecture.trace().rows, strict=False):
        views: dict[str, View] = {}
        seen = view
        for (part, name), inner in zip(program(kind, row), row.primitives, strict=True):
            assert inner.input_shape is not None
            taken = functools.reduce(View.united, (views.get(value, view) for value in part.takes))
            seen = views[part.gives] = taken.behind(part.layer, inner.input_shape)
            if name == layer:
                return seen
        view = seen
    return dataclasses.replace(view, everything=True)


def field_at(view: View, place: Sequence[int]) -> Box:
    """The receptive field of the value at a place of a map, padding included.

    Source: Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill
    2019: from one value to the next the field moves by the product of the strides.

    Args:
        view: Of the layer.
        place: Row and column in its map.
    """
    if view.everything:
        return Box(0, 0, *view.image[:2])
    row, column = (int(index) * view.jump for index in place)
    begin, end = view.begin, view.end
    return Box(begin[0] + row, begin[1] + column, end[0] + row + 1, end[1] + column + 1)


def cropped(image: Image, field: Box) -> Image:
    """Cut a field out of an image; what lies outside the image is slate.

    All fields of one layer give crops of one shape: that of the field, but along an axis on which the field
    is larger than the image, the whole image.

    Args:
        image: The image.
        field: From `field_at`.

    Returns:
        ``(height, width, 3) uint8``, 0–255.
    """
    rows, outside_rows = _axis(field.top, field.bottom, image.shape[0])
    columns, outside_columns = _axis(field.left, field.right, image.shape[1])
    crop = coloured(image)[np.ix_(rows, columns)]
    crop[outside_rows[:, None] | outside_columns] = PADDING
    return crop


def marked(image: Image, field: Box, *, side: int = MARKED_SIDE) -> Image:
    """Enlarge an image and frame a field in it; what the field does not hold is dimmed.

    Args:
        image: The image.
        field: From `field_at`; one that holds the whole image is not framed.
        side: Pixels that the result's shorter side has at least.

    Returns:
        ``(height, width, 3) uint8``, 0–255; the same for all images of one shape.
    """
    times = max(1, -(-side // min(image.shape[:2])))
    pixels = coloured(image)
    inside = field.clipped(image.shape)
    whole = inside == Box(0, 0, *image.shape[:2])
    large = pixels.repeat(times, axis=0).repeat(times, axis=1)
    if whole:
        return large
    top, left, bottom, right = (times * end for end in dataclasses.astuple(inside))
    result: Image = (large * DIMMED).astype(np.uint8)
    width = 3
    result[max(top - width, 0) : bottom + width, max(left - width, 0) : right + width] = _rgb(ORANGE)
    result[top:bottom, left:right] = large[top:bottom, left:right]
    return result


def filter_tiles(crops: Sequence[Image | None], shape: Sequence[int], *, limit: int = TILES_LIMIT) -> Tiles:
    """Paint a tile a filter: the crop that excites it most, or a vermilion cross where it is dead.

    Args:
        crops: ``(height, width, 3) uint8`` each, of one shape; None for a dead filter.
        shape: (height, width) of the crops.
        limit: At most so many tiles.
    """
    chosen = crops[:limit]
    step = max(1, int(np.ceil(np.sqrt(shape[0] * shape[1] * len(chosen) / SHEET_PIXELS))))
    tiles = [(_cross(shape) if crop is None else _softened(crop))[::step, ::step] for crop in chosen]
    # Told are the crop's shades of grey; a cross has none.
    nothing = np.zeros((*shape, 1), np.uint8)
    shades = [(nothing if crop is None else crop)[::step, ::step].mean(axis=-1) for crop in chosen]
    held = statistics(np.stack(shades))
    return Tiles(sprite(tiles), held, ((0.0, 255.0),) * len(tiles), _GREYS, len(crops) - len(chosen))


def coloured(image: Image) -> Image:
    """An image as ``(height, width, 3)``, a copy: grey ones three times the same."""
    channels = image if image.shape[-1] == 3 else image[..., :1].repeat(3, axis=-1)
    return channels.copy()


def pixels_of(image: npt.NDArray[np.floating]) -> Image:
    """An image of any shape in 0–1 as uint8, 0–255."""
    rounded: Image = (image.clip(0, 1) * 255).round().astype(np.uint8)
    return rounded


def _axis(first: int, behind: int, size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Indices into an axis, each inside it, and which of them stand for a place outside."""
    if behind - first >= size:
        return np.arange(size), np.zeros(size, bool)
    indices = np.arange(first, behind)
    inside = indices.clip(0, size - 1)
    return inside, indices != inside


def _cross(shape: Sequence[int]) -> Image:
    """A dark tile with a vermilion cross from corner to corner."""
    height, width = shape[:2]
    tile = np.full((height, width, 3), DEAD_GROUND, np.uint8)
    along = np.linspace(0, 1, max(height, width))
    rows, columns = ((along * (side - 1)).round().astype(int) for side in (height, width))
    tile[rows, columns] = tile[rows, columns[::-1]] = _rgb(VERMILION)
    return tile


def _softened(crop: Image) -> Image:
    softened: Image = (_DARKEST + crop * ((_LIGHTEST - _DARKEST) / 255)).round().astype(np.uint8)
    return softened


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return red, green, blue
