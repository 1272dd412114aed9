"""The network as it is given away: pixels in, probabilities out, in float32."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnlab.backend import load
from cnnlab.backend.data import dataset_of
from cnnlab.backend.graph import PIXEL_MAXIMUM
from cnnlab.backend.probe import scaled
from cnnlab.backend.scores import softmax
from cnnlab.datasets import Dataset
from cnnlab.runs import RunFiles, get_store
from cnnlab.spec.design import Design

CHECKED_IMAGES = 100
"""Test images that a written file is asked about."""

CALIBRATION_IMAGES = 200
"""Training images from which the 8-bit form takes the range of every value; TensorFlow says 100 to 500."""


class Deployable:
    """A run's network ready to be written, with the images that it is compared on.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.

    Attributes:
        design: the run's design.
        step: the weights' step.
        data: the run's data set with its split.
        model: takes pixels `(n, height, width, channels) float32, 0–255` and gives probabilities
            `(n, classes) float32`: the division by 255 and the softmax are layers of it.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        StorageError: their file is damaged.
        DatasetUnavailable: the data set is not there any more.
    """

    def __init__(self, run_id: str, step: int | None = None) -> None:
        self.design: Design = get_store().run(run_id).design
        self.step = RunFiles(run_id).kept_step(step)
        self.data: Dataset = dataset_of(self.design)
        self._trained = load.model(run_id, self.step)
        self.model = _from_pixels_to_probabilities(self._trained)

    def test_images(self) -> NDArray[np.uint8]:
        """The first test images: `(n, height, width, channels) uint8, 0–255`."""
        return np.array(self.data.images[self.data.test.indices[:CHECKED_IMAGES]])

    def calibration_images(self) -> NDArray[np.uint8]:
        """Training images, spread evenly: `(n, height, width, channels) uint8, 0–255`."""
        indices = self.data.train.indices
        chosen = np.linspace(0, len(indices) - 1, min(CALIBRATION_IMAGES, len(indices)), dtype=np.int64)
        return np.array(self.data.images[np.sort(indices[chosen])])

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the network as trained says: `(n, classes) float32`; shapes as in `test_images`."""
        return softmax(np.array(self._trained(scaled(images), training=False)))


def _from_pixels_to_probabilities(trained: keras.Model) -> keras.Model:
    """The same layers and weights, between a division by 255 and a softmax, in one flat graph."""
    image = keras.Input(trained.input_shape[1:], name="image", dtype="float32")
    rescaled = keras.layers.Rescaling(1 / PIXEL_MAXIMUM, name="rescaling", dtype="float32")(image)

    def call(layer: keras.layers.Layer, *arguments: Any, **options: Any) -> Any:
        """Call a copied layer; where the trained one takes the image, this one takes the rescaled image."""
        given = keras.tree.map_structure(lambda value: rescaled if value is image else value, arguments)
        return layer(*given, **options)

    copied = keras.models.clone_model(trained, input_tensors=image, call_function=call)
    probabilities = keras.layers.Softmax(name="probabilities", dtype="float32")(copied.output)
    model = keras.Model(image, probabilities, name="network")
    weights = {layer.name: layer.get_weights() for layer in trained.layers}
    for layer in model.layers:
        layer.set_weights(weights.get(layer.name, []))
    return model
