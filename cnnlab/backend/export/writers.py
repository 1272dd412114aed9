"""One function a form: writes a network to a path, and one that asks what was written about images."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend.export.deployable import Deployable
from cnnlab.backend.export.litert import Interpreter

Images = NDArray[np.uint8]
Probabilities = NDArray[np.float32]
Writer = Callable[[Deployable, Path], None]
Reader = Callable[[Path, Images], Probabilities]

ONNX_OPSET = 18
"""Of 2022: every runtime of the last years reads it, and it has all that our layers need."""


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


def write_onnx(network: Deployable, path: Path) -> None:
    """Write an ONNX file whose input is called `image` and whose output `probabilities`."""
    import onnx

    signature = [keras.InputSpec(shape=network.model.input_shape, dtype="float32", name="image")]
    with _quiet():
        network.model.export(
            str(path), format="onnx", input_signature=signature, opset_version=ONNX_OPSET, verbose=False
        )
    proto = onnx.load(str(path))
    _rename_output(proto, "probabilities")
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, str(path))


def read_onnx(path: Path, images: Images) -> Probabilities:
    """Ask an ONNX file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(["probabilities"], {"image": images.astype(np.float32)})
    return probabilities


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


def _rename_output(proto: Any, name: str) -> None:
    old = proto.graph.output[0].name
    for node in proto.graph.node:
        for names in (node.input, node.output):
            for place, each in enumerate(names):
                if each == old:
                    names[place] = name
    proto.graph.output[0].name = name


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the warning of a NumPy name that Keras asks for on behalf of tf2onnx."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In the future `np\\.", FutureWarning)
        yield
