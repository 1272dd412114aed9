"""What augmentation makes of images, in NumPy: the arithmetic of `backend.augment`, for pages that show it.

The random numbers are drawn apart from their use, so that both can be given the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlab.spec.augmentation import Augmentation, Flip, in_order

Images = NDArray[np.float32]
"""`(n, height, width, channels) float32, 0–1`."""


class Draws(NamedTuple):
    """Random numbers for a batch of images.

    Attributes:
        even: `(n, numbers of the stack) float32`, evenly from 0 up to 1, in the order of effect.
        normal: for each noise of the stack `(n, height, width, channels) float32`, of mean 0 and variance 1.
    """

    even: NDArray[np.float32]
    normal: tuple[NDArray[np.float32], ...]


def draw(stack: Sequence[Augmentation], shape: tuple[int, ...], rng: np.random.Generator) -> Draws:
    """Random numbers for images of this shape `(n, height, width, channels)`."""
    even = rng.random((shape[0], sum(entry.numbers for entry in stack)), dtype=np.float32)
    noises = sum(entry.kind == "Noise" for entry in stack)
    return Draws(even, tuple(rng.standard_normal(shape, dtype=np.float32) for _ in range(noises)))


def augment(stack: Sequence[Augmentation], images: Images, draws: Draws, strength: float = 1.0) -> Images:
    """The images as a training step with these random numbers would see them.

    Args:
        stack: the augmentations; see `in_order` for the order in which they take effect.
        images: `(n, height, width, channels) float32, 0–1`.
        draws: their random numbers.
        strength: what every field is multiplied by, 0–2.

    Returns:
        Images of the same shape, `float32, 0–1`.
    """
    matrix = np.broadcast_to(np.eye(3), (len(images), 3, 3))
    normal = iter(draws.normal)
    moved, first = True, 0
    for entry in in_order(stack):
        even = draws.even[:, first : first + entry.numbers]
        first += entry.numbers
        if entry.moves_pixels:
            matrix = matrix @ _MOVES[entry.kind](entry, even, strength, images.shape[1:3])
            continue
        if moved:
            images, moved = transformed(images, matrix), False
        numbers = next(normal) if entry.kind == "Noise" else even
        images = _CHANGES[entry.kind](entry, images, numbers, strength)
    return transformed(images, matrix) if moved else images


def variants(
    stack: Sequence[Augmentation], images: NDArray[np.uint8], count: int, seed: Sequence[int]
) -> NDArray[np.uint8]:
    """What the network may be given in place of these images, so many times over.

    Args:
        stack: the augmentations.
        images: `(n, height, width, channels) uint8, 0–255`.
        count: how often each image is shown.
        seed: of the random numbers.

    Returns:
        `(count, n, height, width, channels) uint8, 0–255`.
    """
    many = np.concatenate([images] * count).astype(np.float32) / np.float32(255)
    drawn = draw(stack, many.shape, np.random.default_rng(seed))
    return np.rint(augment(stack, many, drawn) * 255).astype(np.uint8).reshape(count, *images.shape)


def examples(labels: NDArray[np.int64], count: int) -> list[int]:
    """Positions of the first image of each class, of the second of each where classes are too few, and so on.

    They come class by class.
    """
    by_class = np.argsort(labels, kind="stable")
    kinds = labels[by_class]
    place_in_class = np.arange(len(labels)) - np.searchsorted(kinds, kinds)
    chosen = by_class[np.lexsort((kinds, place_in_class))[:count]].tolist()
    return sorted(chosen, key=lambda k: (int(labels[k]), k))


def transformed(images: Images, matrix: NDArray[np.float64]) -> Images:
    """Images whose pixel p is what was at `matrix @ p`, bilinearly, and black outside.

    Args:
        images: `(n, height, width, channels) float32`.
        matrix: `(n, 3, 3)`, from (x, y, 1) of a result's pixel, counted from the image's centre, to its
            source's.
    """
    count, height, width, _ = images.shape
    x, y = np.meshgrid(np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2)
    places = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    source = matrix[:, :2] @ places + np.array([[(width - 1) / 2], [(height - 1) / 2]])
    # A black frame of one pixel: all that lies further outside is as black as the frame.
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    column = np.clip(source[:, 0], -1, width) + 1
    row = np.clip(source[:, 1], -1, height) + 1
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    right, bottom = np.minimum(left + 1, width + 1), np.minimum(top + 1, height + 1)
    across, down = (column - left)[..., None], (row - top)[..., None]
    n = np.arange(count)[:, None]
    above = framed[n, top, left] * (1 - across) + framed[n, top, right] * across
    below = framed[n, bottom, left] * (1 - across) + framed[n, bottom, right] * across
    return (above * (1 - down) + below * down).astype(np.float32).reshape(images.shape)


def _scaled(entry: Augmentation, name: str, strength: float) -> float:
    """A field's value at this strength."""
    value, high = entry.magnitude(name)
    return min(high, value * strength)


