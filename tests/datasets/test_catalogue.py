from __future__ import annotations

import subprocess
import sys

import pytest

from cnnlab import datasets
from cnnlab.datasets import catalogue
from cnnlab.errors import DatasetError


def test_the_promised_data_sets_are_there() -> None:
    assert datasets.names() == ["digits", "shapes", "shapes-64", "mnist", "fashion_mnist", "cifar10"]


@pytest.mark.parametrize("name", list(catalogue.ENTRIES))
def test_every_declaration_is_whole(name: str) -> None:
    info = datasets.info(name)
    assert info.name == name
    assert info.classes == len(set(info.class_names)) >= 2
    assert len(info.image_shape) == 3
    assert info.image_shape[2] in (1, 3)
    assert info.title
    assert info.description.endswith(".")
    assert info.source
    assert info.licence
    assert info.url.startswith("http")
    assert info.built_in == (info.download_bytes is None)


@pytest.mark.parametrize("name", list(catalogue.ENTRIES))
def test_every_download_has_a_checksum_of_the_right_length(name: str) -> None:
    recipe = catalogue.entry(name).recipe
    for file in recipe.files if isinstance(recipe, catalogue.Download) else ():
        algorithm, digest = file.checksum.split(":")
        assert len(digest) == {"md5": 32, "sha256": 64}[algorithm]
        assert file.url.startswith("https://")


def test_the_name_of_a_variant_holds_its_options() -> None:
    assert datasets.variants("shapes") == [
        "shapes",
        "shapes-easy",
        "shapes-hard",
        "shapes-64",
        "shapes-64-easy",
        "shapes-64-hard",
    ]
    assert datasets.variants("shapes-64-hard") == datasets.variants("shapes")
    assert datasets.info("shapes-64-hard").image_shape == (64, 64, 3)
    assert datasets.variants("mnist") == ["mnist"]


@pytest.mark.parametrize("name", ["imagenet", "", "shapes-32", "../mnist", "x" * 10_000])
def test_an_unknown_name_says_which_there_are(name: str) -> None:
    with pytest.raises(DatasetError) as caught:
        datasets.load(name)
    assert str(caught.value).startswith(
        f"There is no data set {name[:60]!r}. Expected one of digits, shapes,"
    )
    assert len(str(caught.value)) < 300


def test_built_in_sets_need_no_download_and_others_do() -> None:
    installed = {name: datasets.is_installed(name) for name in datasets.names()}
    assert installed == {name: datasets.info(name).built_in for name in datasets.names()}


def test_the_licences_are_those_of_the_makers() -> None:
    licences = {name: datasets.info(name).licence for name in datasets.names()}
    assert licences["digits"] == "CC BY 4.0"
    assert licences["mnist"] == "CC BY-SA 3.0"
    assert licences["fashion_mnist"] == "MIT"
    assert licences["cifar10"].startswith("None stated")


def test_the_list_of_data_sets_needs_none_of_the_packages_that_make_them() -> None:
    code = (
        "import sys; from cnnlab import datasets; [datasets.info(name) for name in datasets.names()];"
        "print(sorted({'sklearn', 'PIL', 'pooch', 'requests', 'tensorflow', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
