"""A single picture on its way into a trained network: read within a bound of memory, shaped as its input.

A network that learnt from grey, light things on a dark ground (MNIST, Fashion-MNIST, scikit-learn's digits)
does not know ink on paper. What lies on a plain ground is therefore prepared as those images were: inverted
where the ground is light, cut out, made as large as they are, and centred by its mass
(LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.datasets.own.pictures import FORMATS, Unreadable, thumbnail

if TYPE_CHECKING:
    from PIL.Image import Image

KEPT_SIDE = 320
"""Longer side of a picture as it is kept, in pixels: more than twice the largest side of own data sets."""

MEMORY_BYTES = 160_000_000
"""What unpacking one picture may take; the page's process stays within 200 MB of before."""

SAMPLE = 300
"""So many images tell how a data set's images are laid out."""

_DARK = 32
"""Grey values below this count as dark ground, and differences below it as no ink."""

_PLAIN_SPREAD = 48
"""The edge of a plain ground differs by no more than this between its tenths from either end."""


@dataclass(frozen=True)
class Layout:
    """How the images of a data set are laid out: light things on a dark ground.

    Attributes:
        share: The longer side of the thing over the image's side, 0–1: 20 of 28 in MNIST.
    """

    share: float


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """A picture as the network takes it.

    Attributes:
        pixels: `(height, width, channels) uint8`, 0–255.
        how: What was done to the picture, in one line without a full stop.
    """

    pixels: NDArray[np.uint8]
    how: str


def read(content: bytes) -> NDArray[np.uint8]:
    """The picture in a file: upright, 8 bits, on white where transparent, the first frame of an animation.

    Args:
        content: The file's bytes.

    Returns:
        `(height, width, 3) uint8`, 0–255; the longer side is at most `KEPT_SIDE`.

    Raises:
        Unreadable: The file holds no picture, a damaged one, or one that would take too much memory.
    """
    from PIL import Image as pillow

    try:
        with pillow.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_memory(image)
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError, pillow.DecompressionBombWarning):
        pass  # `thumbnail` meets the same, and says it in words
    return thumbnail(io.BytesIO(content), KEPT_SIDE)


