"""A run's weights back in a model of this process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import keras

from cnnlab import settings
from cnnlab.backend.build import build
from cnnlab.backend.checkpoint import load_weights
from cnnlab.errors import StorageError
from cnnlab.runs import RunFiles, get_store
from cnnlab.spec.design import Design

KEPT_MODELS = 3
"""Loaded models kept: the run someone looks at, at two epochs to compare, and one more."""


class Loaded(NamedTuple):
    """A model with the weights of a run's step.

    Attributes:
        model: gives the logits.
        every_output: the same layers; gives the output of each, in the order of `model.layers`, but for the
            input's.
        design: the run's design.
        step: the weights' step.
    """

    model: keras.Model
    every_output: keras.Model
    design: Design
    step: int


_loaded: OrderedDict[tuple[Path, str, int], Loaded] = OrderedDict()
_lock = threading.Lock()


def model(run_id: str, step: int | None = None) -> keras.Model:
    """A fresh Keras model with a run's weights; it takes pixels divided by 255 and gives logits.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        StorageError: their file is damaged, or another network's.
    """
    design = get_store().run(run_id).design
    files = RunFiles(run_id)
    step = files.kept_step(step)
    weights = files.read_weights(step)
    built = build(design.architecture)
    try:
        load_weights(built, weights)
    except StorageError as exc:
        raise StorageError(f"Run {run_id}, weights of step {step}: {exc}") from exc
    return built


def loaded(run_id: str, step: int | None = None) -> Loaded:
    """As `model`, from the few that this process keeps; not to be changed."""
    design = get_store().run(run_id).design
    step = RunFiles(run_id).kept_step(step)
    key = (settings.get().home, run_id, step)
    with _lock:
        if key not in _loaded:
            plain = model(run_id, step)
            outputs = [layer.output for layer in plain.layers[1:]]
            _loaded[key] = Loaded(plain, keras.Model(plain.input, outputs), design, step)
            if len(_loaded) > KEPT_MODELS:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return _loaded[key]
