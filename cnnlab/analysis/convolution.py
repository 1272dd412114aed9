"""Convolution and pooling by hand: kernels by name, where the zeros lie, each size and each value.

The browser does the same in `cnnlab/ui/components/convolution_math.mjs`, so that nothing waits for a server;
the tests hold the two to each other, and this one to SciPy and Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.errors import SpecError
from cnnlab.spec.fields import an

Padding = Literal["valid", "same"]
Pooling = Literal["max", "average", "sum", "l2"]
Values = NDArray[np.float64]

LARGEST_KERNEL = 11
"""Rows or columns of a kernel at most: more numbers cannot be read side by side."""

_FIXED: dict[str, list[list[float]]] = {
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "sobel_x": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "sobel_y": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "laplacian": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    "outline": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
}

KERNELS: dict[str, str] = {
    "sobel_x": "Sobel x: edges from left to right",
    "sobel_y": "Sobel y: edges from top to bottom",
    "outline": "Outline: edges in every direction",
    "laplacian": "Laplacian: where brightness bends",
    "box": "Box blur: the mean of neighbours",
    "gaussian": "Gaussian blur: near pixels count more",
    "sharpen": "Sharpen: edges made stronger",
    "emboss": "Emboss: light from the upper left",
    "identity": "Identity: the image as it is",
}
"""What each kernel is called in a list."""

ACTIVATIONS: dict[str, Callable[[Values], Values]] = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0.0),
    "sigmoid": lambda values: 1.0 / (1.0 + np.exp(-np.clip(values, -700.0, 700.0))),
    "tanh": np.tanh,
}


@dataclass(frozen=True)
class Axis:
    """How a window slides along one axis, in pixels.

    Attributes:
        size: of the input.
        kernel: values that the window reads.
        stride: from one place of the window to the next.
        dilation: from one value that it reads to the next.
        span: from the first value that it reads to the last, both counted: (kernel − 1) × dilation + 1.
        before: zeros above or left of the input.
        after: zeros below or right of it.
        output: places of the window; 0 where it does not fit.
    """

    size: int
    kernel: int
    stride: int
    dilation: int
    span: int
    before: int
    after: int
    output: int


def axis(size: int, kernel: int, *, stride: int = 1, padding: Padding = "valid", dilation: int = 1) -> Axis:
    """Lay a window along one axis as TensorFlow does: where "same" needs an odd zero, it comes after.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2

    Raises:
        SpecError: a number is below 1, or the padding is unknown.

    Example:
        >>> axis(5, 2, stride=2, padding="same").output
        3
    """
    for name, value in (("input", size), ("kernel", kernel), ("stride", stride), ("dilation", dilation)):
        if value < 1:
            raise SpecError(f"Convolution, {name}: expected a whole number of at least 1. Received {value}.")
    if padding not in ("valid", "same"):
        raise SpecError(f"Convolution, padding: expected valid or same. Received {padding!r}.")
    span = (kernel - 1) * dilation + 1
    if padding == "valid":
        return Axis(size, kernel, stride, dilation, span, 0, 0, max((size - span) // stride + 1, 0))
    output = math.ceil(size / stride)
    zeros = max((output - 1) * stride + span - size, 0)
    return Axis(size, kernel, stride, dilation, span, zeros // 2, zeros - zeros // 2, output)


def kernel(name: str, size: int = 3) -> Values:
    """A kernel by its name: (size, size) float64; only identity, box and Gaussian come in other sizes than 3.

    The Gaussian's standard deviation follows its size as OpenCV's does: 0.3 × ((size − 1) / 2 − 1) + 0.8.

    Raises:
        SpecError: there is no such kernel.
    """
    if name in _FIXED:
        return np.array(_FIXED[name], np.float64)
    if name not in KERNELS:
        raise SpecError(f"Convolution: there is no kernel {name!r}. Choose one of {', '.join(KERNELS)}.")
    if name == "box":
        return np.full((size, size), 1.0 / size**2)
    if name == "identity":
        values = np.zeros((size, size))
        values[(size - 1) // 2, (size - 1) // 2] = 1.0
        return values
    deviation = 0.3 * ((size - 1) / 2 - 1) + 0.8
    away = np.arange(size) - (size - 1) / 2
    bell = np.exp(-(away**2) / (2 * deviation**2))
    return np.outer(bell, bell) / bell.sum() ** 2


def normalise(values: ArrayLike) -> Values:
    """Divide by the sum, so that brightness stays; where the sum is 0, by the sum of magnitudes."""
    array = np.asarray(values, np.float64)
    total = array.sum()
    if abs(total) < 1e-12:
        total = np.abs(array).sum()
    return array if total == 0 else array / total


def rotate(values: ArrayLike) -> Values:
    """A quarter turn, clockwise."""
    return np.rot90(np.asarray(values, np.float64), k=-1)


def conv2d(
    image: ArrayLike,
    weights: ArrayLike,
    *,
    stride: int = 1,
    padding: Padding = "valid",
    dilation: int = 1,
    bias: float = 0.0,
    activation: str = "linear",
    each: bool = False,
) -> Values:
    """Slide a kernel over an image, without flipping it, as Conv2D does.

    Args:
        image: (height, width, channels), any numbers.
        weights: (rows, columns, channels).
        stride: pixels from one place to the next.
        padding: valid, or same with TensorFlow's zeros.
        dilation: pixels from one value that is read to the next.
        bias: added to every sum.
        activation: one of `ACTIVATIONS`.
        each: keep the channels apart, as DepthwiseConv2D does; else they are summed.

    Returns:
        (height, width, channels) float64 with `each`, else (height, width, 1).

    Raises:
        SpecError: the kernel does not fit, or has other channels than the image.
    """
    windows, _ = _windows(image, np.shape(weights)[:2], stride, padding, dilation, 0.0)
    kernels = np.asarray(weights, np.float64)
    if kernels.shape[2:] != windows.shape[2:3]:
        raise SpecError(
            f"Convolution: expected a kernel of {windows.shape[2]} channels, as the image has. "
            f"Received {kernels.shape}."
        )
    sums = np.einsum("hwcrk,rkc->hwc", windows, kernels)
    total = sums if each else sums.sum(axis=2, keepdims=True)
    return ACTIVATIONS[activation](total + bias)


def pool2d(
    image: ArrayLike,
    size: tuple[int, int],
    kind: Pooling,
    *,
    stride: int = 1,
    padding: Padding = "valid",
) -> Values:
    """Pool each channel: the largest, the mean, the sum or the root of the sum of squares of a window.

    Padding counts for nothing: it is never the largest, and the mean is over the pixels that are there.

    Args:
        image: (height, width, channels), any numbers.
        size: rows and columns of the window.
        kind: max, average, sum or l2.
        stride: pixels from one place to the next.
        padding: valid or same.

    Returns:
        (height, width, channels) float64.

    Raises:
        SpecError: the window does not fit.
    """
    windows, there = _windows(image, size, stride, padding, 1, 0.0)
    if kind == "max":
        return np.where(there, windows, -np.inf).max(axis=(3, 4))
    if kind == "average":
        return windows.sum(axis=(3, 4)) / there.sum(axis=(3, 4))
    if kind == "sum":
        return windows.sum(axis=(3, 4))
    return np.sqrt((windows**2).sum(axis=(3, 4)))


def _windows(
    image: ArrayLike, size: tuple[int, ...], stride: int, padding: Padding, dilation: int, fill: float
) -> tuple[Values, NDArray[np.bool_]]:
    """Every window's values, and which of them are pixels: both (rows, columns, channels, *size)."""
    pixels = np.asarray(image, np.float64)
    axes = [
        axis(length, kernel, stride=stride, padding=padding, dilation=dilation)
        for length, kernel in zip(pixels.shape[:2], size, strict=True)
    ]
    if not all(each.output for each in axes):
        raise SpecError(_does_not_fit(*axes))
    widths = [(each.before, each.after) for each in axes] + [(0, 0)]
    there = np.ones_like(pixels, bool)
    cut = [
        _slide(np.pad(array, widths, constant_values=value), axes)
        for array, value in ((pixels, fill), (there, False))
    ]
    return cut[0], cut[1]


