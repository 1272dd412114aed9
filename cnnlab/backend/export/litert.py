"""Asking a LiteRT file, with whichever interpreter is installed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Interpreter:
    """A LiteRT file, ready to be asked about one image after the other.

    Args:
        path: the file.

    Example:
        >>> Interpreter(Path("digits.tflite"))(image)  # doctest: +SKIP
        array([[0.01, 0.97, ...]], dtype=float32)
    """

    def __init__(self, path: Path) -> None:
        self._interpreter = _interpreter(path)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities `(1, classes) float32` of an image `(height, width, channels) uint8, 0–255`."""
        self._interpreter.set_tensor(
            self._input["index"], _to(self._input, image[np.newaxis].astype(np.float32))
        )
        self._interpreter.invoke()
        return _from(self._output, self._interpreter.get_tensor(self._output["index"]))


def _interpreter(path: Path) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter as LiteRT
    except ImportError:
        import tensorflow as tf

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")
            return tf.lite.Interpreter(model_path=str(path))
    return LiteRT(model_path=str(path))


def _to(details: dict[str, Any], values: NDArray[np.float32]) -> NDArray[Any]:
    """Values in the form that the file takes: whole number = value / scale + zero point."""
    dtype = details["dtype"]
    if np.issubdtype(dtype, np.floating):
        return values.astype(dtype)
    scale, zero = details["quantization"]
    limits = np.iinfo(dtype)
    return np.clip(np.round(values / scale + zero), limits.min, limits.max).astype(dtype)


def _from(details: dict[str, Any], values: NDArray[Any]) -> NDArray[np.float32]:
    """The file's answer as real numbers: value = (whole number - zero point) × scale."""
    if np.issubdtype(details["dtype"], np.floating):
        return values.astype(np.float32)
    scale, zero = details["quantization"]
    return ((values.astype(np.float32) - zero) * scale).astype(np.float32)
