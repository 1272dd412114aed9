"""The components' own tests: arithmetic and layout in JavaScript, run by Node without any package."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent
_FILES = sorted(_HERE.rglob("*.test.mjs"))


@pytest.fixture(scope="module")
def node() -> str:
    """Node's path."""
    path = shutil.which("node")
    if path is None:
        words = "There is no Node on this machine. On Debian and Ubuntu: apt-get install nodejs"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return path


@pytest.mark.parametrize("file", _FILES, ids=[str(file.relative_to(_HERE)) for file in _FILES])
def test_in_node(file: Path, node: str) -> None:
    result = subprocess.run(
        [node, "--test", str(file)], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
