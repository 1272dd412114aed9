from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlab import datasets
from cnnlab.datasets.own import shelf
from cnnlab.datasets.own.importing import import_source
from cnnlab.datasets.own.pictures import Preparation
from cnnlab.datasets.own.sources import ZipSource
from cnnlab.errors import DatasetError, DatasetUnavailable
from tests.datasets.own.making import two_classes, zipped


@pytest.fixture
def made(tmp_path: Path):
    def make(title: str = "Mugs", owner: str = "a", **preparation: int | bool) -> str:
        source = ZipSource(zipped(tmp_path / "mugs.zip", two_classes(4)))
        return import_source(source, title, Preparation(**preparation), owner=owner)

    return make


def test_everyone_sees_their_own_and_the_shared_ones_the_newest_first(made) -> None:
    first, theirs, shared = made("1"), made("2", owner="b"), made("3", owner=shelf.SHARED_OWNER)
    last = made("4")
    assert [card.name for card in shelf.cards("a")] == [last, shared, first]
    assert [card.name for card in shelf.cards("b")] == [shared, theirs]


def test_a_data_set_says_where_it_came_from(made) -> None:
    info = datasets.info(made(side=28, colour=False, crop=False))
    assert info.description == "Own images, fitted into 28×28 pixels, in grey."
    assert info.source == "Own images, from mugs.zip"
    assert info.own
    assert datasets.variants(info.name) == [info.name]
    assert info.name not in datasets.names()


def test_it_is_renamed(made) -> None:
    name = made()
    shelf.rename(name, " Cups  and\nglasses ")
    assert datasets.info(name).title == "Cups and glasses"
    with pytest.raises(DatasetError, match="expected a name of 1 to 60 characters"):
        shelf.rename(name, " ")


def test_no_two_that_one_can_choose_have_the_same_title(made) -> None:
    titles = [datasets.info(made(title)).title for title in ("Mugs", "Mugs", "Digits", "x" * 60, "x" * 60)]
    assert titles == ["Mugs", "Mugs 2", "Digits 2", "x" * 60, "x" * 55 + " 2"]
    assert datasets.info(made("Mugs", owner="b")).title == "Mugs"
    name = made("Cups")
    shelf.rename(name, "Cups")
    assert datasets.info(name).title == "Cups"
    shelf.rename(name, "Mugs")
    assert datasets.info(name).title == "Mugs 3"


def test_a_deleted_one_is_gone_from_disk_and_list_but_still_names_its_classes(made) -> None:
    name = made()
    shelf.delete(name)
    assert [path.name for path in shelf.folder(name).iterdir()] == ["own.json"]
    assert shelf.cards("a") == []
    assert not datasets.is_installed(name)
    assert datasets.info(name).class_names == ("blue", "red")
    for refused in (datasets.require, datasets.load, datasets.install):
        with pytest.raises(DatasetUnavailable, match=r"The images of Mugs were deleted\. Import them again"):
            refused(name)


def test_who_has_it_open_goes_on_seeing_it(made) -> None:
    name = made()
    data = datasets.load(name)
    before = data.images[:].copy()
    shelf.delete(name)
    assert (data.images[:] == before).all()


@pytest.mark.parametrize("name", ["own-0123456789", "own-", "own-../../etc", "own-zzzzzzzzzz"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(DatasetError, match=r"There (are no own images|is no data set) 'own-"):
        datasets.load(name)


def test_what_is_known_of_it_may_be_damaged(made) -> None:
    name, other = made(), made("Other")
    (shelf.folder(name) / "own.json").write_text("{")
    with pytest.raises(DatasetError, match=r"own\.json is damaged"):
        datasets.info(name)
    assert [card.name for card in shelf.cards("a")] == [other]


@pytest.mark.parametrize("colour", [True, False])
def test_a_zip_taken_away_makes_the_same_data_set_again(made, colour: bool, tmp_path: Path) -> None:
    name = made(side=32, colour=colour)
    path = tmp_path / "out.zip"
    shelf.export_zip(name, path)
    assert {entry.split("/")[0] for entry in zipfile.ZipFile(path).namelist()} == {"blue", "red"}
    again = datasets.load(datasets.import_zip(path, "again", size=32, colour=colour))
    first = datasets.load(name)
    assert again.images.tolist() == first.images.tolist()
    assert again.labels.tolist() == first.labels.tolist()


def test_an_npz_taken_away_opens_in_numpy(made, tmp_path: Path) -> None:
    name = made(side=16)
    path = tmp_path / "out.npz"
    shelf.export_npz(name, path)
    with np.load(path, allow_pickle=False) as file:
        assert file["x"].tolist() == datasets.load(name).images.tolist()
        assert file["y"].tolist() == datasets.load(name).labels.tolist()
        assert file["class_names"].tolist() == ["blue", "red"]


@pytest.mark.parametrize("form", list(shelf.EXPORTS))
def test_an_export_that_cannot_be_written_says_so_and_leaves_nothing(form: str, made, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere/out cannot be written: No such file or directory\."):
        shelf.EXPORTS[form](made(), tmp_path / "nowhere" / "out")
    assert not (tmp_path / "nowhere").exists()


def test_pictures_in_the_zip_are_named_by_number(made, tmp_path: Path) -> None:
    shelf.export_zip(made(side=16), tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        first = archive.namelist()[0]
        assert first == "red/00000.png"
        assert Image.open(io.BytesIO(archive.read(first))).size == (16, 16)
