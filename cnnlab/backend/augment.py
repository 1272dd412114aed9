"""Augmentation inside the compiled training loop: stateless, each image with random numbers of its own.

`analysis.augmentation` has the same arithmetic in NumPy, for pages; a test holds the two together.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from cnnlab.spec.augmentation import Augmentation, Flip, in_order

Augment = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
"""(images `(n, height, width, channels) float32, 0–1`, of which n alone may be unknown when traced; seed
`(2,) int32`; strength, a float32 scalar) to images of the same shape and range."""

Affine = tuple[tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]
"""Two rows of three `(n,)` or scalar tensors: from (x, y, 1) of a result's pixel, seen from the image's
centre, to the (x, y) of its source."""


class Draws(NamedTuple):
    """Random numbers for a batch of images.

    Attributes:
        even: `(n, numbers of the stack) float32`, evenly from 0 up to 1, in the order of effect.
        normal: for each noise of the stack `(n, height, width, channels) float32`, of mean 0 and variance 1.
    """

    even: tf.Tensor
    normal: tuple[tf.Tensor, ...]


def augmenter(stack: Sequence[Augmentation]) -> Augment | None:
    """The stack as a function for the graph of training steps; None for an empty stack.

    The random numbers follow from the seed alone: a resumed training that gives the same seed at the same
    step sees the same images.
    """
    if not stack:
        return None

    def augmented(images: tf.Tensor, seed: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
        return augment(stack, images, draw(stack, tf.shape(images), seed), strength)

    return augmented


def draw(stack: Sequence[Augmentation], shape: tf.Tensor, seed: tf.Tensor) -> Draws:
    """Random numbers for images of this shape `(n, height, width, channels)`."""
    numbers = sum(entry.numbers for entry in stack)
    even = tf.random.stateless_uniform([shape[0], numbers], seed)
    noises = sum(entry.kind == "Noise" for entry in stack)
    # The seed of the next step is never one of these: folding in mixes all its bits.
    seeds = [tf.random.fold_in(seed, 1 + index) for index in range(noises)]
    return Draws(even, tuple(tf.random.stateless_normal(shape, each) for each in seeds))


def augment(stack: Sequence[Augmentation], images: tf.Tensor, draws: Draws, strength: tf.Tensor) -> tf.Tensor:
    """The images with these random numbers; arguments as in `analysis.augmentation.augment`."""
    ordered = in_order(stack)
    even = tf.split(draws.even, [entry.numbers for entry in ordered], axis=1)
    moves = [(entry, part) for entry, part in zip(ordered, even, strict=True) if entry.moves_pixels]
    images = _moved(moves, images, strength)
    normal = iter(draws.normal)
    for entry, part in zip(ordered[len(moves) :], even[len(moves) :], strict=True):
        numbers = next(normal) if entry.kind == "Noise" else part
        images = _CHANGES[entry.kind](entry, images, numbers, strength)
    return images


def _moved(
    moves: Sequence[tuple[Augmentation, tf.Tensor]], images: tf.Tensor, strength: tf.Tensor
) -> tf.Tensor:
    """All that moves pixels in one go."""
    if all(isinstance(entry, Flip) for entry, _ in moves):
        for entry, even in moves:
            images = _mirrored(typing.cast("Flip", entry), images, even, strength)
        return images
    size = images.shape[1:3]
    one, zero = tf.ones_like(moves[0][1][:, 0]), tf.zeros_like(moves[0][1][:, 0])
    whole: Affine = ((one, zero, zero), (zero, one, zero))
    for entry, even in moves:
        whole = _product(whole, _MOVES[entry.kind](entry, even, strength, size))
    turned = any(entry.kind == "Rotate" for entry, _ in moves)
    return _transformed(images, whole, size) if turned else _stretched(images, whole)


def _product(first: Affine, second: Affine) -> Affine:
    """The map that applies `second`, then `first`."""
    rows = []
    for a, b, c in first:
        (d, e, f), (g, h, i) = second
        rows.append((a * d + b * g, a * e + b * h, a * f + b * i + c))
    return rows[0], rows[1]


def _transformed(images: tf.Tensor, affine: Affine, size: Sequence[int]) -> tf.Tensor:
    """Images whose pixel p is what was at `affine(p)`, bilinearly, and black outside."""
    y, x = (size[0] - 1) / 2, (size[1] - 1) / 2
    rows = []
    for (a, b, c), centre in zip(affine, (x, y), strict=True):
        rows += [a, b, c + centre - a * x - b * y]  # the operation counts from the corner
    nothing = tf.zeros_like(rows[0])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([*rows, nothing, nothing], axis=1),
        output_shape=size,
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _stretched(images: tf.Tensor, affine: Affine) -> tf.Tensor:
    """The same where rows stay rows: two products of matrices take half the time of the operation above."""
    (across, _, right), (_, down, below) = affine
    _, height, width, channels = images.shape
    rows = _weights(down, below, height) @ tf.reshape(images, [-1, height, width * channels])
    columns = tf.transpose(tf.reshape(rows, [-1, height, width, channels]), [0, 2, 1, 3])
    columns = _weights(across, right, width) @ tf.reshape(columns, [-1, width, height * channels])
    return tf.transpose(tf.reshape(columns, [-1, width, height, channels]), [0, 2, 1, 3])


def _weights(scale: tf.Tensor, shift: tf.Tensor, size: int) -> tf.Tensor:
    """How much each pixel of a source's axis gives to each of the result's, `(n, size, size)`."""
    pixels = tf.range(size, dtype=tf.float32)
    centre = (size - 1) / 2
    source = scale[:, None] * (pixels - centre) + shift[:, None] + centre
    return tf.nn.relu(1 - tf.abs(source[:, :, None] - pixels))


def _scaled(entry: Augmentation, name: str, strength: tf.Tensor) -> tf.Tensor:
    """A field's value at this strength."""
    value, high = entry.magnitude(name)
    return tf.minimum(high, value * strength)


