from __future__ import annotations

import errno
import gc
import io
import shutil
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnlab import datasets, settings
from cnnlab.datasets import store
from cnnlab.datasets.own import importing, shelf
from cnnlab.datasets.own.pictures import Preparation, prepare
from cnnlab.datasets.own.sources import ZipSource
from cnnlab.errors import DatasetError, DatasetUnavailable
from tests.datasets.own.making import BLUE, RED, encoded, picture, two_classes, unpacked, zipped


def left_behind(home: Path) -> list[str]:
    """What lies among the stored data sets and is none."""
    root = home / "datasets"
    return (
        [path.name for path in root.iterdir() if not (path / "meta.json").is_file()] if root.exists() else []
    )


def test_a_zip_becomes_a_data_set_like_any_other(tmp_path: Path) -> None:
    files = two_classes(10)
    name = datasets.import_zip(zipped(tmp_path / "mugs.zip", files), "My mugs", size=32)
    assert datasets.is_installed(name)
    info = datasets.info(name)
    assert (info.title, info.image_shape, info.class_names) == ("My mugs", (32, 32, 3), ("blue", "red"))
    assert info.images == 20
    data = datasets.load(name, seed=3, validation_share=0.25)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [12, 4, 4]
    expected = [prepare(io.BytesIO(content), Preparation(side=32)) for content in files.values()]
    assert data.images.tolist() == np.stack(expected).tolist()
    assert data.labels.tolist() == [1] * 10 + [0] * 10


def test_a_folder_gives_the_same_images_as_its_zip(tmp_path: Path) -> None:
    files = {**two_classes(3), "photos/red/notes.txt": b""}
    first = datasets.load(datasets.import_zip(zipped(tmp_path / "a.zip", files), "a", colour=False))
    second = datasets.load(datasets.import_folder(unpacked(tmp_path / "a", files), "b", colour=False))
    order = np.argsort(first.labels, kind="stable")
    assert first.images[order].tolist() == second.images.tolist()
    assert first.labels[order].tolist() == second.labels.tolist()
    assert second.image_shape == (64, 64, 1)


def test_what_cannot_be_read_is_left_out_counted_and_named(tmp_path: Path) -> None:
    files = {**two_classes(3), "photos/red/broken.jpg": b"no", "photos/red/cut.jpg": encoded(picture())[:300]}
    card = shelf.card(datasets.import_zip(zipped(tmp_path / "a.zip", files), "a"))
    assert card.counts == (3, 3)
    assert card.skipped_count == 2
    assert card.skipped[0].path == "photos/red/broken.jpg"
    assert card.skipped[0].reason == "not a picture that can be read"
    assert card.skipped[1].reason.startswith("damaged")


@pytest.mark.parametrize(("limit", "most"), [(0, 0), (10**9, importing.THREADS + 1)])
def test_no_more_bytes_wait_to_be_decoded_than_may_be(
    limit: int, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pool(ThreadPoolExecutor):
        """Counts the decodings whose results nobody has asked for when the next one is handed in."""

        def submit(self, *arguments: Any) -> Any:  # type: ignore[override]
            waiting.append(len(handed) - len(taken))
            future = super().submit(*arguments)
            handed.append(future)
            result = future.result
            monkeypatch.setattr(future, "result", lambda: taken.append(future) or result())
            return future

    waiting: list[int] = []
    handed: list[Any] = []
    taken: list[Any] = []
    monkeypatch.setattr(importing, "UNDER_WAY_BYTES", limit)
    monkeypatch.setattr(importing, "ThreadPoolExecutor", Pool)
    name = datasets.import_zip(zipped(tmp_path / "a.zip", two_classes(8)), "a")
    assert shelf.card(name).counts == (8, 8)
    assert max(waiting) == most


def test_pictures_that_cannot_be_read_are_not_kept_in_memory(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"{name}/{k}.png": b"no" for name in "ab" for k in range(9)})
    source = ZipSource(path)
    gc.collect()
    gc.disable()  # which would come late: it counts objects, not their bytes
    try:
        before = files_in_memory()
        results = list(importing._prepared(source, source.listing().items, Preparation()))
        assert files_in_memory() == before
    finally:
        gc.enable()
    assert {str(result) for _, result in results} == {"not a picture that can be read"}


def files_in_memory() -> int:
    return sum(isinstance(each, io.BytesIO) for each in gc.get_objects())


def test_progress_counts_every_picture(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    datasets.import_zip(
        zipped(tmp_path / "a.zip", two_classes(5)), "a", progress=lambda *counts: told.append(counts)
    )
    assert told == [(done, 10) for done in range(1, 11)]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"mug/1.jpg": b"", "mug/2.jpg": b""}, r"a\.zip: All pictures are of one class, “mug”"),
        ({**two_classes(2), "photos/cup/1.jpg": b""}, r"Too few pictures: “cup” \(1\)"),
        (
            {"1.jpg": b"", "2.jpg": b""},
            r"Expected a folder for each class.* 2 files were left out \(1\.jpg: in no",
        ),
        (
            {"a/1.jpg": b"", "a/2.jpg": b"", "b/1.jpg": b"", "b/2.jpg": b""},
            r"No picture can be read\. 4 files",
        ),
        (
            {**two_classes(2), "photos/cup/1.jpg": b"", "photos/cup/2.jpg": b""},
            r"Too few pictures: “cup” \(0\).* 2 files were left out \(photos/cup/1\.jpg: not a picture",
        ),
    ],
)
def test_what_makes_no_data_set_is_said_and_leaves_nothing(
    files: dict[str, bytes], words: str, tmp_path: Path, home: Path
) -> None:
    with pytest.raises(DatasetError, match=words):
        datasets.import_zip(zipped(tmp_path / "a.zip", files), "a")
    assert left_behind(home) == []
    assert shelf.cards("anyone") == []


