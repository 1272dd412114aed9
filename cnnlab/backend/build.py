"""Plain data to Keras: the model of an architecture, the optimizer of a training configuration."""

from __future__ import annotations

import operator
import random
import threading
from typing import Any

import keras
import numpy as np

from cnnlab.backend import adjustable as adjustable_layers
from cnnlab.backend import fused, muon
from cnnlab.errors import SpecError
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import KerasObject, Layer, Part
from cnnlab.spec.training import TrainingConfig
from cnnlab.spec.walk import program

_BUILDING = threading.Lock()
"""Keras draws initial weights from process-wide generators; threads that build must take turns."""


def build(
    architecture: Architecture,
    *,
    seed: int | None = None,
    adjustable: bool = False,
    precision: str = "float32",
) -> keras.Model:
    """The Keras model of an architecture, with fresh weights.

    A functional graph, so that every layer's output can be asked for. Layers carry the names of the trace's
    rows. It takes `(n, height, width, channels) float32, 0–1` and gives logits `(n, classes) float32`.

    Args:
        architecture: what to build.
        seed: of the initial weights and of the dropout; the same seed gives the same values whatever this
            process built before. None: the process's random state, as Keras has it.
        adjustable: whether it is to be trained here: some layers are then those of
            `cnnlab.backend.adjustable`, whose dropout can be changed in the course of a training; weights,
            their names and all else are the same.
        precision: in which the layers compute, as Keras names it. Weights and logits are float32 in each.

    Raises:
        SpecError: the architecture has a problem; the message is the first one's.

    Example:
        >>> from cnnlab import presets
        >>> build(presets.get("digits")).output_shape
        (None, 10)
    """
    trace = architecture.trace()
    if not trace.ok:
        raise SpecError(trace.problems[0].message)
    with _BUILDING:
        if seed is None:
            return _functional(architecture, adjustable, precision)
        python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - Keras draws from it
        try:
            keras.utils.set_random_seed(seed)
            return _functional(architecture, adjustable, precision)
        finally:  # a notebook's own random numbers are none of our business
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def _functional(architecture: Architecture, adjustable: bool, precision: str) -> keras.Model:
    *rows, output = architecture.trace().rows
    # A user's keras.json may say otherwise for their own models.
    keras.config.set_image_data_format("channels_last")
    inputs = keras.Input(architecture.input_shape, dtype="float32", name="image")
    values = inputs
    for layer, row in zip(architecture.layers, rows, strict=True):
        values = _applied(program(layer, row), values, adjustable, precision)
    logits = keras.layers.Dense(architecture.classes, name=output.name, dtype="float32")(values)
    return keras.Model(inputs, logits, name="model")


def _applied(
    parts: list[tuple[Part, str]], inputs: keras.KerasTensor, adjustable: bool, precision: str
) -> keras.KerasTensor:
    """What the parts of one layer of the stack make of its input."""
    values: dict[str, keras.KerasTensor] = {}
    for part, name in parts:
        taken = [values.get(key, inputs) for key in part.takes]
        own = adjustable_layers.class_for(part.layer) if adjustable else None
        keras_class = own or getattr(keras.layers, part.layer.kind)
        layer = keras_class(**arguments(part.layer), name=name, dtype=precision)
        values[part.gives] = layer(taken if len(taken) > 1 else taken[0])
    return values[parts[-1][0].gives]


def arguments(layer: Layer) -> dict[str, Any]:
    """A layer's arguments with Keras's own objects in place of their descriptions."""
    return {
        name: operator.attrgetter(value.path)(keras)(**value.arguments)
        if isinstance(value, KerasObject)
        else value
        for name, value in layer.keras_arguments().items()
    }


def optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """The optimizer of a training configuration; the loop sets its learning rate at each step."""
    own = {**fused.KINDS, "Muon": muon.Muon}
    keras_class = own.get(config.optimizer) or getattr(keras.optimizers, config.optimizer)
    return keras_class(learning_rate=config.learning_rate, **config.optimizer_arguments())
