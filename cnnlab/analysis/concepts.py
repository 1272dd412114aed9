"""The arithmetic of the concept cards: small questions with numbers that a student can check."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlab.analysis.convolution import Axis, Padding, axis
from cnnlab.errors import SpecError

Values = NDArray[np.float64]


# Shared weights


@dataclass(frozen=True)
class Connection:
    """A line of a node diagram: which input reaches which output through which weight, counted from 0."""

    input: int
    output: int
    weight: int


@dataclass(frozen=True)
class Cost:
    """A convolution against a fully connected layer of the same input and output.

    Attributes:
        output: (height, width, filters).
        shared: weights and biases of the convolution: (k × k × channels + 1) × filters.
        full: of the fully connected layer: (inputs + 1) × outputs.
    """

    output: tuple[int, int, int]
    shared: int
    full: int


def connections(inputs: int, kernel: int) -> list[Connection]:
    """Lines of a convolution in one dimension, stride 1, padding "valid".

    Raises:
        SpecError: the kernel does not fit.
    """
    if kernel > inputs:
        raise SpecError(f"A kernel of {kernel} does not fit {inputs} inputs. Use {inputs} or less.")
    places = inputs - kernel + 1
    return [Connection(place + k, place, k) for place in range(places) for k in range(kernel)]


def layer_cost(shape: tuple[int, int, int], kernel: int, filters: int, padding: Padding = "same") -> Cost:
    """Parameters of Conv2D, stride 1, and of Dense between the same numbers of values.

    Args:
        shape: (height, width, channels) of the input.
        kernel: rows and columns of the kernel.
        filters: how many kernels.
        padding: valid or same.
    """
    height, width, channels = shape
    rows, columns = (axis(size, kernel, padding=padding).output for size in (height, width))
    outputs = rows * columns * filters
    return Cost(
        (rows, columns, filters),
        (kernel * kernel * channels + 1) * filters,
        (height * width * channels + 1) * outputs,
    )


# Stride and padding


def places(laid: Axis) -> list[list[int]]:
    """Positions that the window reads at each of its places; below 0 and from `size` on lie the zeros."""
    firsts = [place * laid.stride - laid.before for place in range(laid.output)]
    return [[first + k * laid.dilation for k in range(laid.kernel)] for first in firsts]


def unread(laid: Axis) -> list[int]:
    """Positions of the input that no window reads."""
    read = {position for place in places(laid) for position in place}
    return [position for position in range(laid.size) if position not in read]


# Pooling and small shifts


def shifted(image: ArrayLike, right: int) -> Values:
    """An image moved to the right by whole pixels, (height, width, …) float64; zeros come in at the left."""
    pixels = np.asarray(image, np.float64)
    moved = np.zeros_like(pixels)
    if right >= 0:
        moved[:, right:] = pixels[:, : pixels.shape[1] - right]
    else:
        moved[:, :right] = pixels[:, -right:]
    return moved


def kept(one: ArrayLike, two: ArrayLike) -> float:
    """How much two maps without negative values have in common, 0–1: Σ min ÷ Σ max; 1 where both are empty.

    Source: Ruzicka's similarity, the weighted form of Jaccard's
    (https://en.wikipedia.org/wiki/Jaccard_index#Weighted_Jaccard_similarity_and_distance).
    """
    first, second = np.asarray(one, np.float64), np.asarray(two, np.float64)
    whole = np.maximum(first, second).sum()
    return 1.0 if whole == 0 else float(np.minimum(first, second).sum() / whole)


# Flatten


def flat_index(row: int, column: int, channel: int, shape: tuple[int, int, int]) -> int:
    """Where a value of a map (height, width, channels) stands in the flattened vector, as in Keras."""
    _, width, channels = shape
    return (row * width + column) * channels + channel


# Dropout


@dataclass(frozen=True)
class Dropped:
    """One training step of dropout.

    Attributes:
        kept: (units,) bool, which units take part.
        output: (units,) float64: kept values × 1 / (1 − rate), zeros elsewhere.
        factor: 1 / (1 − rate).
    """

    kept: NDArray[np.bool_]
    output: Values
    factor: float


def dropout(values: ArrayLike, rate: float, seed: int) -> Dropped:
    """Draw which units take part in a step, and scale them so that the expected value stays.

    Source: https://keras.io/api/layers/regularization_layers/dropout/

    Args:
        values: (units,) outputs of the layer before.
        rate: chance of each unit to be left out, 0 to below 1.
        seed: of the draw: the number of the step.
    """
    if not 0 <= rate < 1:
        raise SpecError(f"Dropout, rate: expected at least 0 and below 1. Received {rate:g}.")
    inputs = np.asarray(values, np.float64)
    takes_part = np.random.default_rng(seed).random(inputs.shape) >= rate
    factor = 1 / (1 - rate)
    return Dropped(takes_part, np.where(takes_part, inputs * factor, 0.0), factor)


def dropout_means(values: ArrayLike, rate: float, steps: int) -> Values:
    """Mean output of each unit over the steps 1 … `steps`, (units,) float64."""
    return np.mean([dropout(values, rate, seed).output for seed in range(1, steps + 1)], axis=0)


# Batch normalisation


@dataclass(frozen=True)
class Normalised:
    """One channel in batch normalisation, after some training steps.

    Attributes:
        batches: (steps, size) float64, the values of each step's batch.
        means: (steps,) mean of each batch.
        variances: (steps,) variance of each batch, divided by the size (not by one less), as Keras does.
        moving_means: (steps + 1,) the moving mean before the first step and after each.
        moving_variances: (steps + 1,) likewise.
        training: (size,) the last batch by its own mean and variance.
        prediction: (size,) the same values by the moving ones.
    """

    batches: Values
    means: Values
    variances: Values
    moving_means: Values
    moving_variances: Values
    training: Values
    prediction: Values


def batch_normalisation(batches: ArrayLike, momentum: float = 0.99, epsilon: float = 1e-3) -> Normalised:
    """Follow one channel through training steps, gamma 1 and beta 0, moving mean from 0 and variance from 1.

    Source: https://keras.io/api/layers/normalization_layers/batch_normalization/

    Args:
        batches: (steps, size) the channel's values in each batch.
        momentum: share of the moving value that stays in a step.
        epsilon: added to the variance before its root.
    """
    values = np.asarray(batches, np.float64)
    means, variances = values.mean(axis=1), values.var(axis=1)
    moving_means, moving_variances = _moving(means, 0.0, momentum), _moving(variances, 1.0, momentum)
    last = values[-1]
    return Normalised(
        batches=values,
        means=means,
        variances=variances,
        moving_means=moving_means,
        moving_variances=moving_variances,
        training=(last - means[-1]) / np.sqrt(variances[-1] + epsilon),
        prediction=(last - moving_means[-1]) / np.sqrt(moving_variances[-1] + epsilon),
    )


def _moving(values: Values, start: float, momentum: float) -> Values:
    found = [start]
    for value in values:
        found.append(found[-1] * momentum + float(value) * (1 - momentum))
    return np.array(found)


# Softmax and cross-entropy


@dataclass(frozen=True)
class Softmax:
    """Softmax by hand.

    Attributes:
        exponentials: (classes,) e^logit.
        total: their sum.
        shares: (classes,) each exponential ÷ the sum; 0–1, together 1.
    """

    exponentials: Values
    total: float
    shares: Values

    def loss(self, actual: int) -> float:
        """Cross-entropy: −ln of the actual class's share, at least 0."""
        return max(0.0, -math.log(self.shares[actual]))


def softmax(logits: ArrayLike) -> Softmax:
    """Exponentials and their shares: `(classes,)` numbers of at most some hundreds, as sliders give them."""
    values: NDArray[Any] = np.exp(np.asarray(logits, np.float64))
    return Softmax(values, float(values.sum()), values / values.sum())


def gradient(shares: ArrayLike, actual: int) -> Values:
    """How the loss answers each logit: share − 1 for the actual class, share for the others.

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.3.
    """
    slope = np.array(shares, np.float64)
    slope[actual] -= 1
    return slope


def twice_gradient(shares: ArrayLike, actual: int) -> Values:
    """The same where the softmax is taken of the softmax by mistake: the chain rule through the inner one."""
    inner = np.asarray(shares, np.float64)
    outer = gradient(softmax(inner).shares, actual)
    return inner * (outer - float(inner @ outer))
