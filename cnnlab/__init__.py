"""CNN Lab: design, train and look into convolutional networks.

    arch = cnnlab.presets.get("fashion_mnist")
    run = cnnlab.train(arch, "digits", cnnlab.TrainingConfig(epochs=5, seed=0))
    run.history

Everything is imported when it is first used: `import cnnlab` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnlab import datasets
    from cnnlab.api import Run, again, get, start, train
    from cnnlab.errors import CNNLabError
    from cnnlab.spec import presets
    from cnnlab.spec.architecture import Architecture
    from cnnlab.spec.design import Design
    from cnnlab.spec.training import TrainingConfig

__version__ = "0.1.0"

__all__ = [
    "Architecture",
    "CNNLabError",
    "Design",
    "Run",
    "TrainingConfig",
    "__version__",
    "again",
    "datasets",
    "get",
    "presets",
    "start",
    "train",
]

_HOMES = {
    "Architecture": "cnnlab.spec.architecture",
    "CNNLabError": "cnnlab.errors",
    "Design": "cnnlab.spec.design",
    "Run": "cnnlab.api",
    "TrainingConfig": "cnnlab.spec.training",
    "again": "cnnlab.api",
    "get": "cnnlab.api",
    "start": "cnnlab.api",
    "train": "cnnlab.api",
}
_MODULES = {"datasets": "cnnlab.datasets", "presets": "cnnlab.spec.presets"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = importlib.import_module(_MODULES[name])
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'cnnlab' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
