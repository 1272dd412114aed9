"""Every layer kind, one class each: the only file that a new kind touches.

Class names and field names are Keras's own, so that the class is at once the form, the check, the Keras
layer, the exported source and the JSON. Sizes are single numbers: windows and strides are square. Shapes
leave out the batch axis: a map is `(height, width, channels)`, a vector `(n,)`.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union

from pydantic import Field

from cnnlab.spec.fields import Control, Spec, an, choice, controls, integer, real, switch

Shape = tuple[int, ...]
ActivationName = Literal[
    "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "softplus", "linear"
]
Padding = Literal["valid", "same"]

KINDS: dict[str, type[Layer]] = {}
"""Every layer kind by its class name, in the order in which a page offers them."""


@dataclass(frozen=True, slots=True)
class Window:
    """How a layer looks at its input: a square window moved by a stride.

    Attributes:
        kernel: side of the window in pixels.
        stride: pixels from one window to the next.
        padding: "valid" (windows lie inside the input) or "same" (output size = ceil(input / stride)).
    """

    kernel: int
    stride: int
    padding: str

    def output_size(self, size: int) -> int:
        """Windows along one axis of `size` pixels; 0 or less where not even one fits.

        Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
        """
        if self.padding == "same":
            return -(-size // self.stride)
        return (size - self.kernel) // self.stride + 1


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a layer cannot take an input of the right rank, and what could stand in its place.

    Attributes:
        code: the kind of problem, for tests and pages.
        message: one or two sentences, without the layer's place.
        mends: pairs of a button's label and the layers that replace this one, best first.
    """

    code: str
    message: str
    mends: tuple[tuple[str, tuple[Layer, ...]], ...] = ()


class Layer(Spec):
    """Base of every layer kind.

    A subclass declares its fields, `title`, `summary`, `rank` and whatever of the methods below differs from
    a layer that passes its input's shape on, without weights.
    """

    kind: str = Field(default="", frozen=True)

    title: ClassVar[str]
    """What a textbook calls it."""
    summary: ClassVar[str]
    """One line of help."""
    rank: ClassVar[int | None] = None
    """Rank of the input it takes: 3 for a map, 1 for a vector, None for either."""
    width: ClassVar[str | None] = None
    """The field that says how many channels or units it makes, if it has one."""
    family: ClassVar[str] = "other"
    """Which kinds it is drawn like: "conv", "pool", "dense" or "other"."""
    mixes_everything: ClassVar[bool] = False
    """Whether its output vector as a whole depends on every value of the input."""
    not_trainable: ClassVar[frozenset[str]] = frozenset()
    """Names of weights that training does not change by gradient."""
    keras_defaults: ClassVar[dict[str, Any]] = {}
    """Keras's own defaults, in its order: what exported source may leave out. Other fields come first."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__name__ == cls.model_fields["kind"].default:
            KINDS[cls.__name__] = cls

    @classmethod
    def controls(cls) -> dict[str, Control]:
        """The controls of this kind's fields, in their order."""
        return controls(cls)

    @classmethod
    @functools.cache
    def base_name(cls) -> str:
        """Keras's automatic name for the first layer of this kind: `max_pooling2d`."""
        spaced = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", cls.__name__)
        return re.sub("([a-z])([A-Z])", r"\1_\2", spaced).lower()

    def keras_arguments(self) -> dict[str, Any]:
        """Keyword arguments of the Keras class of the same name."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the output for an input shape that has no `fault`."""
        return shape

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """Shapes of the weights under Keras's names, in Keras's order."""
        return {}

    def macs(self, shape: Shape) -> int:
        """Multiply–accumulates for one image.

        Convolution: output height × width × filters × kernel² × input channels; dense: inputs × units. Bias,
        activation, pooling, normalisation and everything else count 0, as is usual.
        """
        return 0

    def window(self) -> Window | None:
        """The window it moves over a map; None where each output depends on its own input pixel alone."""
        return None

    def fault(self, shape: Shape) -> Fault | None:
        """Why it cannot take this input, whose rank is right; None where it can."""
        window = self.window()
        if window is None or min(window.output_size(side) for side in shape[:2]) >= 1:
            return None
        return self._window_fault(window.kernel, shape)

    def _window_fault(self, kernel: int, shape: Shape) -> Fault:
        field = "kernel_size" if "kernel_size" in type(self).model_fields else "pool_size"
        largest = min(shape[:2])
        words = f"{an(kernel)}×{kernel} window does not fit {an(shape[0])}×{shape[1]} input."
        same = ('Use padding "same"', (self.replace(padding="same"),))
        if largest == 1 and field == "pool_size":
            # A pool size of 1 would fit, and do nothing.
            return Fault(
                "window", f"{words} Nothing is left to pool: remove it.", ((f"Remove {self.kind}", ()), same)
            )
        smaller = (f"Use {field} {largest}", (self.replace(**{field: largest}),))
        return Fault("window", f"{words} Use {field} {largest} or less.", (smaller, same))