def _either_side(even: tf.Tensor, magnitude: tf.Tensor) -> tf.Tensor:
    """`(n,)` evenly from -magnitude to magnitude."""
    return magnitude * (2 * even - 1)


def _flips(entry: Flip, even: tf.Tensor, strength: tf.Tensor) -> dict[int, tf.Tensor]:
    """For each axis of the images that is mirrored at all, `(n,) bool`: which images are."""
    chance = 0.5 * tf.minimum(1.0, strength)
    across, down = even[:, 0] < chance, even[:, 1] < chance
    return {"horizontal": {2: across}, "vertical": {1: down}, "both": {2: across, 1: down}}[entry.direction]


def _mirrored(entry: Flip, images: tf.Tensor, even: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """A flip alone needs no interpolation: it copies whole images, in a third of the time."""
    for axis, which in _flips(entry, even, strength).items():
        images = tf.raw_ops.Select(condition=which, x=tf.reverse(images, [axis]), y=images)
    return images


def _flip(entry: Flip, even: tf.Tensor, strength: tf.Tensor, _: Sequence[int]) -> Affine:
    flips = _flips(entry, even, strength)
    signs = {axis: 1 - 2 * tf.cast(which, tf.float32) for axis, which in flips.items()}
    return (signs.get(2, 1.0), 0.0, 0.0), (0.0, signs.get(1, 1.0), 0.0)


def _rotate(entry: Augmentation, even: tf.Tensor, strength: tf.Tensor, _: Sequence[int]) -> Affine:
    angle = _either_side(even[:, 0], _scaled(entry, "degrees", strength) * (math.pi / 180))
    cosine, sine = tf.cos(angle), tf.sin(angle)
    return (cosine, -sine, 0.0), (sine, cosine, 0.0)


def _translate(entry: Augmentation, even: tf.Tensor, strength: tf.Tensor, size: Sequence[int]) -> Affine:
    down = _either_side(even[:, 0], _scaled(entry, "height", strength) * size[0])
    across = _either_side(even[:, 1], _scaled(entry, "width", strength) * size[1])
    return (1.0, 0.0, -across), (0.0, 1.0, -down)


def _zoom(entry: Augmentation, even: tf.Tensor, strength: tf.Tensor, _: Sequence[int]) -> Affine:
    seen = 1 + _either_side(even[:, 0], _scaled(entry, "share", strength))
    return (seen, 0.0, 0.0), (0.0, seen, 0.0)


def _contrast(entry: Augmentation, images: tf.Tensor, even: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    factor = 1 + _either_side(even[:, 0], _scaled(entry, "share", strength))[:, None]
    mean = tf.reduce_mean(tf.reduce_mean(images, axis=1), axis=1)
    # mean + (x - mean) * factor, whole rows at a time: twice as quick as pixel by pixel.
    _, height, width, channels = images.shape
    added = tf.tile(mean * (1 - factor), [1, width])[:, None]
    rows = tf.reshape(images, [-1, height, width * channels]) * factor[:, :, None] + added
    return tf.reshape(tf.clip_by_value(rows, 0.0, 1.0), [-1, height, width, channels])


def _brightness(entry: Augmentation, images: tf.Tensor, even: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    added = _either_side(even[:, 0], _scaled(entry, "share", strength))[:, None, None, None]
    return tf.clip_by_value(images + added, 0.0, 1.0)


def _noise(entry: Augmentation, images: tf.Tensor, normal: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(images + _scaled(entry, "stddev", strength) * normal, 0.0, 1.0)


def _cutout(entry: Augmentation, images: tf.Tensor, even: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Black where a pixel's row and column both lie in the patch, which lies wholly in the image."""
    side = _scaled(entry, "side", strength)
    inside = []
    for axis in (0, 1):
        size = images.shape[1 + axis]
        pixels = tf.range(size, dtype=tf.float32)
        begin = even[:, axis, None] * (size - side * size)
        inside.append(tf.cast((pixels >= begin) & (pixels < begin + side * size), tf.float32))
    return images * (1 - inside[0][:, :, None, None] * inside[1][:, None, :, None])


_MOVES: dict[str, Callable[..., Affine]] = {
    "Flip": _flip,
    "Rotate": _rotate,
    "Translate": _translate,
    "Zoom": _zoom,
}
_CHANGES: dict[str, Callable[..., tf.Tensor]] = {
    "Contrast": _contrast,
    "Brightness": _brightness,
    "Noise": _noise,
    "Cutout": _cutout,
}
