"""Where each layer of a network stands: its declaration, what it takes, and how its values see the image."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import Dense, Layer, Shape, Window
from cnnlab.spec.walk import Row, program

Spans = tuple[tuple[int, int], ...]

IMAGE = ""
"""What stands for the name of a layer where the image itself is taken."""

OPERATIONS: dict[str, str] = {
    "Conv2D": "convolution",
    "DepthwiseConv2D": "convolution",
    "SeparableConv2D": "convolution",
    "MaxPooling2D": "max",
    "AveragePooling2D": "average",
    "GlobalMaxPooling2D": "max",
    "GlobalAveragePooling2D": "average",
    "Dense": "dense",
    "BatchNormalization": "value",
    "Activation": "value",
}
"""Kind of layer → how a number of its output begins, before bias, activation and normalisation."""

SILENT = frozenset({"Dropout", "SpatialDropout2D", "GaussianNoise"})
"""Kinds that pass values on unchanged in prediction."""


@dataclass(frozen=True, slots=True)
class Place:
    """One Keras layer in its network.

    Attributes:
        layer: Its declaration.
        row: Its row in the trace; of a part, the part's.
        takes: Names of the layers whose outputs it takes; `IMAGE` for the image.
        sees: For the rows and for the columns of its output, the pixels of the image that each depends on:
            the first, and one behind the last; both 0 where it depends on none. None: all depend on all.
    """

    layer: Layer
    row: Row
    takes: tuple[str, ...]
    sees: tuple[Spans, Spans] | None


def can_magnify(layer: Layer) -> bool:
    """Whether each number of the layer's output can be retraced: one sum or choice, then pointwise steps."""
    return layer.kind in OPERATIONS and getattr(layer, "activation", "linear") != "softmax"


def places(architecture: Architecture) -> dict[str, Place]:
    """Every Keras layer of a network by its name, in the order in which they are computed, the output last.

    The walk ends before the first layer that has a problem.

    Example:
        >>> from cnnlab.spec.layers import Conv2D, Flatten
        >>> network = Architecture(input_shape=(8, 8, 1), classes=2, layers=(Conv2D(), Flatten()))
        >>> [(name, place.takes) for name, place in places(network).items()]
        [('conv2d', ('',)), ('flatten', ('conv2d',)), ('dense', ('flatten',))]
    """
    found: dict[str, Place] = {}
    output = Dense(units=architecture.classes, activation="linear")
    height, width, _ = architecture.input_shape
    name = IMAGE
    sees: tuple[Spans, Spans] | None = (_each(height), _each(width))
    for layer, row in zip((*architecture.layers, output), architecture.trace().rows, strict=True):
        if row.input_shape is None or row.output_shape is None:
            break
        found |= _parts(layer, row, name, sees)
        name, sees = row.name, found[row.name].sees
    return found


def laid_out(found: dict[str, Place], name: str) -> Place | None:
    """The layer whose map a Flatten laid out as the vector that this layer takes; None where none did.

    Args:
        found: From `places`.
        name: Of a layer that takes a vector.
    """
    while (source := found.get(found[name].takes[0])) is not None:
        name = source.row.name
        if source.layer.kind == "Flatten":
            if len(source.row.input_shape or ()) == 3:
                return found.get(source.takes[0])
            continue  # it took a vector, and passed it on unchanged
        if source.layer.kind not in SILENT:
            return None
    return None


def _each(size: int) -> Spans:
    """What the pixels of the image themselves see: each itself."""
    return tuple((at, at + 1) for at in range(size))


def _parts(layer: Layer, whole: Row, before: str, sees: tuple[Spans, Spans] | None) -> dict[str, Place]:
    """The places of one layer of the stack, which is a block or itself the only part."""
    given: dict[str, tuple[str, tuple[Spans, Spans] | None]] = {}
    found: dict[str, Place] = {}
    for (part, name), row in zip(program(layer, whole), whole.primitives, strict=True):
        taken = [given.get(key, (before, sees)) for key in part.takes]
        assert row.input_shape is not None
        seen = _behind(part.layer, row.input_shape, functools.reduce(_united, (each for _, each in taken)))
        given[part.gives] = name, seen
        found[name] = Place(part.layer, row, tuple(source for source, _ in taken), seen)
    return found


def _behind(layer: Layer, shape: Shape, sees: tuple[Spans, Spans] | None) -> tuple[Spans, Spans] | None:
    """What the output of a layer sees, whose input sees this."""
    if sees is None or layer.mixes_everything or len(shape) == 1:
        return None
    window = layer.window()
    return sees if window is None else (_moved(window, sees[0]), _moved(window, sees[1]))


def _moved(window: Window, spans: Spans) -> Spans:
    """The pixels that each place of a window sees along one axis: exactly, at the map's edges too."""
    size, before = len(spans), window.overhang(len(spans))
    moved = []
    for place in range(window.output_size(size)):
        start = place * window.stride - before
        taps = (start + k * window.dilation for k in range(window.kernel))
        read = [spans[tap] for tap in taps if 0 <= tap < size and spans[tap] != (0, 0)]
        moved.append((read[0][0], read[-1][1]) if read else (0, 0))
    return tuple(moved)


def _united(one: tuple[Spans, Spans] | None, other: tuple[Spans, Spans] | None) -> tuple[Spans, Spans] | None:
    """What the sum of two maps sees: what either does."""
    if one is None or other is None:
        return None
    return _both(one[0], other[0]), _both(one[1], other[1])


def _both(one: Spans, other: Spans) -> Spans:
    return tuple(
        b if a == (0, 0) else a if b == (0, 0) else (min(a[0], b[0]), max(a[1], b[1]))
        for a, b in zip(one, other, strict=True)
    )
