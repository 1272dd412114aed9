"""A picture becomes a network's input: right, or refused in one line, within a bound of memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cnnlab import datasets
from cnnlab.datasets.own.network_input import KEPT_SIDE, Layout, layout_of, network_input, read
from cnnlab.datasets.own.pictures import Unreadable
from tests.datasets.own.making import BLUE, RED, encoded, gradient, picture
from tests.datasets.own.test_pictures import grey16, png_header

MNIST = Layout(20 / 28)
MNIST_SHAPE, COLOUR_SHAPE = (28, 28, 1), (32, 32, 3)


def stroke(box: tuple[int, int, int, int], ground: int = 255, ink: int = 0) -> np.ndarray:
    """A sheet of 256×256 pixels with one filled box (left, top, right, bottom, all inside), as RGB."""
    sheet = Image.new("RGB", (256, 256), (ground,) * 3)
    ImageDraw.Draw(sheet).rectangle(box, fill=(ink,) * 3)
    return np.asarray(sheet)


def extent(image: np.ndarray) -> tuple[int, int, int, int]:
    """First row, last row, first column, last column that hold light."""
    rows, columns = np.nonzero(image[..., 0] > 32)
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())


# Reading


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (encoded(picture((0, 255, 255, 0), mode="CMYK"), "JPEG"), (255, 0, 0)),
        (encoded(grey16(), "PNG"), (155, 155, 155)),
        (encoded(picture(RED).convert("P", palette=Image.Palette.ADAPTIVE), "PNG"), RED),
        (encoded(picture((10, 20, 30, 0), mode="RGBA"), "PNG"), (255, 255, 255)),
        (encoded(picture((90, 0), mode="LA"), "PNG"), (255, 255, 255)),
        (encoded(picture(RED, size=(1, 1)), "PNG"), RED),
        (encoded(picture(RED), "GIF", save_all=True, append_images=[picture(BLUE)]), RED),
        (encoded(picture(RED), "WEBP", save_all=True, append_images=[picture(BLUE)]), RED),
    ],
    ids=[
        "CMYK",
        "16-bit",
        "palette",
        "transparent",
        "transparent grey",
        "1x1",
        "animated GIF",
        "animated WebP",
    ],
)
def test_every_kind_of_picture_is_shown_right(content: bytes, colour: tuple[int, int, int]) -> None:
    made = network_input(read(content), COLOUR_SHAPE)
    assert made.pixels.shape == COLOUR_SHAPE
    assert made.pixels.dtype == np.uint8
    assert np.abs(made.pixels.astype(int) - colour).max() <= 6


def test_a_photograph_is_turned_as_it_was_held() -> None:
    held = gradient(64, 64)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to view it
    stored = Image.fromarray(np.rot90(held).copy())
    got = read(encoded(stored, "JPEG", exif=exif, quality=95)).astype(int)
    assert np.abs(got - held).mean() < 4


@pytest.mark.parametrize("size", [(900, 600), (3000, 2)])
def test_a_large_picture_is_kept_small_with_its_proportions(size: tuple[int, int]) -> None:
    kept = read(encoded(picture(size=size), "PNG"))
    assert max(kept.shape) == KEPT_SIDE
    assert min(kept.shape[:2]) == max(1, round(KEPT_SIDE * size[1] / size[0]))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (png_header(20_000, 20_000), r"^larger than 50 megapixels"),
        (png_header(6_000, 6_000), r"^too large to open here: it has 6,000×6,000 pixels, and 2,000"),
        (encoded(Image.fromarray(gradient(400, 400)))[:3000], r"^damaged"),
        (b"this is a text", r"^not a picture that can be read$"),
        (b"", r"^not a picture that can be read$"),
    ],
    ids=["20,000 x 20,000", "bomb", "truncated JPEG", "text", "empty"],
)
@pytest.mark.filterwarnings("default::PIL.Image.DecompressionBombWarning")
def test_what_cannot_be_shown_is_said_in_one_line(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason) as caught:
        read(content)
    assert "\n" not in str(caught.value)


_MEASURE = """
import io, sys
from pathlib import Path
from PIL import Image
from cnnlab.datasets.own.network_input import read
from cnnlab.datasets.own.pictures import Unreadable

def number(name):
    line = next(line for line in open("/proc/self/status") if line.startswith(name))
    return int(line.split()[1]) * 1024

small = io.BytesIO()
Image.new("RGB", (50, 50)).save(small, "PNG")
read(small.getvalue())
content = Path(sys.argv[1]).read_bytes()
before = number("VmRSS")
try:
    read(content)
    said = "read"
except Unreadable as exc:
    said = str(exc)
print(number("VmHWM") - before, said)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
@pytest.mark.parametrize(
    ("mode", "form", "size", "options"),
    [
        ("RGB", "PNG", (4_400, 4_400), {}),
        ("LA", "PNG", (2_500, 2_500), {}),
        ("RGB", "JPEG", (5_000, 4_900), {"progressive": True}),
        ("RGB", "PNG", (7_000, 7_000), {}),
    ],
    ids=["largest PNG", "largest with transparency", "largest progressive JPEG", "a PNG that is refused"],
)
def test_memory_stays_within_200_mb_of_before(
    mode: str, form: str, size: tuple[int, int], options: dict[str, bool], tmp_path: Path
) -> None:
    file = tmp_path / "large"
    file.write_bytes(encoded(Image.new(mode, size), form, **options))
    result = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(file)], capture_output=True, text=True, check=True, timeout=120
    )
    growth, said = result.stdout.split(maxsplit=1)
    assert int(growth) < 200_000_000
    assert said.startswith("too large to open here" if size[0] == 7_000 else "read")


