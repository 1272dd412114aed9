"""Kinds that slide learned kernels over a map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cnnlab.spec.fields import choice, integer
from cnnlab.spec.layers.base import Fault, Layer, Shape, Window
from cnnlab.spec.layers.common import (
    ActivationName,
    Initializer,
    Padding,
    activation_field,
    bias_field,
    dilation_field,
    initializer_field,
    penalty_field,
    with_regularizer,
)


def _filters() -> Any:
    return integer(
        32,
        low=1,
        high=2048,
        slider=(1, 128),
        label="Filters",
        help="Number of kernels, and so of feature maps.",
    )


def _kernel_size() -> Any:
    return integer(
        3, low=1, high=64, slider=(1, 11), label="Kernel size", help="Side of the square kernel in pixels."
    )


def _strides() -> Any:
    return integer(
        1,
        low=1,
        high=64,
        slider=(1, 4),
        label="Stride",
        help="Pixels that the kernel moves from one output to the next.",
    )


def _padding() -> Any:
    return choice(
        "valid",
        label="Padding",
        help="valid: the kernel stays inside the map; same: zeros around it keep the size.",
    )


def _depth_multiplier() -> Any:
    return integer(
        1,
        low=1,
        high=64,
        slider=(1, 4),
        label="Depth multiplier",
        help="Kernels of each input channel.",
        advanced=True,
    )


class _Convolution(Layer):
    """What the convolutions share: how the window moves."""

    if TYPE_CHECKING:  # each kind declares them itself, in its own order
        kernel_size: int
        strides: int
        padding: Padding
        dilation_rate: int

    rank = 3
    family = "conv"

    def window(self) -> Window:
        """The kernel's window."""
        return Window(self.kernel_size, self.strides, self.padding, self.dilation_rate)

    def fault(self, shape: Shape) -> Fault | None:
        """Besides a window that does not fit: Keras takes a stride or a dilation, not both."""
        if self.strides == 1 or self.dilation_rate == 1:
            return super().fault(shape)
        return Fault(
            "dilation",
            f"stride {self.strides} and dilation {self.dilation_rate} do not go together: Keras moves a "
            "kernel with gaps one pixel at a time. Use dilation_rate 1 or strides 1.",
            (
                ("Use dilation_rate 1", (self.replace(dilation_rate=1),)),
                ("Use strides 1", (self.replace(strides=1),)),
                # Where the kernel does not fit either.
                ('Use dilation_rate 1 and padding "same"', (self.replace(dilation_rate=1, padding="same"),)),
            ),
        )

    def _map_size(self, shape: Shape) -> Shape:
        window = self.window()
        return (window.output_size(shape[0]), window.output_size(shape[1]))


class Conv2D(_Convolution):
    """A convolution: each filter slides a kernel over the map and makes one feature map."""

    kind: Literal["Conv2D"] = "Conv2D"
    filters: int = _filters()
    kernel_size: int = _kernel_size()
    strides: int = _strides()
    padding: Padding = _padding()
    activation: ActivationName = activation_field()
    use_bias: bool = bias_field("feature map")
    dilation_rate: int = dilation_field()
    kernel_initializer: Initializer = initializer_field()
    l1: float = penalty_field("L1")
    l2: float = penalty_field("L2")

    title = "Convolution"
    summary = "Slides learned kernels over the map: each looks for one pattern everywhere."
    width = "filters"
    keras_defaults: ClassVar[dict[str, Any]] = {
        "strides": 1,
        "padding": "valid",
        "dilation_rate": 1,
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": "glorot_uniform",
        "kernel_regularizer": None,
    }

    def keras_arguments(self) -> dict[str, Any]:
        """L1 and L2 are the kernel's regularizer."""
        return with_regularizer(super().keras_arguments(), "kernel")

    def output_shape(self, shape: Shape) -> Shape:
        """Height and width shrink by the window, channels become the filters."""
        return (*self._map_size(shape), self.filters)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """A kernel (height, width, input channels, filters) and one bias a filter."""
        kernel: dict[str, Shape] = {"kernel": (self.kernel_size, self.kernel_size, shape[2], self.filters)}
        return kernel | {"bias": (self.filters,)} if self.use_bias else kernel

    def macs(self, shape: Shape) -> int:
        """Output height × width × filters × kernel² × input channels."""
        return math.prod(self.output_shape(shape)) * self.kernel_size**2 * shape[2]


