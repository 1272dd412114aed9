"""Two functions a form: one writes a network to a path, the other asks what was written about images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend.export.deployable import Deployable
from cnnlab.backend.export.litert import Interpreter
from cnnlab.backend.export.onnx_file import read_onnx, write_onnx

Images = NDArray[np.uint8]
Probabilities = NDArray[np.float32]
Writer = Callable[[Deployable, Path], None]
Reader = Callable[[Path, Images], Probabilities]


def write_keras(network: Deployable, path: Path) -> None:
    """Write Keras's own file."""
    network.model.save(path)


def read_keras(path: Path, images: Images) -> Probabilities:
    """Ask a `.keras` file."""
    return np.array(keras.models.load_model(path)(images.astype(np.float32), training=False))


def write_savedmodel(network: Deployable, path: Path) -> None:
    """Write a folder for TensorFlow; its function is `serve`, by name `serving_default`."""
    network.model.export(str(path), verbose=False)


def read_savedmodel(path: Path, images: Images) -> Probabilities:
    """Ask a SavedModel."""
    loaded = tf.saved_model.load(str(path))  # its variables live as long as this name
    return loaded.serve(images.astype(np.float32)).numpy()


def write_litert(network: Deployable, path: Path) -> None:
    """Write a LiteRT file in float32 that takes one image at a time."""
    network.model.export(
        str(path), format="litert", input_signature=_one_image(network), verbose=False, **_BUILTINS
    )


def write_int8(network: Deployable, path: Path) -> None:
    """Write a LiteRT file of whole numbers only: 8-bit weights, activations, input and output."""
    images = network.calibration_images()

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for image in images:
            yield [image[np.newaxis].astype(np.float32)]

    network.model.export(
        str(path),
        format="litert",
        input_signature=_one_image(network),
        verbose=False,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=representative,
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
        inference_input_type=tf.uint8,
        inference_output_type=tf.uint8,
    )


def read_litert(path: Path, images: Images) -> Probabilities:
    """Ask a LiteRT file, image by image."""
    ask = Interpreter(path)
    return np.concatenate([ask(image) for image in images])


_BUILTINS = {"target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}}
"""No operation that would need all of TensorFlow on the phone."""

WRITERS: dict[str, tuple[Writer, Reader]] = {
    "keras": (write_keras, read_keras),
    "savedmodel": (write_savedmodel, read_savedmodel),
    "litert": (write_litert, read_litert),
    "litert-int8": (write_int8, read_litert),
    "onnx": (write_onnx, read_onnx),
}
"""Format → what writes it and what asks it."""


def _one_image(network: Deployable) -> list[keras.InputSpec]:
    return [keras.InputSpec(shape=(1, *network.model.input_shape[1:]), dtype="float32", name="image")]
