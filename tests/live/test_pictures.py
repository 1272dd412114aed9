"""Kernels and feature maps as they move, painted for browsers."""

from __future__ import annotations

import base64
import io

import httpx
import numpy as np
import pytest
from PIL import Image

from cnnlab.live.pictures import address, paint_kernels, paint_maps, sheet
from cnnlab.runs.store import RunRow, Store, get_store
from cnnlab.spec import presets
from tests.live.serving import serving


def read(uri: str) -> np.ndarray:
    """The pixels of a PNG given as an address, `(height, width, 4) uint8`."""
    form, _, text = uri.partition(",")
    assert form == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA"))


def test_tiles_lie_in_rows_with_see_through_gaps() -> None:
    tiles = np.full((3, 2, 2, 3), 9, np.uint8)
    laid = sheet(tiles, columns=2, gap=1)
    assert laid.shape == (5, 5, 4)
    assert laid[0, 0].tolist() == [9, 9, 9, 255]
    assert not laid[2].any()
    assert not laid[:, 2].any()
    assert not laid[3:, 3:].any(), "there is no fourth tile"


def test_one_tile_has_no_gap() -> None:
    assert sheet(np.zeros((1, 3, 4, 3), np.uint8), columns=8, gap=2).shape == (3, 4, 4)


def test_kernels_of_grey_images_are_blue_below_zero_and_red_above() -> None:
    kernels = np.zeros((1, 1, 1, 2), np.float32)
    kernels[..., 0], kernels[..., 1] = -1.0, 1.0
    row = read(paint_kernels(kernels))[0].astype(int)
    assert row[0, 2] > row[0, 0]
    assert row[2, 0] > row[2, 2]
    assert row[1, 3] == 0


def test_kernels_of_colour_images_have_their_colours() -> None:
    kernels = np.zeros((1, 1, 3, 1), np.float32)
    kernels[0, 0, :, 0] = [0.5, -0.5, 0.0]
    assert np.abs(read(paint_kernels(kernels))[0, 0].astype(int) - [255, 0, 128, 255]).max() <= 2


def test_maps_share_one_scale() -> None:
    maps = np.zeros((1, 1, 2), np.float32)
    maps[..., 1] = 3.0
    quiet, loud = read(paint_maps(maps))[0, [0, 3]].astype(int)
    assert quiet[:3].sum() < loud[:3].sum()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_image_is_shown_as_it_is(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 4, channels), np.uint8)
    assert (read(address(image))[..., :3] == image).all()


@pytest.fixture
def store() -> Store:
    return get_store()


@pytest.fixture
def row(store: Store) -> RunRow:
    return store.create_run(presets.preset("digits").design, owner="a")


def test_browsers_are_given_the_newest_pictures(store: Store, row: RunRow) -> None:
    rng = np.random.default_rng(0)
    with serving() as url, httpx.Client(base_url=url, timeout=20) as client:
        assert client.get(f"/cnnlab/runs/{row.id}/pictures").json() == {}
        for step in (3, 8):
            store.files(row.id).write_snapshot(
                step,
                "conv2d",
                kernels=rng.normal(size=(3, 3, 1, 70)).astype(np.float32),
                maps=rng.normal(size=(6, 6, 70)).astype(np.float32),
                image=np.zeros((8, 8, 1), np.uint8),
            )
            found = client.get(f"/lab/cnnlab/runs/{row.id}/pictures").json()
            assert (found["step"], found["layer"], found["shown"], found["are"]) == (step, "conv2d", 64, 70)
        assert read(found["kernels"]).shape == (4 * 4 - 1, 16 * 4 - 1, 4)
        assert read(found["maps"]).shape == (8 * 8 - 2, 8 * 8 - 2, 4)
        assert client.get("/cnnlab/runs/0123456789/pictures").status_code == 404