class DepthwiseConv2D(_Convolution):
    """A depthwise convolution: each channel has kernels of its own; channels are not mixed."""

    kind: Literal["DepthwiseConv2D"] = "DepthwiseConv2D"
    kernel_size: int = _kernel_size()
    strides: int = _strides()
    padding: Padding = _padding()
    activation: ActivationName = activation_field()
    depth_multiplier: int = _depth_multiplier()
    use_bias: bool = bias_field("feature map")
    dilation_rate: int = dilation_field()
    depthwise_initializer: Initializer = initializer_field()
    l1: float = penalty_field("L1")
    l2: float = penalty_field("L2")

    title = "Depthwise convolution"
    summary = "Gives each channel a kernel of its own: few weights, and channels are not mixed."
    depthwise = frozenset({"kernel"})
    keras_defaults: ClassVar[dict[str, Any]] = {
        "strides": 1,
        "padding": "valid",
        "depth_multiplier": 1,
        "dilation_rate": 1,
        "activation": "linear",
        "use_bias": True,
        "depthwise_initializer": "glorot_uniform",
        "depthwise_regularizer": None,
    }

    def keras_arguments(self) -> dict[str, Any]:
        """L1 and L2 are the kernels' regularizer."""
        return with_regularizer(super().keras_arguments(), "depthwise")

    def output_shape(self, shape: Shape) -> Shape:
        """Height and width shrink by the window, channels are multiplied."""
        return (*self._map_size(shape), shape[2] * self.depth_multiplier)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """A kernel (height, width, input channels, multiplier) and one bias an output channel."""
        side, channels = self.kernel_size, shape[2]
        kernel: dict[str, Shape] = {"kernel": (side, side, channels, self.depth_multiplier)}
        return kernel | {"bias": (channels * self.depth_multiplier,)} if self.use_bias else kernel

    def macs(self, shape: Shape) -> int:
        """Output height × width × output channels × kernel²."""
        return math.prod(self.output_shape(shape)) * self.kernel_size**2


class SeparableConv2D(_Convolution):
    """A separable convolution: a depthwise one, then a 1×1 convolution that mixes the channels."""

    kind: Literal["SeparableConv2D"] = "SeparableConv2D"
    filters: int = _filters()
    kernel_size: int = _kernel_size()
    strides: int = _strides()
    padding: Padding = _padding()
    activation: ActivationName = activation_field()
    depth_multiplier: int = _depth_multiplier()
    use_bias: bool = bias_field("feature map")
    dilation_rate: int = dilation_field()
    depthwise_initializer: Initializer = initializer_field("Depthwise initializer", "depthwise weights")
    pointwise_initializer: Initializer = initializer_field("Pointwise initializer", "1×1 weights")
    l1: float = penalty_field("L1")
    l2: float = penalty_field("L2")

    title = "Separable convolution"
    summary = (
        "A kernel for each channel, then a 1×1 mix of the channels: much like a convolution, far cheaper."
    )
    width = "filters"
    depthwise = frozenset({"depthwise_kernel"})
    keras_defaults: ClassVar[dict[str, Any]] = {
        "strides": 1,
        "padding": "valid",
        "dilation_rate": 1,
        "depth_multiplier": 1,
        "activation": "linear",
        "use_bias": True,
        "depthwise_initializer": "glorot_uniform",
        "pointwise_initializer": "glorot_uniform",
        "depthwise_regularizer": None,
        "pointwise_regularizer": None,
    }

    def keras_arguments(self) -> dict[str, Any]:
        """L1 and L2 are the regularizer of both kernels."""
        return with_regularizer(super().keras_arguments(), "depthwise", "pointwise")

    def output_shape(self, shape: Shape) -> Shape:
        """Height and width shrink by the window, channels become the filters."""
        return (*self._map_size(shape), self.filters)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """Kernels (height, width, input channels, multiplier) and (1, 1, their channels, filters), a bias."""
        side, between = self.kernel_size, shape[2] * self.depth_multiplier
        kernels: dict[str, Shape] = {
            "depthwise_kernel": (side, side, shape[2], self.depth_multiplier),
            "pointwise_kernel": (1, 1, between, self.filters),
        }
        return kernels | {"bias": (self.filters,)} if self.use_bias else kernels

    def macs(self, shape: Shape) -> int:
        """Output height × width × depthwise channels × (kernel² + filters)."""
        between = shape[2] * self.depth_multiplier
        return math.prod(self._map_size(shape)) * between * (self.kernel_size**2 + self.filters)
