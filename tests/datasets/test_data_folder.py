from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnnlab import datasets
from cnnlab.errors import DatasetError, DatasetUnavailable

from .conftest import arrays


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(("name", "shape"), [("mnist", (28, 28)), ("cifar10", (32, 32, 3))])
def test_a_file_in_keras_layout_is_read_as_it_is(
    data_folder: Path, save: Callable[..., None], name: str, shape: tuple[int, ...]
) -> None:
    made = arrays(shape)
    save(data_folder / f"{name}.npz", **made)
    assert datasets.is_installed(name)
    assert datasets.info(name).images == 60  # before anything is opened, too
    dataset = datasets.load(name)
    both = np.concatenate([made["x_train"], made["x_test"]]).reshape(60, *dataset.image_shape)
    np.testing.assert_array_equal(dataset.images, both)
    np.testing.assert_array_equal(dataset.labels, np.concatenate([made["y_train"], made["y_test"]]))
    np.testing.assert_array_equal(dataset.test.indices, np.arange(40, 60))
    assert (len(dataset.train), len(dataset.validation)) == (36, 4)
    assert dataset.origin == f"{name}.npz"
    assert dataset.info.images == 60


def test_a_data_folder_that_is_none_is_named(data_folder: Path) -> None:
    assert datasets.missing_folder() is None
    data_folder.rmdir()
    data_folder.write_text("no folder")
    assert datasets.missing_folder() == f"CNNLAB_DATA names {data_folder}, which is no folder."
    with pytest.raises(DatasetUnavailable, match=r"CNNLAB_DATA names .*, which is no folder\.$"):
        datasets.require("mnist")


def test_labels_may_stand_in_a_column(data_folder: Path) -> None:
    made = arrays((32, 32, 3))
    column = {name: array[:, None] if name.startswith("y") else array for name, array in made.items()}
    np.savez(data_folder / "cifar10.npz", **column)
    np.testing.assert_array_equal(datasets.load("cifar10").labels[:40], made["y_train"])


def test_the_data_folder_is_only_read(data_folder: Path) -> None:
    np.savez(data_folder / "mnist.npz", **arrays((28, 28)))
    before = [(path.name, path.stat().st_mtime_ns) for path in data_folder.iterdir()]
    datasets.load("mnist")
    assert [(path.name, path.stat().st_mtime_ns) for path in data_folder.iterdir()] == before


def test_a_file_that_changed_is_read_again(data_folder: Path, home: Path) -> None:
    path = data_folder / "mnist.npz"
    np.savez(path, **arrays((28, 28)))
    datasets.load("mnist")
    np.savez(path, **arrays((28, 28), train=50))
    assert len(datasets.load("mnist").images) == 70
    assert len(list((home / "datasets" / "mnist").iterdir())) == 1  # the copy of the old one is gone


def test_a_file_beside_the_stored_sets_needs_no_setting(home: Path) -> None:
    (home / "datasets").mkdir(parents=True)
    np.savez(home / "datasets" / "mnist.npz", **arrays((28, 28)))
    assert len(datasets.load("mnist").images) == 60


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_train": None}, r"mnist\.npz: expected the arrays x_train, y_train, x_test, y_test\."),
        ({"x_test": np.zeros((20, 28, 28))}, r"images must be uint8 .* not float64 \(20, 28, 28\)"),
        ({"x_train": np.zeros((40, 28, 28), np.uint8, order="F")}, "in Fortran order"),
        (
            {"x_train": np.zeros((40, 27, 28), np.uint8)},
            r"shape \(28, 28, 1\), uint8\. Received \(27, 28, 1\)",
        ),
        ({"x_train": np.zeros((41, 28, 28), np.uint8)}, r"as many labels as images\. Received x_train \(41,"),
        ({"y_train": np.zeros((40, 10), np.uint8)}, r"Received uint8 of shape \(40, 10\)"),
        ({"y_train": np.full(40, 10, np.uint8)}, r"labels from 0 to 9\. Received 10 to 10"),
        ({"y_train": np.zeros(40)}, "Received float64"),
        ({"y_train": np.array([object()] * 40)}, "Object arrays cannot be loaded"),
        ({"x_train": np.array([object()] * 40)}, "not object"),
        ({"x_train": np.uint8(1)}, "as many labels as images"),
        (
            {"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0, np.uint8)},
            "expected training and test images. Received 40 and 0",
        ),
    ],
)
def test_a_file_of_another_layout_is_said_by_name(
    data_folder: Path, change: dict[str, np.ndarray | None], message: str
) -> None:
    made = {name: array for name, array in (arrays((28, 28)) | change).items() if array is not None}
    np.savez(data_folder / "mnist.npz", **made)
    with pytest.raises(DatasetError, match=message):
        datasets.load("mnist")
    assert datasets.info("mnist").title == "MNIST"


@pytest.mark.parametrize("keep", [0, 100, 5_000, 40_000])
def test_a_truncated_file_is_said_by_name(data_folder: Path, keep: int) -> None:
    path = data_folder / "mnist.npz"
    np.savez(path, **arrays((28, 28)))
    os.truncate(path, keep)
    with pytest.raises(DatasetError, match=rf"^mnist\.npz in {data_folder} cannot be used: "):
        datasets.load("mnist")


def test_damage_inside_a_file_is_said_by_name(data_folder: Path) -> None:
    path = data_folder / "mnist.npz"
    np.savez(path, **arrays((28, 28)))
    raw = bytearray(path.read_bytes())
    raw[20_000] ^= 255
    path.write_bytes(raw)
    with pytest.raises(DatasetError, match=r"^mnist\.npz in .* cannot be used: Bad CRC-32"):
        datasets.load("mnist")


def test_a_header_that_promises_more_than_there_is_is_said(data_folder: Path) -> None:
    path = data_folder / "mnist.npz"
    np.savez(path, **arrays((28, 28)))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["x_train.npy"] = members["x_train.npy"][:-1000]
    with zipfile.ZipFile(path, "w") as archive:
        for name, raw in members.items():
            archive.writestr(name, raw)
    with pytest.raises(DatasetError, match="it ends 1000 bytes too early"):
        datasets.load("mnist")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_a_missing_set_names_its_file_and_where_to_put_it(data_folder: Path, name: str) -> None:
    assert not datasets.is_installed(name)
    with pytest.raises(DatasetUnavailable) as caught:
        datasets.load(name)
    message = str(caught.value)
    assert "downloads are switched off by CNNLAB_DOWNLOADS" in message
    assert f"Put {name}.npz (arrays x_train, y_train, x_test, y_test)" in message
    assert f"into {data_folder}." in message


@pytest.mark.parametrize(("name", "shape"), [("mnist", (28, 28)), ("cifar10", (32, 32, 3))])
def test_whole_sets_open_without_filling_the_memory(
    real_or_made: Callable[[str, tuple[int, ...]], Path], name: str, shape: tuple[int, ...]
) -> None:
    path = real_or_made(name, shape)
    code = (
        "import re, pathlib; from cnnlab import datasets\n"
        "def peak():\n"
        "    status = pathlib.Path('/proc/self/status')\n"
        "    return int(re.search(r'VmHWM:\\s+(\\d+)', status.read_text())[1]) if status.exists() else 0\n"
        f"before = peak(); dataset = datasets.load({name!r})\n"
        "print(len(dataset.images), peak() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"CNNLAB_DATA": str(path.parent)},
    )
    count, kilobytes = map(int, done.stdout.split())
    with np.load(path) as file:
        assert count == len(file["y_train"]) + len(file["y_test"])
    assert kilobytes < 25_000