def layout_of(images: NDArray[np.uint8]) -> Layout | None:
    """How a data set's images are laid out, from a sample of them; None where they are not light on dark.

    Args:
        images: `(n, height, width, channels) uint8`, 0–255.
    """
    if images.shape[-1] != 1 or not len(images):
        return None
    grey = images[..., 0]
    corners = grey[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    longer = [max(height, width) for height, width in map(_extent, grey >= _DARK) if height]
    if (corners < _DARK).mean() < 0.75 or not longer:
        return None
    return Layout(min(1.0, float(np.median(longer)) / max(grey.shape[1:])))


def network_input(
    picture: NDArray[np.uint8], shape: tuple[int, int, int], layout: Layout | None = None
) -> NetworkInput:
    """Shape a picture as a network's input.

    Args:
        picture: `(height, width, 3) uint8`, 0–255, of any size.
        shape: (height, width, channels) that the network takes; one channel is grey, three are colours.
        layout: Of the images that the network learnt from, where they are light on dark.
    """
    from PIL import Image as pillow

    image = pillow.fromarray(picture)
    height, width, channels = shape
    grey = np.asarray(image.convert("L"))
    if layout is not None and channels == 1:
        made = _as_laid_out(grey, (height, width), layout)
        if made is not None:
            return made
    steps = []
    target = (width, height)
    if image.width * height != image.height * width:
        steps.append("cropped to its middle")
    if image.size != target:
        steps.append(f"resized to {width}×{height} pixels")
        box = _middle(image.size, target)
        image = image.resize(target, pillow.Resampling.BICUBIC, box=box)
    if channels == 1:
        colourful = bool((picture != picture[..., :1]).any())
        steps += ["turned to grey"] if colourful else []
        pixels = np.asarray(image.convert("L"))[..., np.newaxis]
    else:
        pixels = np.asarray(image)
    how = _sentence(steps) if steps else "Taken as it is: it has the network's size"
    return NetworkInput(np.array(pixels, np.uint8), how)


def _check_memory(image: Image) -> None:
    """Refuse what would take too much memory to unpack, from what the file's first bytes say."""
    if _unpacking_bytes(image) > MEMORY_BYTES:
        raise Unreadable(
            f"too large to open here: it has {image.width:,}×{image.height:,} pixels, "
            "and 2,000×2,000 are always small enough"
        )


def _unpacking_bytes(image: Image) -> int:
    """What reading takes at its highest, as measured with Pillow 13 on nine megapixels of each kind."""
    pixels = image.width * image.height
    if image.format in ("JPEG", "MPO"):
        # Its own reduction by 2, 4 or 8 leaves few pixels; a progressive file keeps every coefficient beside.
        reduced = 1 << min(3, max(0, int(np.log2(max(1.0, min(image.size) / KEPT_SIDE)))))
        return 8 * pixels // reduced**2 + (6 * pixels if image.info.get("progressive") else 0)
    if image.format in ("WEBP", "AVIF"):
        return 18 * pixels  # their readers keep whole frames beside the picture
    each = {"1": 6, "L": 2, "RGB": 8, "RGBA": 12, "CMYK": 8, "P": 18, "I;16": 12}
    return each.get(image.mode, 25) * pixels


def _as_laid_out(grey: NDArray[np.uint8], size: tuple[int, int], layout: Layout) -> NetworkInput | None:
    """What lies on a plain ground, prepared as the data set's images; None where there is no plain ground.

    Args:
        grey: `(height, width) uint8`, 0–255.
        size: (height, width) of the network's input.
        layout: Of the data set's images.
    """
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]).astype(float)
    low, ground, high = np.percentile(edge, (10, 50, 90))
    light = ground >= 128
    if high - low > _PLAIN_SPREAD or (grey.shape == size and not light):
        return None  # a photograph; or an image that is as the data set's are already
    ink = np.clip((ground - grey) if light else (grey - ground), 0, 255)
    strongest = float(ink.max())
    if strongest < _DARK:
        return None
    rows, columns = _span(ink >= strongest / 4)
    cut = (ink[rows, columns] * (255 / strongest)).astype(np.uint8)
    thing = _fitted(cut, size, layout.share)
    if not thing.any():
        return None  # so little ink on so much paper that the mean of each pixel rounds to none
    pixels = _centred(thing, size)
    longer, side = round(layout.share * max(size)), max(size)
    steps = ["inverted to light on dark"] if light else []
    steps += [f"cut out, made {longer} of {side} pixels large", "centred, as this data set's images are"]
    return NetworkInput(pixels[..., np.newaxis], _sentence(steps))


def _fitted(cut: NDArray[np.uint8], size: tuple[int, int], share: float) -> NDArray[np.uint8]:
    """Resized, with its proportions, to fill a share of the image: each pixel the mean of what it covers."""
    from PIL import Image as pillow

    height, width = cut.shape
    scale = min(size[0] * share / height, size[1] * share / width)
    target = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(pillow.fromarray(cut).resize(target, pillow.Resampling.BOX), float)
    # Thin strokes are greyed by the mean; the data sets' strokes reach white.
    return (small * (255 / max(1.0, small.max()))).astype(np.uint8)


def _centred(thing: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """On black, its centre of mass in the middle as far as the whole of it stays inside: `size uint8`."""
    made = np.zeros(size, np.uint8)
    mass = thing.astype(float)
    places = []
    for axis in (0, 1):
        along = mass.sum(axis=1 - axis)
        centre = float((along * (np.arange(len(along)) + 0.5)).sum() / along.sum())
        places.append(int(np.clip(round(size[axis] / 2 - centre), 0, size[axis] - len(along))))
    top, left = places
    made[top : top + thing.shape[0], left : left + thing.shape[1]] = thing
    return made


def _extent(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """(height, width) of the box around what is true; 0, 0 where nothing is."""
    if not mask.any():
        return 0, 0
    rows, columns = _span(mask)
    return rows.stop - rows.start, columns.stop - columns.start


def _span(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of the box around what is true, of which there is some."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _middle(size: tuple[int, int], target: tuple[int, int]) -> tuple[float, float, float, float]:
    """The largest box in the middle with the target's proportions: (left, top, right, bottom) in pixels."""
    scale = min(size[0] / target[0], size[1] / target[1])
    left, top = (size[0] - target[0] * scale) / 2, (size[1] - target[1] * scale) / 2
    return left, top, size[0] - left, size[1] - top


def _sentence(steps: list[str]) -> str:
    text = ", ".join(steps)
    return text[0].upper() + text[1:]
