"""Values of a model and its optimizer as named NumPy arrays, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import StorageError

Arrays = dict[str, NDArray[Any]]


def state(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> Arrays:
    """Every value that the next step depends on, in Keras's order.

    The states of Dropout's random generators are among `model.variables`; Keras's own files lose them.
    """
    return {name: variable.numpy() for name, variable in _variables(model, optimizer)}


def restore(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Put back what `state` gave.

    Raises:
        StorageError: the arrays are not those of this model and optimizer.
    """
    _assign(_variables(model, optimizer), arrays)


def weights(model: keras.Model) -> dict[str, NDArray[np.float32]]:
    """The weights by names like `conv2d/kernel`, in Keras's order."""
    return {name: variable.numpy() for name, variable in _weights(model)}


def load_weights(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Put back what `weights` gave.

    Raises:
        StorageError: the arrays are not those of this model.
    """
    _assign(_weights(model), arrays)


def _variables(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> list[tuple[str, keras.Variable]]:
    parts = (("model", model.variables), ("optimizer", optimizer.variables))
    return [(f"{part}/{i}", variable) for part, variables in parts for i, variable in enumerate(variables)]


def _weights(model: keras.Model) -> list[tuple[str, keras.Variable]]:
    return [(f"{layer.name}/{weight.name}", weight) for layer in model.layers for weight in layer.weights]


def _assign(variables: Iterable[tuple[str, keras.Variable]], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Assign all or, where one does not fit, none."""
    pairs = [(name, variable, arrays.get(name)) for name, variable in variables]
    if len(pairs) != len(arrays):
        raise StorageError(
            f"The saved values are not this network's: expected {len(pairs)} arrays, found {len(arrays)}. "
            "Train the design again."
        )
    for name, variable, array in pairs:
        shape = tuple(variable.shape)
        if array is None or array.shape != shape:
            found = "none" if array is None else f"one of {array.shape}"
            raise StorageError(
                f"The saved values are not this network's: expected an array {name} of shape {shape}, "
                f"found {found}. Train the design again."
            )
    for _, variable, array in pairs:
        variable.assign(array)
