"""ONNX files: written by Keras through tf2onnx, then put right where the two leave something open."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnlab.backend.export.deployable import Deployable
from cnnlab.errors import ExportError

OPSET = 18
"""Of 2022: every runtime of the last years reads it, and it has all that our layers need."""

_OUTPUT = "probabilities"
_ONE = "cnnlab/one"


def write_onnx(network: Deployable, path: Path) -> None:
    """Write an ONNX file whose input is called `image` and whose output `probabilities`.

    Raises:
        ExportError: the network uses an operation that ONNX does not have.
    """
    import onnx

    signature = [keras.InputSpec(shape=network.model.input_shape, dtype="float32", name="image")]
    with _quiet():
        network.model.export(
            str(path), format="onnx", input_signature=signature, opset_version=OPSET, verbose=False
        )
    proto = onnx.load(str(path))
    _replace_erfc(proto.graph)
    _rename_output(proto.graph)
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    try:
        onnx.checker.check_model(proto, full_check=True)
    except onnx.checker.ValidationError as exc:
        first = str(exc).strip().partition("\n")[0]
        raise ExportError(
            f"ONNX: the converter tf2onnx does not know an operation of this network ({first}). "
            "Use another format, or another activation."
        ) from exc
    onnx.save(proto, str(path))


def read_onnx(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probabilities `(n, classes)` that an ONNX file gives images `(n, height, width, channels)`, 0–255."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (probabilities,) = session.run([_OUTPUT], {"image": images.astype(np.float32)})
    return probabilities


def _replace_erfc(graph: Any) -> None:
    """Write 1 - erf for erfc, which GELU is made of and ONNX does not have."""
    import onnx

    nodes = []
    for node in graph.node:
        if node.op_type != "Erfc":
            nodes.append(node)
            continue
        erf = f"{node.output[0]}/erf"
        nodes.append(onnx.helper.make_node("Erf", node.input, [erf], f"{node.name}/erf"))
        nodes.append(onnx.helper.make_node("Sub", [_ONE, erf], node.output, node.name))
    if len(nodes) > len(graph.node):
        graph.initializer.append(onnx.numpy_helper.from_array(np.float32(1), _ONE))
        del graph.node[:]
        graph.node.extend(nodes)


def _rename_output(graph: Any) -> None:
    old = graph.output[0].name
    for node in graph.node:
        for names in (node.input, node.output):
            for place, each in enumerate(names):
                if each == old:
                    names[place] = _OUTPUT
    graph.output[0].name = _OUTPUT


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the converter says on the way: what matters is checked afterwards.

    It complains of operations that are put right here, of optimizations that it leaves out; and NumPy warns
    of a name that Keras asks for on its behalf.
    """
    logger = logging.getLogger("tf2onnx")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In the future `np\\.", FutureWarning)
        try:
            yield
        finally:
            logger.setLevel(before)
