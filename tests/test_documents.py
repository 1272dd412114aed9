"""What the documents say is so: presets, settings, versions, and the files that recipes name."""

from __future__ import annotations

import doctest
import importlib
import re
import tomllib
from pathlib import Path

import pytest

import cnnlab
from cnnlab.settings import Settings
from cnnlab.spec import presets

_ROOT = Path(__file__).resolve().parents[1]
_README = (_ROOT / "README.md").read_text(encoding="utf-8")
_DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def rows(first: str) -> dict[str, list[str]]:
    """The table in the README whose heading begins with `first`: the cells of each row by its name."""
    table = _README.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_presets_are_all_listed_with_their_parameters() -> None:
    parameters = {name: int(row[1].replace(",", "")) for name, row in rows("preset").items()}
    assert parameters == {name: presets.get(name).trace().total_parameters for name in presets.names()}


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_s_tutorial_is_named(name: str) -> None:
    tutorial = presets.preset(name).tutorial or ""
    said = rows("preset")[name][2]
    assert said == tutorial.partition(" · ")[2]


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((_ROOT / "cnnlab").rglob("*.py")) if ">>>" in path.read_text(encoding="utf-8")],
    ids=lambda path: path.stem,
)
def test_the_examples_of_docstrings_are_true(path: Path) -> None:
    name = ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__")
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert not failed


def test_the_settings_are_all_listed() -> None:
    listed = {name.removeprefix("CNNLAB_").lower() for name in rows("name")}
    assert listed == set(Settings.model_fields)


def test_the_version_is_one() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == cnnlab.__version__


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_links_and_named_files_lead_somewhere(name: str) -> None:
    text = (_ROOT / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    files = re.findall(r"`((?:cnnlab|tests|pages|bench|\.streamlit)/[\w./-]*)`", text)
    assert [path for path in links + files if not (_ROOT / path).exists()] == []