class Conv2D(Layer):
    """A convolution: each filter slides a kernel over the map and makes one feature map."""

    kind: Literal["Conv2D"] = "Conv2D"
    filters: int = integer(
        32,
        low=1,
        high=2048,
        slider=(1, 128),
        label="Filters",
        help="Number of kernels, and so of feature maps.",
    )
    kernel_size: int = integer(
        3, low=1, high=64, slider=(1, 11), label="Kernel size", help="Side of the square kernel in pixels."
    )
    strides: int = integer(
        1,
        low=1,
        high=64,
        slider=(1, 4),
        label="Stride",
        help="Pixels that the kernel moves from one output to the next.",
    )
    padding: Padding = choice(
        "valid",
        label="Padding",
        help="valid: the kernel stays inside the map; same: zeros around it keep the size.",
    )
    activation: ActivationName = choice(
        "relu", label="Activation", help="Function applied to each value of the output."
    )
    use_bias: bool = switch(True, label="Bias", help="Adds one learned number to each feature map.")

    title = "Convolution"
    summary = "Slides learned kernels over the map: each looks for one pattern everywhere."
    rank = 3
    family = "conv"
    width = "filters"
    keras_defaults: ClassVar[dict[str, Any]] = {
        "strides": 1, "padding": "valid", "activation": "linear", "use_bias": True
    }  # fmt: skip

    def output_shape(self, shape: Shape) -> Shape:
        """Height and width shrink by the window, channels become the filters."""
        window = self.window()
        return (window.output_size(shape[0]), window.output_size(shape[1]), self.filters)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """A kernel (height, width, input channels, filters) and one bias a filter."""
        kernel: dict[str, Shape] = {"kernel": (self.kernel_size, self.kernel_size, shape[2], self.filters)}
        return kernel | {"bias": (self.filters,)} if self.use_bias else kernel

    def macs(self, shape: Shape) -> int:
        """Output height × width × filters × kernel² × input channels."""
        return math.prod(self.output_shape(shape)) * self.kernel_size**2 * shape[2]

    def window(self) -> Window:
        """The kernel's window."""
        return Window(self.kernel_size, self.strides, self.padding)


class _Pooling(Layer):
    """What both poolings share: a window that keeps the channels apart and has no weights."""

    pool_size: int = integer(
        2, low=1, high=64, slider=(1, 8), label="Pool size", help="Side of the square window in pixels."
    )
    strides: int | None = integer(
        None,
        low=1,
        high=64,
        slider=(1, 8),
        label="Stride",
        help="Pixels from one window to the next; without a value, the pool size: windows side by side.",
        none="same as pool size",
    )
    padding: Padding = choice(
        "valid",
        label="Padding",
        help="valid: windows stay inside the map; same: the last one may reach over its edge.",
    )

    rank = 3
    family = "pool"
    keras_defaults: ClassVar[dict[str, Any]] = {"strides": None, "padding": "valid"}

    def output_shape(self, shape: Shape) -> Shape:
        """Height and width shrink by the window, channels stay."""
        window = self.window()
        return (window.output_size(shape[0]), window.output_size(shape[1]), shape[2])

    def window(self) -> Window:
        """The pooling window."""
        return Window(self.pool_size, self.strides or self.pool_size, self.padding)


