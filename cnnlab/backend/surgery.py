"""The tasks "edited_maps" and "edited_accuracy": what a network would say with some of its kernels changed.

Nothing is altered for it, neither the run nor a model that this process keeps: Keras looks the changed
weights up in a scope of this thread alone, in place of the model's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnlab.backend import graph
from cnnlab.backend.data import dataset_of
from cnnlab.backend.evaluate import evaluate
from cnnlab.backend.load import Loaded, loaded
from cnnlab.backend.probe import ImageOf, pixels_of, scaled
from cnnlab.backend.scores import softmax
from cnnlab.backend.session import all_logits, prediction_batch
from cnnlab.datasets import Dataset
from cnnlab.errors import RunError
from cnnlab.spec import edits as spec

Entries = Sequence[dict[str, Any]]
"""Edits as plain dictionaries, in the order in which they take effect."""


def edited_maps(
    run_id: str, step: int | None, image: ImageOf, layer_name: str, edits: Entries
) -> dict[str, Any]:
    """The output of a layer for one image, and the network's answer, before and after some edits.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.
        image: as in `cnnlab.backend.probe.feature_maps`.
        layer_name: the name of a row of the architecture's trace; the output row gives the logits.
        edits: of the kernels of this step.

    Returns:
        The fields of `cnnlab.api.surgery.EditedMaps`, by name.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        RunError: there is no such image or layer.
        SpecError: an edit does not fit the network.
    """
    run = loaded(run_id, step)
    pixels, _ = pixels_of(run.design, image)
    names = [layer.name for layer in run.model.layers[1:]]
    if layer_name not in names:
        raise RunError(f"The network has no layer {layer_name!r}. It has {', '.join(names)}.")
    values, place = scaled(pixels[np.newaxis]), names.index(layer_name)
    plain: list[Any] = run.every_output(values, training=False)
    changed: list[Any] = Edited(run, run.every_output, edits)(values, training=False)
    return {
        "before": np.array(plain[place][0]),
        "after": np.array(changed[place][0]),
        "probabilities_before": softmax(np.array(plain[-1][0])),
        "probabilities_after": softmax(np.array(changed[-1][0])),
    }


def edited_accuracy(run_id: str, step: int | None, edits: Entries) -> dict[str, NDArray[np.int64]]:
    """How many test images of each class are right, before and after some edits.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.
        edits: of the kernels of this step.

    Returns:
        The fields of `cnnlab.api.surgery.EditedAccuracy`, by name.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        DatasetUnavailable: the data set is not there any more.
        SpecError: an edit does not fit the network.
    """
    run = loaded(run_id, step)
    network = Edited(run, run.model, edits)
    before = evaluate(run_id, run.step)
    data = dataset_of(run.design)
    logits = all_logits(_predicted(network, data, prediction_batch(run.design)))
    labels, classes = data.test.labels, run.design.architecture.classes
    return {
        "images": np.bincount(labels, minlength=classes),
        "right_before": np.bincount(labels[before.probabilities.argmax(axis=1) == labels], minlength=classes),
        "right_after": np.bincount(labels[logits.argmax(axis=1) == labels], minlength=classes),
    }


def _predicted(network: Edited, data: Dataset, batch_size: int) -> Iterator[NDArray[np.float32]]:
    """The logits of the test images, batch by batch.

    Not compiled: every list of edits would be traced anew, which takes as long as it saves, and TensorFlow
    keeps each trace (seen: 3 MB a request).
    """
    resident = graph.resident(data.images, data.labels)
    for first in range(0, len(data.test), batch_size):
        indices = graph.order_of(data.test.indices[first : first + batch_size])
        yield np.array(network(graph.batch(resident, indices)[0]))


class Edited:
    """A kept model with other weights in some places; the model itself is not touched.

    Args:
        run: what is kept of the run.
        model: one of its two models.
        edits: of its kernels.

    Raises:
        SpecError: an edit does not fit the network.
    """

    def __init__(self, run: Loaded, model: keras.Model, edits: Entries) -> None:
        declared = spec.read(edits)
        spec.check(declared, run.design.architecture)
        layers = {edit.layer for edit in declared}
        variables = {
            f"{layer.name}/{weight.name}": weight
            for layer in run.model.layers
            if layer.name in layers
            for weight in layer.weights
        }
        weights = {name: variable.numpy() for name, variable in variables.items()}
        changed = spec.edited(weights, run.design.architecture, declared)
        self._model = model
        self._changes = [
            (variables[name], keras.ops.convert_to_tensor(array)) for name, array in changed.items()
        ]

    def __call__(self, images: Any, training: bool = False) -> Any:
        """What the model gives for images `(n, height, width, channels) float32, 0–1`."""
        with keras.StatelessScope(state_mapping=self._changes):
            return self._model(images, training=training)
