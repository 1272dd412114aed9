from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnlab import datasets
from cnnlab.datasets import catalogue, store
from cnnlab.datasets.builtin import digits
from cnnlab.errors import DatasetError, DatasetUnavailable


def folder(home: Path, name: str = "digits") -> Path:
    (found,) = (home / "datasets" / name).iterdir()
    return found


def test_a_set_is_made_once_and_then_only_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    before = datasets.load("digits")
    monkeypatch.setattr(digits, "_file", lambda: pytest.fail("read again"))
    np.testing.assert_array_equal(datasets.load("digits").images, before.images)


def test_a_new_version_replaces_the_stored_copy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = datasets.load("digits")
    old = folder(home)
    entry = catalogue.ENTRIES["digits"]
    recipe = catalogue.BuiltIn("another version", digits.content)
    changed = catalogue.Entry(entry.info, recipe, entry.family)
    monkeypatch.setitem(catalogue.ENTRIES, "digits", changed)
    datasets.load("digits")
    assert folder(home) != old
    assert before.images[0].any()  # who has the old copy open keeps it


def test_what_a_killed_writer_left_is_not_taken_for_a_data_set(home: Path) -> None:
    rest = home / "datasets" / "digits" / ".new-killed"
    rest.mkdir(parents=True)
    (rest / "images.npy").write_bytes(b"half")
    assert len(datasets.load("digits").images) == 1797
    assert not rest.exists()


def test_a_folder_without_its_list_of_contents_is_made_again(home: Path) -> None:
    datasets.load("digits")
    (folder(home) / "meta.json").unlink()
    assert len(datasets.load("digits").images) == 1797


@pytest.mark.parametrize("file", ["images.npy", "labels.npy", "meta.json"])
def test_a_damaged_file_is_said_with_its_folder(home: Path, file: str) -> None:
    datasets.load("digits")
    path = folder(home) / file
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(DatasetError) as caught:
        datasets.load("digits")
    assert f"The stored data set in {folder(home)} is damaged" in str(caught.value)
    assert "Delete that folder; it is then made again." in str(caught.value)
    assert datasets.info("digits").images == 1797  # the list of data sets is shown all the same
    shutil.rmtree(folder(home))
    assert len(datasets.load("digits").images) == 1797


def test_a_full_disk_is_said_and_leaves_nothing_behind(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(DatasetUnavailable) as caught:
        datasets.load("digits")
    assert str(caught.value) == (
        f"The data set 'digits' cannot be stored in {home / 'datasets'}: No space left on device. "
        "Make room there, or name another folder in CNNLAB_HOME."
    )
    assert list((home / "datasets" / "digits").iterdir()) == []


def test_a_home_that_cannot_be_written_is_said(home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(DatasetUnavailable, match="name another folder in CNNLAB_HOME"):
        datasets.load("digits")


def test_processes_that_install_at_once_share_one_copy(home: Path) -> None:
    code = "from cnnlab import datasets; print(len(datasets.load('shapes-easy').images))"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [process.communicate(timeout=120)[0].strip() for process in processes] == ["6000"] * 3
    assert folder(home, "shapes-easy").is_dir()


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            np.zeros((2, 9, 8, 1), np.uint8),
            np.zeros(2, int),
            r"shape \(8, 8, 1\), uint8\. Received \(9, 8, 1\)",
        ),
        (np.zeros((2, 8, 8, 1), np.float32), np.zeros(2, int), r"uint8\. Received \(8, 8, 1\), float32"),
        (
            np.zeros((2, 8, 8, 1), np.uint8),
            np.zeros(3, int),
            r"one whole number as label of each of 2 images",
        ),
        (np.zeros((2, 8, 8, 1), np.uint8), np.zeros(2), r"Received float64 of shape \(2,\)"),
        (np.zeros((2, 8, 8, 1), np.uint8), np.array([0, 10]), r"labels from 0 to 9\. Received 0 to 10"),
        (np.zeros((2, 8, 8, 1), np.uint8), np.array([-1, 0]), r"labels from 0 to 9\. Received -1 to 0"),
        (np.zeros((1, 8, 8, 1), np.uint8), np.zeros(1, int), r"expected 2 images\. Received 1"),
    ],
)
def test_content_is_held_to_its_declaration(
    home: Path, images: np.ndarray, labels: np.ndarray, message: str
) -> None:
    content = datasets.Content(2, 0, iter([(images, labels)]))
    with store.locked("digits"), pytest.raises(DatasetError, match=message):
        store.write(store.folder("digits", "built-in", "x"), datasets.info("digits"), content)
    assert list((home / "datasets" / "digits").iterdir()) == []
