"""The task "feature_maps": what a layer makes of one test image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.backend.data import dataset_of
from cnnlab.backend.graph import PIXEL_MAXIMUM
from cnnlab.backend.load import loaded
from cnnlab.backend.scores import softmax
from cnnlab.errors import RunError
from cnnlab.spec.design import Design

ImageOf = int | NDArray[np.uint8]
"""Place among the run's test images, or pixels of the network's input shape, 0–255."""


def feature_maps(run_id: str, step: int | None, image: ImageOf, layer_name: str) -> dict[str, Any]:
    """The output of a layer for one image, by the run's weights at a step.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.
        image: place among the run's test images, as in an `Evaluation`; or pixels of the network's input
            shape, uint8, 0–255.
        layer_name: the name of a row of the architecture's trace; the output row gives the logits.

    Returns:
        The fields of `cnnlab.api.FeatureMaps`, by name.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        RunError: there is no such image or layer.
    """
    run = loaded(run_id, step)
    pixels, label = pixels_of(run.design, image)
    names = [layer.name for layer in run.model.layers[1:]]
    if layer_name not in names:
        raise RunError(f"The network has no layer {layer_name!r}. It has {', '.join(names)}.")
    outputs: list[Any] = run.every_output(scaled(pixels[np.newaxis]), training=False)
    return {
        "maps": np.array(outputs[names.index(layer_name)][0]),
        "probabilities": softmax(np.array(outputs[-1][0])),
        "image": pixels,
        "label": label,
    }


def pixels_of(design: Design, image: ImageOf) -> tuple[NDArray[np.uint8], int | None]:
    """An image that was asked about, (height, width, channels) uint8, and its class where that is known.

    Raises:
        RunError: the test set has no such image, or the pixels are not of the network's input shape.
    """
    if isinstance(image, np.ndarray):
        if image.shape != design.architecture.input_shape or image.dtype != np.uint8:
            raise RunError(
                f"The network takes images of {design.architecture.input_shape}, uint8. "
                f"Received {image.shape}, {image.dtype}."
            )
        return image, None
    data = dataset_of(design)
    if not 0 <= image < len(data.test):
        raise RunError(f"The test set has images 0 to {len(data.test) - 1}. Received {image}.")
    where = data.test.indices[image]
    return np.array(data.images[where]), int(data.labels[where])


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels `(…) uint8, 0–255` as the model takes them: `(…) float32, 0–1`."""
    return images.astype(np.float32) / np.float32(PIXEL_MAXIMUM)
