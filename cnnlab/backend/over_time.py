"""The task "over_time": one image and one layer, as they were at each of several kept steps."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from cnnlab.backend.build import build
from cnnlab.backend.checkpoint import load_weights
from cnnlab.backend.probe import ImageOf, pixels_of, scaled
from cnnlab.backend.scores import softmax
from cnnlab.errors import RunError, StorageError
from cnnlab.runs import RunFiles, get_store
from cnnlab.spec.design import Design
from cnnlab.spec.layers import KINDS

VALUES = 1_000_000
"""Values of feature maps that are given at most, over all steps: as a picture they are about a megabyte."""

TILES = 32
"""Feature maps and kernels that are given at most: more are too small to be watched side by side."""


class _Network(NamedTuple):
    """A model whose weights come and go, with two outputs: a layer's, and the logits."""

    design: Design
    layer_name: str
    model: keras.Model
    outputs: keras.Model


_lock = threading.Lock()
_networks: list[_Network] = []  # at most one: whoever plays an image soon plays another of the same layer


def over_time(run_id: str, steps: Sequence[int], image: ImageOf, layer_name: str) -> dict[str, Any]:
    """What a layer and the network made of one image, by the weights of each of several steps.

    Args:
        run_id: the run.
        steps: some of those whose weights are kept, in the order of the answer.
        image: place among the run's test images; or pixels of the network's input shape, uint8, 0–255.
        layer_name: the name of a row of the architecture's trace.

    Returns:
        The fields of `cnnlab.api.over_time.OverTime` by name, with `read` for the steps whose weights could
        be read in place of `steps` and `epochs`.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: of a step no weights are kept.
        RunError: there is no such image or layer, or no step was given.
        StorageError: every file of weights is damaged; the message is the first one's.
    """
    if not steps:
        raise RunError("Expected the steps of at least one epoch. Received none.")
    design = get_store().run(run_id).design
    files = RunFiles(run_id)
    pixels, _ = pixels_of(design, image)
    maps, probabilities, kernels, read, damage = [], [], [], [], []
    with _lock:
        network = _network(design, layer_name)
        channels = int(network.outputs.outputs[0].shape[-1])
        shown = _shown(network, len(steps))
        for step in steps:
            try:
                load_weights(network.model, files.read_weights(files.kept_step(step)))
            except StorageError as exc:  # the others still show the course
                damage.append(str(exc))
                continue
            read.append(step)
            output, logits = network.outputs(scaled(pixels[np.newaxis]), training=False)
            maps.append(np.array(output[0])[..., :shown])
            probabilities.append(softmax(np.array(logits[0])))
            kernels.append(_kernel(network.model.get_layer(layer_name)))
    if not read:
        raise StorageError(damage[0])
    given = [kernel for kernel in kernels if kernel is not None]
    return {
        "read": read,
        "damage": tuple(damage),
        "maps": np.stack(maps),
        "channels": channels,
        "probabilities": np.stack(probabilities),
        "kernels": np.stack([kernel[..., :TILES] for kernel in given]) if given else None,
        "filters": given[0].shape[-1] if given else 0,
    }


def _network(design: Design, layer_name: str) -> _Network:
    """A network of this design that gives the layer's output: that of the last question where it fits."""
    for network in _networks:
        if (network.design, network.layer_name) == (design, layer_name):
            return network
    model = build(design.architecture)
    names = [layer.name for layer in model.layers[1:]]
    if layer_name not in names:
        raise RunError(f"The network has no layer {layer_name!r}. It has {', '.join(names)}.")
    outputs = keras.Model(model.input, [model.get_layer(layer_name).output, model.layers[-1].output])
    _networks[:] = [_Network(design, layer_name, model, outputs)]
    return _networks[0]


def _shown(network: _Network, steps: int) -> int:
    """How many maps, or units of a layer without maps, are given."""
    _, *sides, channels = network.outputs.outputs[0].shape
    if not sides:
        return min(int(channels), VALUES // steps)
    return max(1, min(int(channels), TILES, VALUES // (steps * int(np.prod(sides)))))


def _kernel(layer: keras.Layer) -> NDArray[np.float32] | None:
    """A convolution's kernels, (height, width, filters), the mean over the input channels; else None."""
    weight = next((weight for weight in layer.weights if len(weight.shape) == 4), None)
    if weight is None:
        return None
    kernel = np.array(weight)
    if weight.name in KINDS[type(layer).__name__].depthwise:
        # Each kernel reads a channel of its own: there is nothing to take the mean of.
        return kernel.reshape(*kernel.shape[:2], -1)
    return np.asarray(kernel.mean(axis=2))
