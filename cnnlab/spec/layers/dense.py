"""Kinds for vectors: the way from maps to one, and what weighs it."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from cnnlab.spec.fields import integer
from cnnlab.spec.layers.base import Layer, Shape
from cnnlab.spec.layers.common import (
    ActivationName,
    Initializer,
    activation_field,
    bias_field,
    initializer_field,
    penalty_field,
    with_regularizer,
)


class Flatten(Layer):
    """Flatten: lays the values of the maps out as one vector."""

    kind: Literal["Flatten"] = "Flatten"

    title = "Flatten"
    summary = "Lays all values out as one vector, as a dense layer needs them."
    mixes_everything = True

    def output_shape(self, shape: Shape) -> Shape:
        """One axis with every value."""
        return (math.prod(shape),)


class Dense(Layer):
    """A dense layer: every unit sees every value of a vector."""

    kind: Literal["Dense"] = "Dense"
    units: int = integer(
        64, low=1, high=8192, slider=(1, 512), label="Units", help="Number of outputs; each sees every input."
    )
    activation: ActivationName = activation_field()
    use_bias: bool = bias_field("unit")
    kernel_initializer: Initializer = initializer_field()
    l1: float = penalty_field("L1")
    l2: float = penalty_field("L2")

    title = "Dense"
    summary = "Connects every input with every unit: weighs what the maps found."
    rank = 1
    family = "dense"
    width = "units"
    mixes_everything = True
    keras_defaults: ClassVar[dict[str, Any]] = {
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": "glorot_uniform",
        "kernel_regularizer": None,
    }

    def keras_arguments(self) -> dict[str, Any]:
        """L1 and L2 are the kernel's regularizer."""
        return with_regularizer(super().keras_arguments(), "kernel")

    def output_shape(self, shape: Shape) -> Shape:
        """One value a unit."""
        return (self.units,)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """A kernel (inputs, units) and one bias a unit."""
        kernel: dict[str, Shape] = {"kernel": (shape[0], self.units)}
        return kernel | {"bias": (self.units,)} if self.use_bias else kernel

    def macs(self, shape: Shape) -> int:
        """Inputs × units."""
        return shape[0] * self.units
