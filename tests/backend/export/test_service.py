"""The folder that serves a network: started as its README says, and called over HTTP."""

from __future__ import annotations

import importlib.util
import io
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from cnnlab.backend.export.deployable import Deployable
from cnnlab.backend.export.task import export
from cnnlab.runs import RunRow
from tests.backend.conftest import finished, store, trained_home

__all__ = ["finished", "store", "trained_home"]  # fixtures

pytestmark = pytest.mark.slow

START_SECONDS = 60.0


def png(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture
def folder(finished: RunRow, tmp_path: Path) -> Path:
    export(finished.id, "serve", str(tmp_path / "digits-service"))
    return tmp_path / "digits-service"


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    """A client of the service, started from its folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)], cwd=folder, stderr=subprocess.PIPE
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            end, tick = time.monotonic() + START_SECONDS, threading.Event()
            while process.poll() is None:
                try:
                    http.get("/health")
                    break
                except httpx.TransportError:
                    assert time.monotonic() < end, f"the service did not start in {START_SECONDS:g} s"
                    tick.wait(0.05)
            assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
            yield http
    finally:
        process.terminate()
        process.wait(20)
        if process.stderr:
            process.stderr.close()


def test_the_folder_holds_all_that_it_needs(folder: Path) -> None:
    assert sorted(each.name for each in folder.iterdir()) == [
        "Dockerfile", "README.md", "app.py", "index.html", "model.json", "model.tflite", "requirements.txt"
    ]  # fmt: skip
    readme = (folder / "README.md").read_text()
    block = readme.split("```sh\n", 1)[1].split("```", 1)[0]
    assert block.count("\n") == 3  # three commands
    copied = next(
        line for line in (folder / "Dockerfile").read_text().splitlines() if line.startswith("COPY app")
    )
    assert all((folder / name).exists() for name in copied.split()[1:-1])
    app = (folder / "app.py").read_text()
    assert "cnnlab" not in app
    assert "tensorflow" not in app


def test_the_service_says_what_the_network_says(client: httpx.Client, finished: RunRow) -> None:
    network = Deployable(finished.id)
    images = network.test_images()[:10]
    wanted = network.probabilities(images)
    for image, row in zip(images, wanted, strict=True):
        answer = client.post("/predict", files={"image": ("photo.png", png(image[:, :, 0]))})
        assert answer.status_code == 200
        said = answer.json()
        np.testing.assert_allclose(list(said["probabilities"].values()), row, atol=1e-5)
        assert said["class"] == str(row.argmax())
        assert said["probability"] == pytest.approx(row.max(), abs=1e-5)
    inverted = client.post(
        "/predict", files={"image": ("photo.png", png(255 - images[0, :, :, 0]))}, data={"invert": "true"}
    )
    np.testing.assert_allclose(list(inverted.json()["probabilities"].values()), wanted[0], atol=1e-5)


def test_the_page_takes_a_picture(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert 'type="file"' in page.text
    assert "://" not in page.text  # nothing from elsewhere: it works without a network
    assert client.get("/health").json()["class_names"] == list("0123456789")


def test_any_picture_is_made_to_fit(client: httpx.Client) -> None:
    draw = np.random.default_rng(0)
    for pixels, kind in (
        (draw.integers(0, 256, (301, 200, 3), np.uint8), "JPEG"),
        (draw.integers(0, 256, (5, 90, 4), np.uint8), "PNG"),
        (draw.integers(0, 256, (1, 1), np.uint8), "BMP"),
    ):
        answer = client.post("/predict", files={"image": ("photo", png(pixels, kind))})
        assert answer.status_code == 200, answer.text
        assert sum(answer.json()["probabilities"].values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("crop", [True, False])
def test_a_photo_is_prepared_as_own_images_are(
    folder: Path, crop: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnlab.datasets.own.pictures import Preparation, prepare

    spec = importlib.util.spec_from_file_location("served_app", folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    app.FACTS.update(height=32, width=32, channels=3, crop=crop)
    rows, columns = np.mgrid[0:90, 0:60]
    photo = np.stack([rows * 2, columns * 4, 128 + 100 * np.sin(rows / 9)], axis=-1).astype(np.uint8)
    wanted = prepare(io.BytesIO(png(photo)), Preparation(32, colour=True, crop=crop))
    found = app.prepared(png(photo), False)
    assert found.shape == wanted.shape
    assert np.abs(found.astype(int) - wanted).mean() < 1


def test_what_is_no_picture_is_refused_in_words(client: httpx.Client) -> None:
    small = png(np.zeros((8, 8), np.uint8))
    torn = png(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))[:2000]
    for data, status, words in (
        (b"", 415, "This is no picture that can be read."),
        (b"hello", 415, "Send PNG, JPEG, WebP, GIF or BMP."),
        (torn, 415, "This is no picture that can be read."),
        (bytes(10_000_001), 413, "larger than 10 MB"),
        (png(np.zeros((9000, 9000), np.uint8)), 413, "more than 50 million pixels"),
    ):
        answer = client.post("/predict", files={"image": ("photo.png", data)})
        assert answer.status_code == status, answer.text
        assert words in answer.json()["detail"]
    assert client.post("/predict").status_code == 422
    assert client.post("/predict", files={"image": ("photo.png", small)}).status_code == 200


def test_facts_are_plain(folder: Path) -> None:
    facts = json.loads((folder / "model.json").read_text())
    assert (facts["height"], facts["width"], facts["channels"]) == (8, 8, 1)
