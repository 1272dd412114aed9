"""What a worker process can be asked for."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from cnnlab import backend
from cnnlab.backend.warm import warm

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("target", backend.TASKS.values(), ids=backend.TASKS)
def test_every_task_is_a_function(target: str) -> None:
    module, _, name = target.partition(":")
    assert inspect.isfunction(getattr(importlib.import_module(module), name))


def test_only_the_training_is_told_when_to_stop() -> None:
    found = {}
    for task, target in backend.TASKS.items():
        module, _, name = target.partition(":")
        found[task] = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    assert [task for task, parameters in found.items() if "stop_requested" in parameters] == ["train"]


def test_the_registry_is_read_without_tensorflow() -> None:
    source = "import sys, cnnlab.backend; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=False).returncode == 0


def test_warming_up_leaves_nothing_behind(home: Path) -> None:
    warm()
    assert not home.exists()
