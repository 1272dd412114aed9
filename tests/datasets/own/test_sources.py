from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab import settings
from cnnlab.datasets.own.names import class_name, natural_order
from cnnlab.datasets.own.pictures import Unreadable
from cnnlab.datasets.own.sources import (
    FolderSource,
    ZipSource,
    problem,
    sorted_out,
)
from cnnlab.errors import DatasetError
from tests.datasets.own.making import two_classes, unpacked, zipped


@pytest.fixture(params=["zip", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path):
    def made(files: dict[str, bytes]) -> ZipSource | FolderSource:
        if request.param == "zip":
            return ZipSource(zipped(tmp_path / "photos.zip", files))
        return FolderSource(unpacked(tmp_path / "photos", files))

    return made


def classes(*paths: str) -> dict[str, int]:
    return sorted_out(paths, []).counts


def reasons(source: ZipSource | FolderSource) -> dict[str, str]:
    return {each.path: each.reason for each in source.listing().skipped}


def limited(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    for name, value in limits.items():
        monkeypatch.setenv(f"CNNLAB_{name.upper()}", str(value))
    settings.get.cache_clear()


def test_a_folder_is_a_class(source) -> None:
    assert source(two_classes(3)).listing().counts == {"blue": 3, "red": 3}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["cat/1.jpg", "dog/1.jpg"], {"cat": 1, "dog": 1}),
        (["a/b/cat/1.jpg", "a/b/dog/1.jpg"], {"cat": 1, "dog": 1}),
        (["set/train/cat/1.jpg", "set/test/cat/2.jpg", "set/test/dog/3.jpg"], {"cat": 2, "dog": 1}),
        (["cat/black/1.jpg", "cat/white/2.jpg", "dog/3.jpg"], {"cat": 2, "dog": 1}),
        (["set/cover.jpg", "set/cat/1.jpg", "set/dog/2.jpg"], {"cat": 1, "dog": 1}),
        (["set/cat/1.jpg", "set/cat/2.jpg"], {"cat": 2}),
        (["1.jpg", "2.jpg"], {}),
        (["class 10/1.jpg", "class 9/1.jpg", "Class 1/1.jpg"], {"Class 1": 1, "class 9": 1, "class 10": 1}),
        (["__MACOSX/cat/._1.jpg", "cat/1.jpg", "dog/.DS_Store", "dog/2.jpg"], {"cat": 1, "dog": 1}),
    ],
)
def test_the_class_is_found_in_every_usual_arrangement(paths: list[str], expected: dict[str, int]) -> None:
    assert list(classes(*paths).items()) == list(expected.items())


def test_pictures_are_read_as_they_were_written(source) -> None:
    files = two_classes(2)
    opened = source(files)
    reader = opened.reader()
    for item in opened.listing().items:
        assert reader.read(item.path) == files[item.path]
    reader.close()


def test_other_files_are_named_with_the_reason(source) -> None:
    found = reasons(
        source(
            {
                **two_classes(1),
                "photos/read me.txt": b"",
                "photos/more.zip": b"PK",
                "photos/red/a.heic": b"",
                "photos/cover.jpg": b"",
            }
        )
    )
    assert found == {
        "photos/read me.txt": "not a picture",
        "photos/more.zip": "a zip inside the zip is not opened",
        "photos/red/a.heic": "HEIC, which cannot be read here: export it as JPEG",
        "photos/cover.jpg": "in no folder of a class",
    }


@pytest.mark.parametrize(
    "name", ["../red/1.jpg", "red/../../1.jpg", "/etc/red/1.jpg", "C:/red/1.jpg", "..\\1.jpg"]
)
def test_a_path_that_leads_out_of_the_zip_is_left_out(name: str, tmp_path: Path) -> None:
    source = ZipSource(zipped(tmp_path / "photos.zip", {**two_classes(2), name: b"x"}))
    assert source.listing().counts == {"blue": 2, "red": 2}
    (reason,) = reasons(source).values()
    assert reason == "its path leads out of the zip"


def test_a_link_in_a_zip_is_left_out(tmp_path: Path) -> None:
    path = zipped(tmp_path / "photos.zip", two_classes(2))
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("photos/red/passwd.jpg")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert reasons(ZipSource(path)) == {"photos/red/passwd.jpg": "a link"}