def _slide(padded: NDArray[Any], axes: list[Axis]) -> NDArray[Any]:
    spans = tuple(each.span for each in axes)
    windows = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=(0, 1))
    (rows, columns) = axes
    placed = windows[:: rows.stride, :: columns.stride][: rows.output, : columns.output]
    return placed[..., :: rows.dilation, :: columns.dilation]


def _does_not_fit(rows: Axis, columns: Axis) -> str:
    spread = rows.dilation > 1
    spans = f", which spans {rows.span}×{columns.span} with dilation {rows.dilation}," if spread else ""
    return (
        f"{an(rows.kernel).capitalize()}×{columns.kernel} window{spans} does not fit "
        f"the {rows.size}×{columns.size} input. "
        f"Choose a smaller one{', less dilation' if spread else ''}, or padding same."
    )


@dataclass(frozen=True)
class Example:
    """A worked example of a tutorial.

    Attributes:
        title: what is pressed.
        story: what it shows, in a sentence or two.
        image: rows of numbers.
        settings: operation, stride and padding as the component takes them.
        kernel: rows of numbers; None for pooling, whose window has the settings' rows and columns.
        output: what comes out, row by row.
    """

    title: str
    story: str
    image: tuple[tuple[float, ...], ...]
    settings: dict[str, Any]
    output: tuple[tuple[float, ...], ...]
    kernel: tuple[tuple[float, ...], ...] | None = field(default=None)


EXAMPLES: dict[str, Example] = {
    "t2": Example(
        title="35",
        story="A 3×3 kernel over a 4×4 image. Its first window gives 35; four fit, so the output is 2×2.",
        image=((10, 2, 0, 8), (50, 7, 7, 3), (0, 0, 25, 12), (6, 40, 5, 9)),
        settings={"operation": "convolution", "stride": 1, "padding": "valid"},
        kernel=((1, 0, -1), (0, 0, 0), (-1, 0, 1)),
        output=((35, 6), (42, -27)),
    ),
    "t3": Example(
        title="4.25 and 2.5",
        story="A 2×2 filter of 0.5. The first window gives 4.25; one step to the right, 2.5.",
        image=((2.0, 3.0, 0.0), (2.0, 1.5, 0.5)),
        settings={"operation": "convolution", "stride": 1, "padding": "valid"},
        kernel=((0.5, 0.5), (0.5, 0.5)),
        output=((4.25, 2.5),),
    ),
    "t3_pooling": Example(
        title="5×5 → 3×3",
        story="Max pooling, 2×2 with stride 2. Five is odd: one row and one column of padding let the last "
        "window fit, and the output is 3×3.",
        image=((1, 3, 2, 0, 4), (5, 6, 1, 2, 7), (0, 2, 9, 8, 1), (3, 1, 4, 6, 2), (7, 5, 0, 3, 8)),
        settings={"operation": "max", "rows": 2, "columns": 2, "stride": 2, "padding": "same"},
        output=((6, 2, 7), (3, 9, 2), (7, 3, 8)),
    ),
}
