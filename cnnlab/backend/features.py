"""The task "projection": test images in a plane, by what the layer before the output makes of them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnlab.backend import graph
from cnnlab.backend.data import dataset_of
from cnnlab.backend.load import loaded
from cnnlab.backend.projection import neighbourhoods, principal
from cnnlab.backend.session import all_logits, prediction_batch
from cnnlab.errors import RunError

VALUES = 16_000_000
"""Features that are held at most, over all images: 64 MB, and twice that while they are projected."""


def projection(run_id: str, step: int | None, method: str, limit: int, seed: int) -> dict[str, Any]:
    """Test images in the plane, by the run's weights at a step.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.
        method: "PCA" or "t-SNE".
        limit: images at most; there are fewer where each has very many values.
        seed: of the choice among more images, and of t-SNE.

    Returns:
        The fields of `cnnlab.api.features.Projection` but for the method, by name.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        RunError: there is no such method, the features are not finite, or t-SNE has too few images.
        DatasetUnavailable: the data set is not there any more.
    """
    if method not in ("PCA", "t-SNE"):
        raise RunError(f"Expected the method 'PCA' or 't-SNE'. Received {method!r}.")
    images, features = last_features(run_id, step, limit, seed)
    if not np.isfinite(features).all():
        raise RunError(
            "Expected finite values from the layer before the output. Received some that are not, of which "
            "there is no map. Choose the weights of an earlier epoch."
        )
    shares = None
    if method == "PCA":
        points, held = principal(features, 2)
        shares = float(held[0]), float(held[1])
    else:
        points = neighbourhoods(features, seed)
    return {
        "images": images,
        "points": points.astype(np.float32),
        "shares": shares,
        "width": features.shape[1],
    }


def last_features(
    run_id: str, step: int | None, limit: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What the layer before the output makes of test images; arguments and errors as of `projection`.

    Returns:
        The images' places in the test set, `(n,)`, rising; and their features, `(n, width)`.
    """
    run = loaded(run_id, step)
    data = dataset_of(run.design)
    part = keras.Model(run.model.inputs, run.model.layers[-1].input)
    width = int(np.prod(part.output.shape[1:]))
    chosen = drawn(len(data.test), min(limit, max(1, VALUES // width)), seed)
    given = graph.predictor(part, graph.resident(data.images, data.labels))
    features = all_logits(given(data.test.indices[chosen], prediction_batch(run.design)))
    return chosen, features.reshape(len(chosen), width)


def drawn(count: int, limit: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` images are taken: all, or `limit` of them by lot; `(n,) int64`, rising."""
    if count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).permutation(count)[:limit])
