from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from cnnlab.datasets.own.pictures import Preparation, Unreadable, centre_square, fitted, prepare, thumbnail
from cnnlab.errors import DatasetError
from tests.datasets.own.making import RED, encoded, gradient, picture

SMALL = Preparation(side=16)


def prepared(content: bytes, preparation: Preparation = SMALL) -> np.ndarray:
    return prepare(io.BytesIO(content), preparation)


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG that claims to be this large; its pixels would never end."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("colour", "channels"), [(True, 3), (False, 1)])
def test_every_picture_gets_the_shape_that_was_chosen(colour: bool, channels: int) -> None:
    pixels = prepared(encoded(picture(size=(123, 45))), Preparation(side=28, colour=colour))
    assert pixels.shape == (28, 28, channels)
    assert pixels.dtype == np.uint8


def test_cropping_agrees_with_pillow_s_own() -> None:
    image = Image.fromarray(gradient(300, 200))
    expected = np.asarray(ImageOps.fit(image, (32, 32), Image.Resampling.BICUBIC), np.int16)
    got = prepared(encoded(image, "PNG"), Preparation(side=32)).astype(np.int16)
    assert np.abs(got - expected).max() <= 3


def test_fitting_keeps_the_whole_picture_between_black_bars() -> None:
    pixels = prepared(encoded(picture(RED, size=(64, 32)), "PNG"), Preparation(side=32, crop=False))
    assert (pixels[:8] == 0).all()
    assert (pixels[24:] == 0).all()
    assert (pixels[8:24] == RED).all()


def test_grey_is_pillow_s_luma() -> None:
    pixels = prepared(encoded(picture(RED), "PNG"), Preparation(side=16, colour=False))
    assert set(pixels.ravel().tolist()) == {picture(RED).convert("L").getpixel((0, 0))}


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3000, 2)])
def test_the_oddest_proportions_are_taken(size: tuple[int, int]) -> None:
    for crop in (True, False):
        assert prepared(encoded(picture(size=size), "PNG"), Preparation(side=16, crop=crop)).any()


def test_a_photograph_is_turned_as_it_was_held() -> None:
    held = gradient(64, 64)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to view it
    stored = Image.fromarray(np.rot90(held).copy())
    content = encoded(stored, "JPEG", exif=exif, quality=95)
    got = prepared(content, Preparation(side=32)).astype(int)
    expected = np.asarray(Image.fromarray(held).resize((32, 32)), int)
    assert np.abs(got - expected).mean() < 4


def grey16() -> Image.Image:
    return Image.fromarray(np.full((20, 20), 40_000, np.uint16))


@pytest.mark.parametrize(
    ("image", "form", "expected"),
    [
        (picture((0, 255, 255, 0), mode="CMYK"), "JPEG", (255, 0, 0)),
        (grey16(), "PNG", (155, 155, 155)),
        (grey16(), "TIFF", (155, 155, 155)),
        (Image.fromarray(np.full((20, 20), 0.5, np.float32)), "TIFF", (127, 127, 127)),
        (picture(RED).convert("P", palette=Image.Palette.ADAPTIVE), "GIF", RED),
        (picture((10, 20, 30, 0), mode="RGBA"), "PNG", (255, 255, 255)),
        (picture((*RED, 255), mode="RGBA"), "WEBP", RED),
        (picture((90, 0), mode="LA"), "PNG", (255, 255, 255)),
        (picture(1, mode="1"), "PNG", (255, 255, 255)),
        (picture(77, mode="L"), "BMP", (77, 77, 77)),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_every_mode_becomes_eight_bits_of_colour(image: Image.Image, form: str, expected: tuple) -> None:
    pixels = prepared(encoded(image, form))
    assert np.abs(pixels.astype(int) - expected).max() <= 6


def test_a_transparent_palette_lies_on_white() -> None:
    image = Image.new("P", (20, 20), 0)
    image.putpalette([*RED, 0, 0, 0])
    assert (prepared(encoded(image, "PNG", transparency=0)) == 255).all()


@pytest.mark.parametrize("size", [(20_000, 20_000), (10_000, 10_000), (2**31 - 1, 1)])
def test_a_picture_of_too_many_pixels_is_refused_without_memory_growth(size: tuple[int, int]) -> None:
    content = png_header(*size)
    tracemalloc.start()
    with pytest.raises(Unreadable, match=r"larger than 50 megapixels"):
        prepared(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a picture"),
        (b"hello", "not a picture"),
        (encoded(picture(size=(400, 400)))[:400], "damaged"),
        (encoded(Image.fromarray(gradient()), "PNG")[:90], "damaged"),
        (png_header(300, 300)[:60], "damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
    ],
)
def test_what_cannot_be_read_is_said(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        prepared(content)


@pytest.mark.parametrize("side", [0, 15, 129, -3])
def test_a_side_that_cannot_be_meant_is_said(side: int) -> None:
    with pytest.raises(DatasetError, match=rf"expected a side from 16 to 128 pixels\. Received {side}\."):
        Preparation(side=side)


def test_boxes_by_hand() -> None:
    assert centre_square(60, 40) == (10, 0, 50, 40)
    assert centre_square(3, 6) == (0, 1.5, 3, 4.5)
    assert fitted(64, 32, 16) == (16, 8)
    assert fitted(1, 5000, 16) == (1, 16)


def test_a_thumbnail_keeps_the_proportions() -> None:
    assert thumbnail(io.BytesIO(encoded(picture(size=(800, 400)))), 100).shape == (50, 100, 3)