def _either_side(even: NDArray[np.float32], magnitude: float) -> NDArray[np.float64]:
    """`(n,)` evenly from -magnitude to magnitude."""
    return magnitude * (2 * even.astype(np.float64) - 1)


def _matrix(count: int, entries: dict[tuple[int, int], NDArray[np.float64]]) -> NDArray[np.float64]:
    """`(n, 3, 3)`: the identity but for these entries."""
    matrix = np.tile(np.eye(3), (count, 1, 1))
    for (row, column), values in entries.items():
        matrix[:, row, column] = values
    return matrix


def _flip(entry: Flip, even: NDArray[np.float32], strength: float, _: tuple[int, ...]) -> NDArray[np.float64]:
    chance = 0.5 * min(1.0, strength)
    x, y = np.where(even < chance, -1.0, 1.0).T
    sides = {"horizontal": {(0, 0): x}, "vertical": {(1, 1): y}, "both": {(0, 0): x, (1, 1): y}}
    return _matrix(len(even), sides[entry.direction])


def _rotate(
    entry: Augmentation, even: NDArray[np.float32], strength: float, _: tuple[int, ...]
) -> NDArray[np.float64]:
    angle = _either_side(even[:, 0], np.radians(_scaled(entry, "degrees", strength)))
    cosine, sine = np.cos(angle), np.sin(angle)
    return _matrix(len(even), {(0, 0): cosine, (0, 1): -sine, (1, 0): sine, (1, 1): cosine})


def _translate(
    entry: Augmentation, even: NDArray[np.float32], strength: float, size: tuple[int, ...]
) -> NDArray[np.float64]:
    down = _either_side(even[:, 0], _scaled(entry, "height", strength) * size[0])
    across = _either_side(even[:, 1], _scaled(entry, "width", strength) * size[1])
    return _matrix(len(even), {(0, 2): -across, (1, 2): -down})


def _zoom(
    entry: Augmentation, even: NDArray[np.float32], strength: float, _: tuple[int, ...]
) -> NDArray[np.float64]:
    seen = 1 + _either_side(even[:, 0], _scaled(entry, "share", strength))
    return _matrix(len(even), {(0, 0): seen, (1, 1): seen})


def _contrast(entry: Augmentation, images: Images, even: NDArray[np.float32], strength: float) -> Images:
    factor = 1 + _either_side(even[:, 0], _scaled(entry, "share", strength))[:, None, None, None]
    mean = images.mean(axis=(1, 2), keepdims=True)
    return np.clip(mean + (images - mean) * factor, 0, 1).astype(np.float32)


def _brightness(entry: Augmentation, images: Images, even: NDArray[np.float32], strength: float) -> Images:
    added = _either_side(even[:, 0], _scaled(entry, "share", strength))[:, None, None, None]
    return np.clip(images + added, 0, 1).astype(np.float32)


def _noise(entry: Augmentation, images: Images, normal: NDArray[np.float32], strength: float) -> Images:
    return np.clip(images + _scaled(entry, "stddev", strength) * normal, 0, 1).astype(np.float32)


def _cutout(entry: Augmentation, images: Images, even: NDArray[np.float32], strength: float) -> Images:
    """Black where a pixel's row and column both lie in the patch, which lies wholly in the image."""
    side = _scaled(entry, "side", strength)
    inside = []
    for size, place in zip(images.shape[1:3], even.astype(np.float64).T, strict=True):
        begin = place[:, None] * (size - side * size)
        inside.append((np.arange(size) >= begin) & (np.arange(size) < begin + side * size))
    patch = inside[0][:, :, None, None] & inside[1][:, None, :, None]
    return np.where(patch, np.float32(0), images)


_MOVES: dict[str, Callable[..., NDArray[np.float64]]] = {
    "Flip": _flip,
    "Rotate": _rotate,
    "Translate": _translate,
    "Zoom": _zoom,
}
_CHANGES: dict[str, Callable[..., Images]] = {
    "Contrast": _contrast,
    "Brightness": _brightness,
    "Noise": _noise,
    "Cutout": _cutout,
}
