"""Imports run one way, and the first page pays for nothing it does not use."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "cnnlab"

ORDER = (
    {"errors"},
    {"settings", "files", "processor"},
    {"spec"},
    {"datasets", "runs"},
    {"machine"},
    {"backend", "engine"},
    {"analysis", "worker"},
    {"figures", "api", "live"},
    {"cli"},
    {"__init__", "__main__", "ui"},
)
"""The parts of the package: each imports from the rows above its own, and never from its neighbours."""

RANK = {part: rank for rank, row in enumerate(ORDER) for part in row}
TENSORFLOW_PARTS = {"backend", "worker"}
STREAMLIT_PARTS = {"ui"}


def part_of(path: Path) -> str:
    """The part that a file of the package belongs to: its folder or, at the top, its own name."""
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def module_name(path: Path) -> str:
    """The dotted name that a file of the package is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {module_name(path): part_of(path) for path in FILES if path.stem != "__main__"}
NO_TENSORFLOW = sorted(name for name, part in MODULES.items() if part not in TENSORFLOW_PARTS)
NO_STREAMLIT = sorted(name for name in NO_TENSORFLOW if MODULES[name] not in STREAMLIT_PARTS)


def imported(path: Path) -> Iterator[str]:
    """Every dotted name that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def heavy_modules(names: list[str], heavy: tuple[str, ...]) -> dict[str, list[str]]:
    """Import `names` in a fresh process; which of them brought in which of the `heavy` packages first."""
    script = (
        "import importlib, json, sys\n"
        "names, heavy = json.loads(sys.argv[1])\n"
        "found = {}\n"
        "for name in names:\n"
        "    importlib.import_module(name)\n"
        "    new = [package for package in heavy if package in sys.modules]\n"
        "    if new:\n"
        "        found[name] = new\n"
        "        heavy = [package for package in heavy if package not in new]\n"
        "print(json.dumps(found))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, json.dumps([names, heavy])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, list[str]] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_only_the_backend_brings_in_tensorflow() -> None:
    assert heavy_modules(NO_TENSORFLOW, ("tensorflow", "keras")) == {}


def test_only_the_pages_parts_bring_in_streamlit() -> None:
    assert heavy_modules(NO_STREAMLIT, ("streamlit",)) == {}


def test_importing_the_engine_is_light() -> None:
    heavy = ("tensorflow", "keras", "streamlit", "pandas", "sklearn", "scipy", "plotly", "IPython")
    assert heavy_modules(["cnnlab"], heavy) == {}


def test_every_part_has_its_row() -> None:
    assert {part_of(path) for path in FILES} <= RANK.keys()


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_imports_run_one_way(path: Path) -> None:
    part = part_of(path)
    for name in imported(path):
        top, _, rest = name.partition(".")
        assert top not in {"pages", "tests", "bench", "streamlit_app"}, f"imports {name}"
        if top == "streamlit":
            assert part in STREAMLIT_PARTS, f"{part} imports Streamlit"
        if top == "cnnlab" and rest:
            other = rest.split(".")[0]
            other = other if other in RANK else "__init__"
            assert other == part or RANK[other] < RANK[part], f"{part} imports {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda path: path.stem)
def test_a_page_imports_no_other_page(path: Path) -> None:
    assert not [name for name in imported(path) if name.split(".")[0] in {"pages", "streamlit_app"}]


@pytest.mark.parametrize("name", NO_TENSORFLOW)
def test_what_a_module_offers_is_there(name: str) -> None:
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", None)
    if offered is None:
        return
    assert len(set(offered)) == len(offered)
    assert [each for each in offered if not hasattr(module, each)] == []


def test_the_engine_offers_what_it_says() -> None:
    import cnnlab

    assert len(set(cnnlab.__all__)) == len(cnnlab.__all__)
    assert set(cnnlab.__all__) <= set(dir(cnnlab))
    own = {name for name, value in vars(cnnlab).items() if getattr(value, "__module__", "") == "cnnlab"}
    assert {name for name in own if not name.startswith("_")} <= set(cnnlab.__all__)
