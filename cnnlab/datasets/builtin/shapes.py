"""Coloured shapes, drawn from a seed: learnt in seconds by a convolutional network, not by a linear one.

Each image has a soft two-coloured background, distractor strokes behind, and one shape of random colour,
size, position and rotation. Pillow draws the outlines enlarged; averaging them down smooths the edges.
Colours are chosen in OKLCh, where a step in lightness looks equally large in every hue: a shape always
stands out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.datasets.dataset import Content, Images, Labels

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

VERSION = "2"
"""To be changed with whatever changes the pixels: stored copies are then drawn again."""

SEED = 2024
"""The images are always the same; the seed of a run only decides how they are split."""

IMAGES_PER_CLASS = 750
OVERSAMPLING = 4
_CHUNK = 500

Floats = NDArray[np.float32]
Outline = list[tuple[float, float]]


@dataclass(frozen=True)
class Difficulty:
    """How hard the shapes are to tell apart.

    Attributes:
        radius: smallest and largest radius of a shape, as a share of half the image.
        contrast: smallest difference of lightness (OKLCh, 0 to 1) between shape and background.
        noise: standard deviation of the pixel noise, 0 to 255.
        strokes: smallest and largest number of distractor strokes.
        spread: largest distance of the centre from the middle, as a share of the free room.
    """

    radius: tuple[float, float]
    contrast: float
    noise: float
    strokes: tuple[int, int]
    spread: float


DIFFICULTIES = {
    "default": Difficulty(radius=(0.55, 0.88), contrast=0.36, noise=4, strokes=(0, 2), spread=1.0),
    "easy": Difficulty(radius=(0.60, 0.88), contrast=0.42, noise=2, strokes=(0, 0), spread=0.6),
    "hard": Difficulty(radius=(0.40, 0.80), contrast=0.24, noise=9, strokes=(2, 5), spread=1.0),
}


def _polygon(corners: int, *, inner: float | None = None) -> Outline:
    """A regular polygon of radius 1, or a star where every second corner lies at the radius `inner`."""
    count = corners if inner is None else 2 * corners
    radii = [1.0 if inner is None or i % 2 == 0 else inner for i in range(count)]
    angles = [2 * math.pi * i / count - math.pi / 2 for i in range(count)]
    return [(r * math.cos(a), r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]


def _heart() -> Outline:
    """The curve x = 16 sin³t, y = 13 cos t − 5 cos 2t − 2 cos 3t − cos 4t, shifted and scaled to radius 1."""
    points = []
    for i in range(40):
        t = 2 * math.pi * i / 40
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((16 * math.sin(t) ** 3 / 16, -(y + 2.5) / 16))
    return points


def _crescent() -> Outline:
    """A moon: the left half of a circle, closed by a flatter arc that bends the same way."""
    outer = [math.pi * (0.5 + i / 20) for i in range(21)]
    inner = [math.pi * (1.5 - i / 20) for i in range(1, 20)]
    moon = [(math.cos(a), math.sin(a)) for a in outer] + [(0.42 * math.cos(a), math.sin(a)) for a in inner]
    return [(x + 0.45, y) for x, y in moon]


def _cross(arm: float = 0.32) -> Outline:
    quarter = [(arm, -1.0), (arm, -arm), (1.0, -arm)]
    turns = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    return [(x * c - y * s, x * s + y * c) for c, s in turns for x, y in quarter]


_OUTLINES: dict[str, Outline] = {
    "circle": _polygon(40),
    "ring": _polygon(40),
    "crescent": _crescent(),
    "triangle": _polygon(3),
    "square": _polygon(4),
    "cross": _cross(),
    "star": _polygon(5, inner=0.42),
    "heart": _heart(),
}
_HOLE = {"ring": 0.55}

CLASS_NAMES = tuple(_OUTLINES)
COUNT = IMAGES_PER_CLASS * len(CLASS_NAMES)


def content(*, size: int, difficulty: str) -> Content:
    """All shapes in a random order.

    Args:
        size: height and width in pixels.
        difficulty: a key of `DIFFICULTIES`.
    """
    return Content(COUNT, 0, _chunks(size, DIFFICULTIES[difficulty]))


def _chunks(size: int, difficulty: Difficulty) -> Iterator[tuple[Images, Labels]]:
    rng = np.random.default_rng([SEED, size, list(DIFFICULTIES.values()).index(difficulty)])
    labels = rng.permutation(np.repeat(np.arange(len(CLASS_NAMES), dtype=np.int64), IMAGES_PER_CLASS))
    for start in range(0, COUNT, _CHUNK):
        part = labels[start : start + _CHUNK]
        yield draw(part, size=size, difficulty=difficulty, rng=rng), part


def draw(labels: Labels, *, size: int, difficulty: Difficulty, rng: np.random.Generator) -> Images:
    """Draw one image a label.

    Args:
        labels: (n,) int64, indices into `CLASS_NAMES`.
        size: height and width in pixels.
        difficulty: how hard they are to tell apart.
        rng: the only source of chance.

    Returns:
        (n, size, size, 3) uint8, 0–255.
    """
    n = len(labels)
    shape_masks = _masks(n, size, lambda pen, i: _draw_shape(pen, int(labels[i]), size, difficulty, rng))
    stroke_masks = _masks(n, size, lambda pen, _: _draw_strokes(pen, size, difficulty, rng))
    backgrounds, strokes, shapes = _colours(n, difficulty, rng)
    images = _gradient(backgrounds, size, rng)
    images += stroke_masks * (strokes[:, None, None] - images)
    images += shape_masks * (shapes[:, None, None] - images)
    images *= 255
    images += np.float32(difficulty.noise) * rng.standard_normal(images.shape, np.float32)
    return np.rint(np.clip(images, 0, 255, out=images), out=images).astype(np.uint8)


def _masks(n: int, size: int, paint: Callable[[ImageDraw, int], None]) -> Floats:
    """(n, size, size, 1) float32, 0–1: how much of each pixel is covered."""
    from PIL import Image, ImageDraw

    masks = np.empty((n, size, size, 1), np.float32)
    for i in range(n):
        canvas = Image.new("L", (size * OVERSAMPLING, size * OVERSAMPLING))
        paint(ImageDraw.Draw(canvas), i)
        masks[i, ..., 0] = np.asarray(canvas.reduce(OVERSAMPLING), np.float32) / 255
    return masks


def _draw_shape(
    pen: ImageDraw, label: int, size: int, difficulty: Difficulty, rng: np.random.Generator
) -> None:
    name = CLASS_NAMES[label]
    half = size * OVERSAMPLING / 2
    radius = half * rng.uniform(*difficulty.radius)
    room = difficulty.spread * (half - radius)
    x, y = half + rng.uniform(-room, room, 2)
    angle = rng.uniform(0, 2 * math.pi)
    pen.polygon(_place(_OUTLINES[name], radius, angle, x, y), fill=255)
    if name in _HOLE:
        pen.polygon(_place(_OUTLINES[name], radius * _HOLE[name], angle, x, y), fill=0)


def _place(outline: Outline, radius: float, angle: float, x: float, y: float) -> Outline:
    c, s = radius * math.cos(angle), radius * math.sin(angle)
    return [(x + u * c - v * s, y + u * s + v * c) for u, v in outline]


def _draw_strokes(pen: ImageDraw, size: int, difficulty: Difficulty, rng: np.random.Generator) -> None:
    side = size * OVERSAMPLING
    low, high = difficulty.strokes
    for _ in range(rng.integers(low, high + 1)):
        points = [(float(x), float(y)) for x, y in rng.uniform(0, side, (2, 2))]
        pen.line(points, fill=255, width=round(side * rng.uniform(0.02, 0.05)))


def _colours(n: int, difficulty: Difficulty, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Backgrounds (n, 2, 3), strokes (n, 3) and shapes (n, 3) as sRGB, 0–1."""
    dark = rng.random(n) < 0.5
    # Dark on light or light on dark: neither brightness nor colour alone says anything about the class.
    ground = np.where(dark, rng.uniform(0.22, 0.40, n), rng.uniform(0.84, 0.96, n))
    step = rng.uniform(difficulty.contrast, difficulty.contrast + 0.2, n)
    shape = np.clip(np.where(dark, ground + step, ground - step), 0.25, 0.93)
    hue = rng.uniform(0, 360, (n, 3))
    ends = np.stack([ground - 0.04, ground + 0.04], 1)
    end_hues = np.stack([hue[:, 0], hue[:, 0] + rng.uniform(-70, 70, n)], 1)
    backgrounds = _srgb(ends, np.where(dark, 0.07, 0.04)[:, None], end_hues)
    strokes = _srgb(ground + np.where(dark, 1, -1) * step * 0.5, np.full(n, 0.08), hue[:, 1])
    shapes = _srgb(shape, rng.uniform(0.13, 0.2, n), hue[:, 2])
    return backgrounds, strokes, shapes


def _gradient(ends: Floats, size: int, rng: np.random.Generator) -> Floats:
    """(n, size, size, 3) float32: from one colour to the other along a random direction."""
    axis = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    angle = rng.uniform(0, 2 * math.pi, (len(ends), 1, 1)).astype(np.float32)
    along = (np.cos(angle) * axis + np.sin(angle) * axis[:, None]) / np.float32(math.sqrt(2)) + np.float32(
        0.5
    )
    first, last = ends[:, 0, None, None], ends[:, 1, None, None]
    return first + along[..., None] * (last - first)


def _srgb(lightness: NDArray[np.float64], chroma: NDArray[np.float64], hue: NDArray[np.float64]) -> Floats:
    """OKLCh to sRGB, 0–1, cut to what a screen shows (B. Ottosson, "A perceptual color space", 2020)."""
    a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
    l_, m_, s_ = (
        (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    )
    linear = np.stack(
        [
            4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
            -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
            -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
        ],
        axis=-1,
    )
    linear = np.clip(linear, 0, 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(curve, np.float32)