class MaxPooling2D(_Pooling):
    """Max pooling: keeps the greatest value of each window."""

    kind: Literal["MaxPooling2D"] = "MaxPooling2D"

    title = "Max pooling"
    summary = "Keeps the greatest value of each window: smaller maps, and small shifts matter less."


class AveragePooling2D(_Pooling):
    """Average pooling: keeps the mean of each window."""

    kind: Literal["AveragePooling2D"] = "AveragePooling2D"

    title = "Average pooling"
    summary = "Keeps the mean of each window: smaller, smoother maps."


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
    activation: ActivationName = choice(
        "relu", label="Activation", help="Function applied to each value of the output."
    )
    use_bias: bool = switch(True, label="Bias", help="Adds one learned number to each unit.")

    title = "Dense"
    summary = "Connects every input with every unit: weighs what the maps found."
    rank = 1
    family = "dense"
    width = "units"
    mixes_everything = True
    keras_defaults: ClassVar[dict[str, Any]] = {"activation": "linear", "use_bias": True}

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


class Dropout(Layer):
    """Dropout: switches a random share of the values off while training."""

    kind: Literal["Dropout"] = "Dropout"
    rate: float = real(
        0.25,
        low=0.0,
        high=0.95,
        slider=(0.0, 0.8),
        step=0.05,
        label="Rate",
        help="Share of values set to zero in training.",
    )

    title = "Dropout"
    summary = (
        "Sets a random share of values to zero while training, against overfitting; nothing in prediction."
    )


class BatchNormalization(Layer):
    """Batch normalization: brings each channel to mean 0 and variance 1, then scales and shifts it."""

    kind: Literal["BatchNormalization"] = "BatchNormalization"
    momentum: float = real(
        0.99,
        low=0.0,
        high=0.9999,
        slider=(0.5, 0.99),
        step=0.01,
        label="Momentum",
        help="How slowly the moving mean and variance, used in prediction, follow the batches.",
    )
    epsilon: float = real(
        1e-3,
        low=1e-7,
        high=1.0,
        slider=(1e-5, 1e-1),
        step=1e-5,
        label="Epsilon",
        help="Small number added to the variance, so that nothing is divided by zero.",
        scale="log",
        format="%.0e",
    )
    center: bool = switch(True, label="Center", help="Adds a learned shift (beta) to each channel.")
    scale: bool = switch(True, label="Scale", help="Multiplies each channel by a learned factor (gamma).")

    title = "Batch normalization"
    summary = "Normalises each channel: over the batch while training, by moving averages in prediction."
    not_trainable = frozenset({"moving_mean", "moving_variance"})
    keras_defaults: ClassVar[dict[str, Any]] = {
        "momentum": 0.99,
        "epsilon": 1e-3,
        "center": True,
        "scale": True,
    }

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """One gamma, beta, moving mean and moving variance a channel."""
        learned = [name for name, present in (("gamma", self.scale), ("beta", self.center)) if present]
        return dict.fromkeys([*learned, "moving_mean", "moving_variance"], (shape[-1],))


def numbered(kinds: Iterable[type[Layer]]) -> list[str]:
    """Keras's automatic names of a model's layers: conv2d, max_pooling2d, conv2d_1 and so on."""
    seen: dict[str, int] = {}
    names = []
    for kind in kinds:
        base = kind.base_name()
        count = seen.get(base, 0)
        seen[base] = count + 1
        names.append(f"{base}_{count}" if count else base)
    return names


if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = Annotated[Union[tuple(KINDS.values())], Field(discriminator="kind")]  # noqa: UP007
