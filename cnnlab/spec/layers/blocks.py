"""Composite kinds: several primitive layers with branches, offered as one."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Literal

from cnnlab.spec.fields import integer, switch
from cnnlab.spec.layers.activation import Activation
from cnnlab.spec.layers.base import Fault, Layer, Part, Shape
from cnnlab.spec.layers.common import (
    ActivationName,
    Initializer,
    activation_field,
    initializer_field,
    momentum_field,
    penalty_field,
)
from cnnlab.spec.layers.convolution import Conv2D
from cnnlab.spec.layers.normalization import BatchNormalization
from cnnlab.spec.layers.pooling import AveragePooling2D


class Add(Layer):
    """An addition: the sum, value by value, of outputs of one shape."""

    kind: Literal["Add"] = "Add"

    title = "Add"
    summary = "Adds what comes from its branches, value by value."
    offered = False


class Composite(Layer):
    """What composite kinds share: everything about them follows from their parts."""

    family = "block"

    def output_shape(self, shape: Shape) -> Shape:
        """The shape that the last part gives."""
        *_, (part, taken) = self._placed(shape)
        return part.layer.output_shape(taken)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """Those of all parts, each under its part's name: `conv2d_1/kernel`."""
        return {
            f"{part.name}/{weight}": size
            for part, taken in self._placed(shape)
            for weight, size in part.layer.weight_shapes(taken).items()
        }

    def macs(self, shape: Shape) -> int:
        """Those of all parts."""
        return sum(part.layer.macs(taken) for part, taken in self._placed(shape))

    def fault(self, shape: Shape) -> Fault | None:
        """The fault of the first part that has one; only the block as a whole can be changed."""
        for part, taken in self._placed(shape):
            fault = part.layer.fault(taken)
            if fault is not None:
                return Fault(fault.code, f"in its {part.name}, {fault.message}")
        return None

    def _placed(self, shape: Shape) -> Iterator[tuple[Part, Shape]]:
        """Each part with the shape that it takes."""
        values: dict[str, Shape] = {}
        for part in self.expand(shape):
            taken = values.get(part.takes[0], shape)
            yield part, taken
            values[part.gives] = part.layer.output_shape(taken)


class ResidualBlock(Composite):
    """A residual block: two convolutions whose output is added to what came in.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015, figures 2 and 3.
    """

    kind: Literal["ResidualBlock"] = "ResidualBlock"
    filters: int = integer(
        32,
        low=1,
        high=2048,
        slider=(1, 128),
        label="Filters",
        help="Feature maps of both convolutions, and so of the block.",
    )
    kernel_size: int = integer(
        3, low=1, high=64, slider=(1, 11), label="Kernel size", help="Side of both square kernels in pixels."
    )
    strides: int = integer(
        1,
        low=1,
        high=64,
        slider=(1, 4),
        label="Stride",
        help="Of the first convolution: 2 halves height and width, on the shortcut too.",
    )
    activation: ActivationName = activation_field("Function behind the first convolution and behind the sum.")
    batch_normalization: bool = switch(
        True, label="Batch normalization", help="Normalises each channel behind each convolution."
    )
    # Not Keras's 0.99: averages that lag by hundreds of steps make a short training look like guessing.
    momentum: float = momentum_field(0.9, advanced=True)
    kernel_initializer: Initializer = initializer_field()
    l1: float = penalty_field("L1")
    l2: float = penalty_field("L2")

    title = "Residual block"
    summary = (
        "Two convolutions whose output is added to what came in: the shortcut keeps deep networks trainable."
    )
    rank = 3
    width = "filters"

    @functools.lru_cache(maxsize=256)  # noqa: B019 - a frozen value, asked again by every trace
    def expand(self, shape: Shape) -> tuple[Part, ...]:
        """Two convolutions and the shortcut, which is pooled and projected where the shape changes."""
        normalization = (BatchNormalization(momentum=self.momentum),) if self.batch_normalization else ()
        first = (self._convolution(self.kernel_size, self.strides), *normalization, self._bend())
        second = (self._convolution(self.kernel_size, 1), *normalization)
        main = [
            Part(f"{layer.base_name()}_{place}", layer)
            for place, group in ((1, first), (2, second))
            for layer in group
        ]
        shortcut = [
            Part(name, layer, ("shortcut",), "shortcut")
            for name, layer in self._shortcut(shape, *normalization)
        ]
        return (*main, *shortcut, Part("add", Add(), ("x", "shortcut")), Part("", self._bend()))

    def _shortcut(self, shape: Shape, *normalization: Layer) -> Iterator[tuple[str, Layer]]:
        """Names and layers of the shortcut; none where the block keeps its input's shape.

        A stride is taken by average pooling, not by the projection: so every pixel of the input counts (He et
        al., "Bag of tricks for image classification", 2019, ResNet-D), and TensorFlow 2.21 on a processor
        crashes in the gradient of a 1×1 kernel with a stride.
        """
        if self.strides > 1:
            yield "pooling", AveragePooling2D(pool_size=self.strides, padding="same")
        if self.strides > 1 or shape[2] != self.filters:
            yield "projection", self._convolution(1, 1)
            for layer in normalization:
                yield "projection_normalization", layer

    def _convolution(self, kernel_size: int, strides: int) -> Conv2D:
        return Conv2D(
            filters=self.filters,
            kernel_size=kernel_size,
            strides=strides,
            padding="same",
            activation="linear",
            use_bias=not self.batch_normalization,
            kernel_initializer=self.kernel_initializer,
            l1=self.l1,
            l2=self.l2,
        )

    def _bend(self) -> Activation:
        return Activation(activation=self.activation)
