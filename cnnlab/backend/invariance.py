"""The task "invariance": the network's answers to one image in many positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.backend.load import Loaded, loaded
from cnnlab.backend.probe import scaled
from cnnlab.backend.scores import softmax
from cnnlab.errors import RunError

ACTIVATION_BYTES = 256 * 2**20
"""Of all layers' outputs at once: a small network answers in one batch, a large one in several."""


def invariance(run_id: str, step: int | None, images: NDArray[np.uint8]) -> dict[str, Any]:
    """Answer to the images of a sweep at once.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.
        images: `(n, height, width, channels) uint8, 0–255`, of the network's input shape.

    Returns:
        probabilities: `(n, classes) float32`, 0–1.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        RunError: the images are not of the network's input shape.
    """
    run = loaded(run_id, step)
    expected = run.design.architecture.input_shape
    if images.shape[1:] != expected or images.dtype != np.uint8 or not len(images):
        raise RunError(
            f"The network takes one or more images of {expected}, uint8. Received {images.shape}, "
            f"{images.dtype}."
        )
    size = _batch_size(run)
    logits = [
        np.array(run.model(scaled(images[first : first + size]), training=False))
        for first in range(0, len(images), size)
    ]
    return {"probabilities": softmax(np.concatenate(logits))}


def _batch_size(run: Loaded) -> int:
    each = sum(row.activation_bytes for row in run.design.architecture.trace().rows)
    return max(1, ACTIVATION_BYTES // max(each, 1))
