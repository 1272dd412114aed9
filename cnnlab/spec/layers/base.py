"""What every layer kind is made from: `Layer`, windows, faults, parts of a composite, and the families."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from cnnlab.spec.fields import Control, Spec, an, controls

Shape = tuple[int, ...]

KINDS: dict[str, type[Layer]] = {}
"""Every layer kind by its class name, in the order in which a page offers them."""

FAMILIES: dict[str, str] = {
    "conv": "Convolution",
    "block": "Residual block",
    "pool": "Pooling",
    "dense": "Dense",
    "other": "Other",
    "norm": "Normalization",
    "drop": "Dropout and noise",
}
"""What a page calls each family of kinds; a family has one colour everywhere."""


@dataclass(frozen=True, slots=True)
class Window:
    """How a layer looks at its input: a square window moved by a stride.

    Attributes:
        kernel: side of the window in values that it reads.
        stride: pixels from one window to the next.
        padding: "valid" (windows lie inside the input) or "same" (output size = ceil(input / stride)).
        dilation: pixels from one value that it reads to the next; 1 leaves no gaps.
    """

    kernel: int
    stride: int
    padding: str
    dilation: int = 1

    @property
    def span(self) -> int:
        """Side of the window in pixels, gaps included."""
        return (self.kernel - 1) * self.dilation + 1

    def output_size(self, size: int) -> int:
        """Windows along one axis of `size` pixels; 0 or less where not even one fits.

        Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
        """
        if self.padding == "same":
            return -(-size // self.stride)
        return (size - self.span) // self.stride + 1

    def overhang(self, size: int) -> int:
        """Pixels by which the first window reaches out of an axis of `size` pixels: the padding before it."""
        if self.padding == "valid":
            return 0
        return max((self.output_size(size) - 1) * self.stride + self.span - size, 0) // 2


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


@dataclass(frozen=True, slots=True)
class KerasObject:
    """An argument of a Keras layer that is an object of Keras's own.

    Attributes:
        path: of its class inside `keras`: "regularizers.L2".
        arguments: its keyword arguments.
    """

    path: str
    arguments: dict[str, float]


@dataclass(frozen=True, slots=True)
class Part:
    """One layer of a composite kind, as a line of a small program: it takes values by name and gives one.

    A name that is taken before it was given is the input of the block.

    Attributes:
        name: what the block's name is continued with; "" for the last part, which bears the block's name.
        layer: of a primitive kind.
        takes: names of what it takes; more than one for an Add.
        gives: name of what it gives. The last part gives the output of the block.
    """

    name: str
    layer: Layer
    takes: tuple[str, ...] = ("x",)
    gives: str = "x"


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
    """Which kinds it is grouped with and drawn like: one of `FAMILIES`."""
    offered: ClassVar[bool] = True
    """Whether a stack may hold it; a kind that is only a part of others is not offered."""
    mixes_everything: ClassVar[bool] = False
    """Whether its output vector as a whole depends on every value of the input."""
    not_trainable: ClassVar[frozenset[str]] = frozenset()
    """Names of weights that training does not change by gradient."""
    depthwise: ClassVar[frozenset[str]] = frozenset()
    """Names of weights (height, width, channels, multiplier) whose kernels read one channel each."""
    keras_defaults: ClassVar[dict[str, Any]] = {}
    """Keras's own defaults, in its order: what exported source may leave out. Other fields come first."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.offered and cls.__name__ == cls.model_fields["kind"].default:
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

    def expand(self, shape: Shape) -> tuple[Part, ...]:
        """The parts that a composite kind is made of for an input shape; none for a primitive kind."""
        return ()

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
        return self._window_fault(window, shape)

    def _window_fault(self, window: Window, shape: Shape) -> Fault:
        kernel, largest = window.kernel, min(shape[:2])
        size = f"{an(shape[0])}×{shape[1]} input."
        same = ('Use padding "same"', (self.replace(padding="same"),))
        if window.dilation > 1:
            words = f"{an(kernel)}×{kernel} window with gaps reaches over {window.span}×{window.span} pixels"
            closest = max((largest - 1) // (kernel - 1), 1)
            changes = {"kernel_size": min(kernel, largest), "dilation_rate": closest}
            changes = {name: value for name, value in changes.items() if getattr(self, name) != value}
            use = "Use " + " and ".join(f"{name} {value}" for name, value in changes.items())
            words = f"{words} and does not fit {size} {use}{' or less' if len(changes) == 1 else ''}."
            return Fault("window", words, ((use, (self.replace(**changes),)), same))
        field = "kernel_size" if "kernel_size" in type(self).model_fields else "pool_size"
        words = f"{an(kernel)}×{kernel} window does not fit {size}"
        if largest == 1 and field == "pool_size":
            # A pool size of 1 would fit, and do nothing.
            return Fault(
                "window", f"{words} Nothing is left to pool: remove it.", ((f"Remove {self.kind}", ()), same)
            )
        smaller = (f"Use {field} {largest}", (self.replace(**{field: largest}),))
        return Fault("window", f"{words} Use {field} {largest} or less.", (smaller, same))


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