def test_of_pictures_that_are_all_too_large_it_is_said_that_they_are(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"cats/1.png": b"", "dogs/1.png": b""})
    content = path.read_bytes()
    for part in content.split(b"PK\x01\x02")[1:]:  # what the directory says of an entry: 3 GB
        content = content.replace(part, part[:20] + struct.pack("<I", 3_000_000_000) + part[24:])
    path.write_bytes(content)
    with pytest.raises(
        DatasetError,
        match=r"No picture can be used\. Expected a folder for each class, with its pictures inside\. "
        r"2 files were left out \(cats/1\.png: larger than 100 MB; dogs/1\.png: larger than 100 MB\)\.",
    ):
        datasets.import_zip(path, "a")


@pytest.mark.parametrize("title", ["", "  \n", "x" * 61])
def test_a_name_that_cannot_be_used_is_said_before_anything_is_read(title: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected a name of 1 to 60 characters\. Received"):
        datasets.import_zip(tmp_path / "not there.zip", title)


def test_a_disk_too_small_is_said_before_the_start(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
    monkeypatch.setattr(importing, "_decode", None)
    with pytest.raises(
        DatasetUnavailable, match=r"the images take 0\.\d MB and 50 MB are to stay free, 1\.0 MB"
    ):
        datasets.import_zip(zipped(tmp_path / "a.zip", two_classes(3)), "a")
    assert left_behind(home) == []


def test_a_disk_that_fills_up_is_said_and_leaves_nothing(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "finish", full)
    with pytest.raises(
        DatasetUnavailable, match=r"'a' cannot be stored in .*: No space left on device\. Make"
    ):
        datasets.import_zip(zipped(tmp_path / "a.zip", two_classes(3)), "a")
    assert left_behind(home) == []


def test_a_break_in_the_middle_leaves_nothing(tmp_path: Path, home: Path) -> None:
    def break_off(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        datasets.import_zip(zipped(tmp_path / "a.zip", two_classes(9)), "a", progress=break_off)
    assert left_behind(home) == []


def test_only_a_few_pictures_are_in_memory_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading never runs further ahead of writing than the threads need."""
    ahead: list[int] = []
    read = 0
    plain = importing._decode

    def counted(content: bytes, preparation: Preparation) -> Any:
        nonlocal read
        read += 1
        return plain(content, preparation)

    monkeypatch.setattr(importing, "_decode", counted)
    datasets.import_zip(
        zipped(tmp_path / "a.zip", two_classes(30)),
        "a",
        progress=lambda done, total: ahead.append(read - done),
    )
    assert max(ahead) <= importing.THREADS + 2


@pytest.mark.parametrize(("count", "parts"), [(2, (2, 0, 2)), (3, (2, 2, 2)), (15, (22, 2, 6))])
def test_a_small_set_has_every_class_in_training_and_test(
    count: int, parts: tuple[int, int, int], tmp_path: Path
) -> None:
    name = datasets.import_zip(zipped(tmp_path / "a.zip", two_classes(count)), "a", size=16)
    for seed in range(5):
        data = datasets.load(name, seed=seed, validation_share=0.1)
        assert (len(data.train), len(data.validation), len(data.test)) == parts
        assert set(data.train.labels.tolist()) == set(data.test.labels.tolist()) == {0, 1}


def test_one_small_class_beside_large_ones_keeps_an_image_for_the_test(tmp_path: Path) -> None:
    files = two_classes(20) | {f"photos/cup/{k}.jpg": encoded(picture(BLUE)) for k in range(2)}
    data = datasets.load(datasets.import_zip(zipped(tmp_path / "a.zip", files), "a", size=16))
    assert np.bincount(data.test.labels, minlength=3).tolist() == [4, 1, 4]
    assert np.bincount(data.train.labels, minlength=3)[1] == 1


def test_the_limits_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLAB_IMAGE_PIXELS", "1000")
    settings.get.cache_clear()
    files = two_classes(2) | {
        f"photos/red/s{k}.png": encoded(picture(RED, size=(30, 30)), "PNG") for k in "ab"
    }
    files |= {f"photos/blue/s{k}.png": encoded(picture(BLUE, size=(30, 30)), "PNG") for k in "ab"}
    card = shelf.card(datasets.import_zip(zipped(tmp_path / "a.zip", files), "a"))
    assert card.counts == (2, 2)
    assert card.skipped[0].reason == "larger than 0 megapixels: it has 40×30"
