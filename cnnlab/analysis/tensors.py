"""From picture to what a network takes: scaled pixels, one-hot labels, added axes, tensors of each rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CROP = 5
"""Side of the window of pixels that is shown as numbers: 25 of them can still be read."""
_MARK = (230, 159, 0)
"""Okabe and Ito's orange: seen on grey, on black and on most photographs."""
_SHOWN = 3
_RANKS = ("scalar", "vector", "matrix", "image", "batch")


@dataclass(frozen=True, slots=True)
class Place:
    """A square window of an image: its first row and column, counted from 0, and its side in pixels."""

    row: int
    column: int
    side: int


@dataclass(frozen=True, slots=True)
class Example:
    """A tensor that one can point at.

    Attributes:
        rank: its number of axes.
        name: what a tensor of this rank is called here.
        what: where it is from, in words.
        shape: its shape.
        numbers: its first values between as many brackets as it has axes.
    """

    rank: int
    name: str
    what: str
    shape: tuple[int, ...]
    numbers: str


def liveliest(image: NDArray[np.uint8], side: int = CROP) -> Place:
    """The window with the most different values, and of these the one in which they differ most.

    A flat patch would show one number 25 times, and an edge only two of them.

    Args:
        image: `(height, width, channels) uint8, 0–255`.
        side: of the window, in pixels; at most the image's.
    """
    side = min(side, *image.shape[:2])
    windows = np.lib.stride_tricks.sliding_window_view(image.mean(axis=2), (side, side))
    flat = np.sort(windows.reshape(*windows.shape[:2], -1), axis=-1)
    different = np.count_nonzero(np.diff(flat, axis=-1), axis=-1)
    # A standard deviation of bytes is below 128: it decides where the counts are equal.
    row, column = np.unravel_index((different + flat.std(axis=-1) / 128).argmax(), different.shape)
    return Place(int(row), int(column), side)


def crop(image: NDArray[np.uint8], place: Place, channel: int) -> NDArray[np.uint8]:
    """One channel of a window: `(side, side) uint8, 0–255`."""
    rows = slice(place.row, place.row + place.side)
    return image[rows, place.column : place.column + place.side, channel]


def scaled(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels of any shape as a network takes them: `float32, 0–1`."""
    return pixels.astype(np.float32) / np.float32(255)


def one_hot(label: int, classes: int) -> NDArray[np.float32]:
    """`(classes,) float32`: 1 at the label's place, 0 elsewhere."""
    vector = np.zeros(classes, np.float32)
    vector[label] = 1
    return vector


def marked(image: NDArray[np.uint8], place: Place, size: int = 240) -> NDArray[np.uint8]:
    """The image enlarged, a pixel a square, with a frame around a window.

    Args:
        image: `(height, width, 1 or 3) uint8, 0–255`.
        place: the window.
        size: of the longer side, in pixels, about.

    Returns:
        `(height * k, width * k, 3) uint8, 0–255` with a whole k.
    """
    each = max(1, round(size / max(image.shape[:2])))
    colour = np.broadcast_to(image, (*image.shape[:2], 3))
    large = colour.repeat(each, axis=0).repeat(each, axis=1)
    top, left = place.row * each, place.column * each
    length, line = place.side * each, max(2, each // 8)
    inside = large[top + line : top + length - line, left + line : left + length - line].copy()
    large[top : top + length, left : left + length] = _MARK
    large[top + line : top + length - line, left + line : left + length - line] = inside
    return large


def axes(shape: tuple[int, int, int], batch: int) -> list[tuple[str, tuple[int, ...]]]:
    """How an image of this shape becomes a batch, step by step: what was done, and the shape after it."""
    height, width, channels = shape
    if channels == 1:
        steps: list[tuple[str, tuple[int, ...]]] = [
            ("A grey picture: rows and columns", (height, width)),
            ("with a channel axis added at the end", (height, width, 1)),
        ]
    else:
        steps = [("A colour picture: rows, columns, and red, green and blue", (height, width, channels))]
    return [*steps, (f"with {batch} of them in a batch, a first axis", (batch, *shape))]


def ranks(image: NDArray[np.uint8], label: int, classes: int, batch: int, place: Place) -> list[Example]:
    """Tensors of rank 0 to 4 that this very image and its label give.

    Args:
        image: `(height, width, channels) uint8, 0–255`.
        label: its class.
        classes: how many there are.
        batch: images in a batch.
        place: the window whose first pixel is the scalar.
    """
    values = scaled(image)
    first = values[place.row, place.column, 0]
    tensors = [
        (f"the pixel in row {place.row}, column {place.column}", first),
        ("the label, one-hot", one_hot(label, classes)),
        ("one channel of the image", values[:, :, 0]),
        ("the image, all its channels", values),
        (f"{batch} images for one training step", np.broadcast_to(values, (batch, *values.shape))),
    ]
    return [
        Example(rank, _RANKS[rank], what, tensor.shape, brackets(tensor))
        for rank, (what, tensor) in enumerate(tensors)
    ]


def brackets(tensor: NDArray[np.float32] | np.float32) -> str:
    """The first values between as many brackets as there are axes: "[[0.00 0.53 …] …]"."""
    if np.ndim(tensor) == 0:
        return f"{float(tensor):.2f}"
    assert isinstance(tensor, np.ndarray)
    if tensor.ndim == 1:
        more = " …" if len(tensor) > _SHOWN else ""
        return f"[{' '.join(f'{value:.2f}' for value in tensor[:_SHOWN])}{more}]"
    return f"[{brackets(tensor[0])}{' …' if len(tensor) > 1 else ''}]"
