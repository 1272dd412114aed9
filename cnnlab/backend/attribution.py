"""The task "attribution": which pixels of an image speak for a class, told in four ways.

All explain a score: the logit of a class or, for "why A rather than B", logit A - logit B. Logits and not
probabilities, because a softmax also moves when only the other classes do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend.load import Loaded, loaded
from cnnlab.backend.probe import ImageOf, pixels_of, scaled
from cnnlab.backend.session import prediction_batch
from cnnlab.errors import RunError

STEPS = 64
"""Points on the way from black to the image at which integrated gradients first looks."""
MOST_STEPS = 1024
REFINED_SECONDS = 5.0
"""Twice as many points are not tried where that would take longer than this in all."""
TOLERANCE = 0.01
"""The sum is complete where it is off by at most this share of max(|score difference|, 1)."""
GRADIENT_SHARE = 4
"""Gradients hold every layer's output and its gradient: a batch of a fourth of a prediction's images."""
STRIDES_A_SIDE = 16
PATCHES_A_SIDE = 4
SMALLEST_PATCH = 2


@dataclass(frozen=True, eq=False)
class Asked:
    """What is explained.

    Attributes:
        run: the network.
        values: `(1, height, width, channels) float32, 0–1`, the image.
        target: index of the class.
        against: index of the class that it is compared with; None for the class alone.
        layer_name: whose maps Grad-CAM reads.
        score: of the image.
        black: the score of a black image, of zeros.
    """

    run: Loaded
    values: NDArray[np.float32]
    target: int
    against: int | None
    layer_name: str | None
    score: float
    black: float

    def score_of(self, logits: tf.Tensor) -> tf.Tensor:
        """Scores `(n,)` of logits `(n, classes)`."""
        return _score(logits, self.target, self.against)

    def batches(self, count: int, share: int = 1) -> Iterator[NDArray[np.int64]]:
        """The numbers 0 to count - 1 in batches that fit the memory."""
        size = max(1, prediction_batch(self.run.design) // share)
        for first in range(0, count, size):
            yield np.arange(first, min(first + size, count))


def attribution(
    run_id: str,
    step: int | None,
    image: ImageOf,
    method: str,
    target: int | None = None,
    against: int | None = None,
    layer_name: str | None = None,
) -> dict[str, Any]:
    """Where in an image the network saw a class, by the run's weights at a step.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.
        image: place among the run's test images; or pixels of the network's input shape, uint8, 0–255.
        method: one of `METHODS`.
        target: index of the class to explain; None: the predicted one.
        against: index of a class: why the target rather than this one. None: the target alone.
        layer_name: for Grad-CAM, the layer whose maps are read; other methods need none.

    Returns:
        The fields of `cnnlab.api.attribution.Attribution`, by name.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        RunError: there is no such image, method, class or layer, or the layer gives no maps.
    """
    if method not in METHODS:
        raise RunError(f"There is no method {method!r}. There are {', '.join(METHODS)}.")
    run = loaded(run_id, step)
    pixels, _ = pixels_of(run.design, image)
    values = scaled(pixels[np.newaxis])
    logits = np.array(run.model(np.concatenate([values, np.zeros_like(values)]), training=False))
    target = int(logits[0].argmax()) if target is None else target
    _check_classes(logits.shape[1], target, against)
    score, black = (float(each) for each in _score(logits.astype(np.float64), target, against))
    found = METHODS[method](Asked(run, values, target, against, layer_name, score, black))
    heat = np.asarray(found.pop("map"), np.float32)
    about = {"layer": None, "grid": heat.shape, "total": float(heat.sum(dtype=np.float64)), "steps": None}
    return {
        "map": heat,
        "method": method,
        "target": target,
        "against": against,
        "score": score,
        "black": black,
        "patch": None,
        "stride": None,
        "cover": None,
        **about,
        **found,
    }


def grad_cam(asked: Asked) -> dict[str, Any]:
    """Grad-CAM: the maps of a layer, each weighted by the mean gradient of the score along it.

    L = ReLU(sum over k of a_k A_k) with a_k = mean over places of d score / d A_k: Selvaraju et al.,
    Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017, equations 1
    and 2. Enlarged to the image's size by bilinear interpolation.

    As the weight of a map is one for all its places, a feature lights up wherever it is found, also where the
    layers behind look past it.
    """
    place = _place(asked.run, asked.layer_name)
    inputs = tf.constant(asked.values)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = asked.run.every_output(inputs, training=False)
        maps, score = outputs[place], asked.score_of(outputs[-1])
    gradient = tape.gradient(score, maps, unconnected_gradients="zero")
    weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
    enlarged = tf.image.resize(heat, asked.values.shape[1:3], "bilinear")
    return {
        "map": enlarged[0, :, :, 0].numpy(),
        "layer": asked.layer_name,
        "grid": tuple(heat.shape[1:3]),
        "total": float(tf.reduce_sum(heat)),
    }


def gradient_input(asked: Asked) -> dict[str, Any]:
    """Gradient × input, summed over the channels: what the pixel adds if the network were linear.

    Shrikumar et al., Not Just a Black Box: Learning Important Features Through Propagating Activation
    Differences, arXiv:1605.01713 (2016), section 2.
    """
    parts = _gradients(asked, asked.values)[0].astype(np.float64) * asked.values[0]
    return {"map": parts.sum(axis=-1)}


def integrated_gradients(asked: Asked) -> dict[str, Any]:
    """Integrated gradients from a black image, summed over the channels.

    (x - x') times the mean of d score / d x on the straight way from the baseline x' = 0 to the image x;
    their sum is score(x) - score(x') (completeness): Sundararajan, Taly and Yan, Axiomatic Attribution for
    Deep Networks, ICML 2017, equation 1 and proposition 1. The mean is that of the midpoints of equal steps;
    where the sum is off by more than `TOLERANCE`, of twice as many.
    """
    difference = asked.score - asked.black
    allowed = TOLERANCE * max(abs(difference), 1.0)
    began, steps = time.perf_counter(), STEPS
    while True:
        parts = _mean_gradient(asked, steps) * asked.values[0]
        total = float(parts.sum())
        # The next try takes about as long as all tries before it.
        late = 2 * (time.perf_counter() - began) > REFINED_SECONDS
        if abs(total - difference) <= allowed or steps >= MOST_STEPS or late:
            return {"map": parts.sum(axis=-1), "total": total, "steps": steps}
        steps *= 2


def occlusion(asked: Asked) -> dict[str, Any]:
    """How far the score falls when a square of one colour covers a place.

    Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 4.2, who
    covered with grey. Here it is black in images of one channel, whose background is as a rule black, and
    the mean colour of any other image, on which a black square would be a thing of its own. A pixel's value
    is the mean over all squares that cover it.
    """
    _, height, width, channels = asked.values.shape
    cover = asked.values[0].mean(axis=(0, 1)) if channels > 1 else np.zeros(1, np.float32)
    (rows, tall), (columns, wide) = squares(height), squares(width)
    places = [(row, column) for row in rows for column in columns]
    fall, covered = np.zeros((height, width)), np.zeros((height, width))
    for batch in asked.batches(len(places)):
        images = np.repeat(asked.values, len(batch), axis=0)
        for image, which in zip(images, batch, strict=True):
            row, column = places[which]
            image[row : row + tall, column : column + wide] = cover
        scores = asked.score_of(asked.run.model(images, training=False)).numpy()
        for which, score in zip(batch, scores, strict=True):
            row, column = places[which]
            fall[row : row + tall, column : column + wide] += asked.score - float(score)
            covered[row : row + tall, column : column + wide] += 1
    stride = (_stride(height), _stride(width))
    return {
        "map": fall / covered,
        "patch": (tall, wide),
        "stride": stride,
        "cover": tuple(float(each) for each in cover),
        "grid": (len(rows), len(columns)),
    }


METHODS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "grad_cam": grad_cam,
    "gradient_input": gradient_input,
    "integrated_gradients": integrated_gradients,
    "occlusion": occlusion,
}


def squares(side: int) -> tuple[list[int], int]:
    """Where the squares of an occlusion begin along a side of the image, and how long theirs is, in pixels.

    A quarter of the side, moved by a sixteenth; the last one ends where the image ends.

    Example:
        >>> squares(32)
        ([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24], 8)
    """
    length = min(side, max(SMALLEST_PATCH, side // PATCHES_A_SIDE))
    last = side - length
    return sorted({*range(0, last, _stride(side)), last}), length


def _stride(side: int) -> int:
    return max(1, round(side / STRIDES_A_SIDE))


def _score(logits: Any, target: int, against: int | None) -> Any:
    return logits[:, target] if against is None else logits[:, target] - logits[:, against]


def _gradients(asked: Asked, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """The gradient of the score by each pixel, `(n, height, width, channels) float32`."""
    inputs = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        score = asked.score_of(asked.run.model(inputs, training=False))
    gradient: NDArray[np.float32] = tape.gradient(score, inputs, unconnected_gradients="zero").numpy()
    return gradient


def _mean_gradient(asked: Asked, steps: int) -> NDArray[np.float64]:
    """Of the images at the midpoints of steps from black, `(height, width, channels)`."""
    total = np.zeros(asked.values.shape[1:], np.float64)
    for batch in asked.batches(steps, GRADIENT_SHARE):
        shares = ((batch + 0.5) / steps).astype(np.float32)
        total += _gradients(asked, shares[:, None, None, None] * asked.values).sum(axis=0, dtype=np.float64)
    return total / steps


def _with_maps(run: Loaded) -> list[str]:
    return [layer.name for layer in run.model.layers[1:] if len(layer.output.shape) == 4]


def _place(run: Loaded, name: str | None) -> int:
    """Which of the outputs of `Loaded.every_output` is this layer's."""
    known = _with_maps(run)
    if not known:
        raise RunError("Grad-CAM reads a layer's maps, and no layer of this network has any.")
    if name not in known:
        raise RunError(
            f"Grad-CAM reads a layer's maps. Expected one of {', '.join(known)}. Received {name!r}."
        )
    return [layer.name for layer in run.model.layers[1:]].index(name)


def _check_classes(classes: int, target: int, against: int | None) -> None:
    for index in (target, against):
        if index is not None and not 0 <= index < classes:
            raise RunError(f"The network has classes 0 to {classes - 1}. Received {index}.")
    if target == against:
        raise RunError(f"Expected two classes to tell apart. Received class {target} twice.")