def test_a_link_in_a_folder_is_left_out(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "set", two_classes(2))
    (folder / "photos" / "red" / "secret.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "photos" / "green").symlink_to(folder / "photos" / "red", target_is_directory=True)
    source = FolderSource(folder)
    assert source.listing().counts == {"blue": 2, "red": 2}
    assert set(reasons(source).values()) == {"a link"}


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "secret.zip", two_classes(1))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(signature, at + 4)
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"secret\.zip is encrypted\. Unpack it, and make a zip without"):
        ZipSource(path).listing()


def test_a_zip_of_100_000_entries_is_refused_by_its_end_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(100_000):
            archive.writestr(f"a/{number}.jpg", b"")
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(DatasetError, match=r"many\.zip holds too many files\. Expected at most 20,000"):
        ZipSource(path).listing()


def test_a_zip_that_lies_about_its_entries_is_refused_by_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, upload_files=2)
    path = zipped(tmp_path / "lying.zip", {f"a/{number}{'x' * 900}.jpg": b"" for number in range(9)})
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x05\x06")
    content[at + 8 : at + 12] = struct.pack("<HH", 1, 1)
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="too many files"):
        ZipSource(path).listing()


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, upload_files=5)
    with pytest.raises(DatasetError, match=r"set holds too many files\. Expected at most 5"):
        FolderSource(unpacked(tmp_path / "set", two_classes(3))).listing()


def test_a_zip_that_would_unpack_beyond_the_limit_is_refused_by_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, unpacked_bytes=50_000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"a/{number}.png", bytes(10_000))
    assert path.stat().st_size < 3_000
    with pytest.raises(DatasetError, match=r"bomb\.zip would unpack to 0\.0 GB\. Expected at most 0\.0 GB"):
        ZipSource(path).listing()


def test_a_zip_that_lies_about_its_sizes_gives_no_more_than_it_says(tmp_path: Path) -> None:
    path = tmp_path / "lying.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", bytes(1_000_000))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.find(signature)
        content[at + offset : at + offset + 4] = struct.pack("<I", 100)
    path.write_bytes(content)
    reader = ZipSource(path).reader()
    with pytest.raises(Unreadable, match="damaged in the zip"):
        reader.read("a/1.png")
    reader.close()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06", b"PK\x03\x04" + bytes(500)])
def test_what_is_no_zip_is_said(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"photos\.zip is not a zip, or it is not whole"):
        ZipSource(path).listing()


def test_a_damaged_zip_is_said(tmp_path: Path) -> None:
    path = zipped(tmp_path / "photos.zip", two_classes(2))
    content = path.read_bytes()
    at = content.find(b"PK\x01\x02")
    path.write_bytes(content[:at] + b"XXXX" + content[at + 4 :])
    with pytest.raises(DatasetError, match=r"photos\.zip cannot be opened as a zip"):
        ZipSource(path).listing()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere: expected a folder with a folder for each class\."):
        FolderSource(tmp_path / "nowhere").listing()


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "There are no pictures in folders: expected a folder for each class"),
        ({"mug": 30}, "All pictures are of one class, “mug”."),
        ({"mug": 30, "cup": 1}, "Too few pictures: “cup” (1). Each class needs at least 2"),
        ({str(k): 2 for k in range(201)}, "Expected at most 200 classes, a folder each. Received 201."),
    ],
)
def test_what_stands_in_the_way_is_said(counts: dict[str, int], words: str) -> None:
    assert words in str(problem(counts))


def test_two_classes_of_two_pictures_are_enough() -> None:
    assert problem({"mug": 2, "cup": 2}) is None


@given(st.text(max_size=100))
def test_a_class_s_name_is_safe_as_a_folder(text: str) -> None:
    name = class_name(text)
    assert len(name) <= 60
    assert not set(name) & set('/\\:*?"<>|\0\n\t')
    assert name not in (".", "..")
    assert class_name(name) == name
    assert os.path.basename(name) == name


def test_numbers_in_names_count_as_numbers() -> None:
    assert sorted(["b 10", "B 9", "a"], key=natural_order) == ["a", "B 9", "b 10"]
