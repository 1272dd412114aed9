"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from cnnlab.errors import StorageError
from cnnlab.files import make_folder, total_bytes, written_beside


def test_a_file_and_what_lies_beside_it_appear_together(tmp_path: Path) -> None:
    with written_beside(tmp_path / "model.bin") as part:
        assert part.name == "model.bin"
        part.write_bytes(b"12345")
        part.with_name("model.bin.README.md").write_text("how")
        assert [each.name for each in tmp_path.iterdir() if not each.name.startswith(".")] == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["model.bin", "model.bin.README.md"]
    assert total_bytes(tmp_path / "model.bin") == 5


def test_a_file_that_was_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("old")
    with written_beside(tmp_path / "model.bin") as part:
        part.write_text("new")
    assert (tmp_path / "model.bin").read_text() == "new"


def write_half(path: Path, error: Exception) -> None:
    with written_beside(path) as part:
        part.write_text("half")
        raise error


def test_nothing_stays_of_what_failed(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("old")
    with pytest.raises(ValueError, match="half way"):
        write_half(tmp_path / "model.bin", ValueError("half way"))
    assert [each.name for each in tmp_path.iterdir()] == ["model.bin"]
    assert (tmp_path / "model.bin").read_text() == "old"


def test_a_folder_is_written_whole(tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    with written_beside(tmp_path / "served") as part:
        part.mkdir()
        (part / "a").write_bytes(b"123")
        (part / "b").write_bytes(b"45")
    assert total_bytes(tmp_path / "served") == 5


def test_a_folder_with_content_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "mine").write_text("mine")
    with pytest.raises(StorageError, match="is there already and is not empty. Choose another name."):  # noqa: SIM117
        with written_beside(tmp_path / "served"):
            pytest.fail("nothing may be written")
    with written_beside(tmp_path / "served", replace=True) as part:
        part.mkdir()
    assert list((tmp_path / "served").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            FileNotFoundError(errno.ENOENT, "No such file"),
            "there is no such folder. Make it, or choose another.",
        ),
        (
            OSError(errno.ENOSPC, "No space left"),
            "the disk is full. Free some space, or choose another folder.",
        ),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied. Choose another folder."),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path, error: OSError, words: str) -> None:
    path = tmp_path / "model.bin"
    with pytest.raises(StorageError) as caught:
        write_half(path, error)
    assert str(caught.value) == f"{path} cannot be written: {words}"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot be made: what should be its folder is a file\. Choose"):
        make_folder(tmp_path / "file" / "b")


def test_a_file_does_not_take_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "model.bin").mkdir()
    with pytest.raises(StorageError, match="there is a folder of this name. Choose another name"):  # noqa: SIM117
        with written_beside(tmp_path / "model.bin") as part:
            part.write_text("file")
    assert (tmp_path / "model.bin").is_dir()


def test_a_folder_does_not_take_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "served").write_text("mine")
    with pytest.raises(StorageError, match=r"there is a file of this name\. Choose another name\."):  # noqa: SIM117
        with written_beside(tmp_path / "served") as part:
            part.mkdir()
    assert [each.name for each in tmp_path.iterdir()] == ["served"]
    assert (tmp_path / "served").read_text() == "mine"


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no such folder"), written_beside(tmp_path / "no" / "a"):
        pytest.fail("nothing may be written")
    assert list(tmp_path.iterdir()) == []
