"""One picture on its way into a data set: opened with care, turned upright, cropped, resized, in 8 bits."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import settings
from cnnlab.errors import DatasetError

if TYPE_CHECKING:
    from PIL.Image import Image

SIDES = (16, 24, 28, 32, 48, 64, 96, 128)
"""Sides to choose from, in pixels."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM")
"""What Pillow is asked to read: no format that runs a program (EPS). MPO, of phones, comes with JPEG."""

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        "jpg",
        "jpeg",
        "jpe",
        "jfif",
        "mpo",
        "png",
        "webp",
        "gif",
        "bmp",
        "tif",
        "tiff",
        "avif",
        "ppm",
    )
)
HEIC_SUFFIXES = frozenset({".heic", ".heif"})

_LARGE_PIXELS = 12_000_000
_large = threading.Lock()
"""Held while a large picture is unpacked: memory is bounded by one of them, however many threads decode."""


class Unreadable(Exception):
    """A picture cannot be used; the message says why, in words for the list of what was left out."""


@dataclass(frozen=True)
class Preparation:
    """What is done to every picture.

    Attributes:
        side: of the square that comes out, in pixels.
        colour: three channels, red, green and blue; else one, grey.
        crop: cut the largest square from the middle; else the whole picture with black bars, as Keras's
            `pad_to_aspect_ratio` does.
    """

    side: int = 64
    colour: bool = True
    crop: bool = True

    def __post_init__(self) -> None:
        if not SIDES[0] <= self.side <= SIDES[-1]:
            raise DatasetError(
                f"Own images: expected a side from {SIDES[0]} to {SIDES[-1]} pixels. Received {self.side!r}."
            )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of what comes out."""
        return self.side, self.side, 3 if self.colour else 1

    def in_words(self) -> str:
        """Such as "cropped to 64×64 pixels, in colour"."""
        how = "cropped to" if self.crop else "fitted into"
        return f"{how} {self.side}×{self.side} pixels, in {'colour' if self.colour else 'grey'}"

    def to_plain(self) -> dict[str, Any]:
        """As plain data; `Preparation(**plain)` reads it."""
        return asdict(self)


def prepare(file: IO[bytes], preparation: Preparation) -> NDArray[np.uint8]:
    """Read one picture and make of it what the network will see.

    Args:
        file: the picture's file.
        preparation: what is done to it.

    Returns:
        (side, side, channels) uint8, 0–255.

    Raises:
        Unreadable: the file holds no picture, a damaged one, or one of too many pixels.
    """
    image = _upright(file, 2 * preparation.side)
    return finish(image, preparation)


def finish(image: Image, preparation: Preparation) -> NDArray[np.uint8]:
    """Crop or fit, resize, and take colour or grey: (side, side, channels) uint8, 0–255.

    Args:
        image: upright, of mode RGB.
        preparation: what is done to it.
    """
    from PIL import Image as pillow

    side = preparation.side
    if preparation.crop:
        box = centre_square(*image.size)
        square = image.resize((side, side), pillow.Resampling.BICUBIC, box=box, reducing_gap=2.0)
    else:
        size = fitted(*image.size, side)
        inner = image.resize(size, pillow.Resampling.BICUBIC, reducing_gap=2.0)
        square = pillow.new("RGB", (side, side))
        square.paste(inner, ((side - size[0]) // 2, (side - size[1]) // 2))
    pixels = np.asarray(square if preparation.colour else square.convert("L"), np.uint8)
    return pixels.reshape(preparation.image_shape)


def thumbnail(file: IO[bytes], side: int) -> NDArray[np.uint8]:
    """The whole picture, upright and small, with its own proportions: (height, width, 3) uint8, 0–255.

    Args:
        file: the picture's file.
        side: of the longer side, in pixels.

    Raises:
        Unreadable: as `prepare`.
    """
    image = _upright(file, side)
    image.thumbnail((side, side))
    return np.asarray(image, np.uint8)


def centre_square(width: int, height: int) -> tuple[float, float, float, float]:
    """The largest square in the middle: (left, top, right, bottom) in pixels."""
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """(width, height) of the whole picture inside a square, at least one pixel each."""
    scale = side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _upright(file: IO[bytes], enough: int) -> Image:
    """The picture turned as it was held, of mode RGB; a JPEG only about as large as is needed.

    Args:
        file: the picture's file.
        enough: the shorter side that is needed, in pixels.
    """
    from PIL import Image as pillow
    from PIL import ImageOps, UnidentifiedImageError

    try:
        image = pillow.open(file, formats=FORMATS)
        _check_pixels(*image.size)
        # JPEG's own reduction by 2, 4 or 8 skips most of the work of unpacking.
        scale = max(1.0, min(image.size) / enough)
        image.draft(None, (int(image.width / scale), int(image.height / scale)))
        with _large if image.width * image.height > _LARGE_PIXELS else nullcontext():
            # In place: no second copy where nothing is to be turned.
            ImageOps.exif_transpose(image, in_place=True)
            upright = _smaller(image, enough)
        return _eight_bits(upright)
    except UnidentifiedImageError as exc:
        raise Unreadable("not a picture that can be read") from exc
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning) as exc:
        raise Unreadable(_too_many()) from exc
    # Damaged files make Pillow's readers raise whatever their parsing stumbles over.
    except (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, EOFError, MemoryError) as exc:
        raise Unreadable(f"damaged ({exc})" if str(exc) else "damaged") from exc


def _smaller(image: Image, enough: int) -> Image:
    """Reduced by a whole factor as long as it stays large enough; JPEG was never larger."""
    factor = min(image.size) // enough
    return image.reduce(factor) if factor > 1 and image.mode in ("L", "RGB", "RGBA", "CMYK") else image


def _check_pixels(width: int, height: int) -> None:
    """Before anything is unpacked: the size stands in the file's first bytes."""
    if width * height > settings.get().image_pixels:
        raise Unreadable(f"{_too_many()}: it has {width:,}×{height:,}")


def _too_many() -> str:
    return f"larger than {settings.get().image_pixels // 1_000_000} megapixels"


def _eight_bits(image: Image) -> Image:
    """Any mode as RGB: 16 bits become 8, what is transparent lies on white."""
    from PIL import Image as pillow

    if image.mode.startswith(("I", "F")):
        return pillow.fromarray(_scaled(np.asarray(image))).convert("RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = pillow.new("RGBA", image.size, "white")
        return pillow.alpha_composite(paper, image).convert("RGB")
    return image.convert("RGB")


def _scaled(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey values of 16 or 32 bits as 0–255: Pillow's own conversion would clip them at 255.

    Args:
        values: (height, width) uint16, int32 or float32; 16-bit greys reach 65,535, floats 1 or 255.
    """
    if values.dtype.kind == "f":
        finite = np.nan_to_num(values)
        scale = 255.0 if finite.max(initial=0.0) <= 1.0 else 1.0
        return np.clip(finite * scale, 0, 255).astype(np.uint8)
    if values.dtype.itemsize == 2 or values.max(initial=0) > 255:
        return (np.clip(values, 0, 65_535) // 257).astype(np.uint8)
    return np.clip(values, 0, 255).astype(np.uint8)