# How a data set's images are laid out


def test_digits_are_light_on_dark_and_fill_the_image() -> None:
    data = datasets.load("digits")
    assert layout_of(data.images[:300]) == Layout(1.0)


def test_images_in_colour_or_on_a_light_ground_have_no_such_layout() -> None:
    assert layout_of(datasets.load("shapes").images[:300]) is None
    digits = datasets.load("digits").images[:300]
    assert layout_of(255 - digits) is None
    assert layout_of(np.zeros((5, 8, 8, 1), np.uint8)) is None
    assert layout_of(np.zeros((0, 8, 8, 1), np.uint8)) is None


def test_the_share_is_the_things_longer_side() -> None:
    images = np.zeros((4, 28, 28, 1), np.uint8)
    images[:, 4:24, 10:15] = 255
    assert layout_of(images) == Layout(20 / 28)


# Shaping


def test_ink_on_paper_becomes_light_on_dark_as_in_mnist() -> None:
    made = network_input(stroke((20, 40, 59, 119)), MNIST_SHAPE, MNIST)
    assert extent(made.pixels) == (4, 23, 9, 18)  # 20 high, 10 wide, in the middle of 28
    assert set(np.unique(made.pixels)) == {0, 255}
    assert made.how == (
        "Inverted to light on dark, cut out, made 20 of 28 pixels large, "
        "centred, as this data set's images are"
    )


def test_light_on_dark_is_not_inverted() -> None:
    made = network_input(stroke((20, 40, 59, 119), ground=0, ink=255), MNIST_SHAPE, MNIST)
    assert extent(made.pixels) == (4, 23, 9, 18)
    assert made.how.startswith("Cut out, made 20 of 28 pixels large")


def test_the_centre_of_mass_lies_in_the_middle() -> None:
    sheet = Image.fromarray(stroke((40, 40, 199, 59)))  # a bar, and a stem at its left: an L upside down
    ImageDraw.Draw(sheet).rectangle((40, 40, 59, 199), fill="black")
    light = network_input(np.asarray(sheet), MNIST_SHAPE, MNIST).pixels[..., 0].astype(float)
    places = np.arange(28) + 0.5
    centre = [(light.sum(axis=axis) * places).sum() / light.sum() for axis in (1, 0)]
    assert centre == pytest.approx([14, 14], abs=0.5)
    assert extent(light[..., None])[0] != 4  # its box does not


def test_a_thing_that_fills_the_image_stays_inside() -> None:
    made = network_input(stroke((100, 10, 119, 240)), (8, 8, 1), Layout(1.0))
    assert extent(made.pixels)[:2] == (0, 7)
    assert made.pixels.max() == 255


def test_an_image_of_the_data_set_is_taken_as_it_is() -> None:
    image = datasets.load("digits").images[3]
    made = network_input(np.repeat(image, 3, axis=-1), (8, 8, 1), Layout(1.0))
    np.testing.assert_array_equal(made.pixels, image)
    assert made.how == "Taken as it is: it has the network's size"


def test_an_inverted_image_of_the_data_set_is_inverted_back() -> None:
    image = np.zeros((28, 28, 1), np.uint8)
    image[4:24, 9:19] = 255
    made = network_input(np.repeat(255 - image, 3, axis=-1), MNIST_SHAPE, MNIST)
    np.testing.assert_array_equal(made.pixels, image)


def test_a_photograph_is_only_cropped_resized_and_turned_to_grey() -> None:
    photograph = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    made = network_input(photograph, MNIST_SHAPE, MNIST)
    assert made.how == "Cropped to its middle, resized to 28×28 pixels, turned to grey"
    middle = Image.fromarray(photograph[:, 15:75]).resize((28, 28), Image.Resampling.BICUBIC).convert("L")
    difference = made.pixels[..., 0].astype(int) - np.asarray(middle, int)
    # The outermost columns also look beyond the box.
    assert np.abs(difference[:, 2:-2]).max() <= 2


def test_an_empty_sheet_is_no_ink() -> None:
    made = network_input(np.full((256, 256, 3), 255, np.uint8), MNIST_SHAPE, MNIST)
    assert (made.pixels == 255).all()
    assert made.how == "Resized to 28×28 pixels"


def test_ink_that_the_networks_size_swallows_is_no_ink() -> None:
    sheet = np.full((320, 320, 3), 255, np.uint8)
    sheet[[5, 310], [5, 310]] = 0
    made = network_input(sheet, (8, 8, 1), Layout(1.0))
    assert made.how == "Resized to 8×8 pixels"
    assert (made.pixels > 250).all()


def test_a_drawing_for_a_network_of_colours_stays_ink_on_paper() -> None:
    made = network_input(stroke((0, 0, 127, 255)), COLOUR_SHAPE)
    assert (made.pixels[:, :15] == 0).all()
    assert (made.pixels[:, 17:] == 255).all()


@pytest.mark.parametrize("shape", [(8, 8, 1), (24, 40, 3), (40, 24, 1)])
@pytest.mark.parametrize("size", [(1, 1), (1, 320), (320, 3), (17, 29)])
def test_every_size_becomes_the_networks(size: tuple[int, int], shape: tuple[int, int, int]) -> None:
    for layout in (None, Layout(0.7)):
        made = network_input(np.asarray(picture(RED, size=size)), shape, layout)
        assert made.pixels.shape == shape
        assert made.pixels.dtype == np.uint8
