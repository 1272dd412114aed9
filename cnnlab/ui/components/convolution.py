"""A window that slides over an image, with every product under it, worked out in the browser."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.analysis.convolution import KERNELS, Example
from cnnlab.ui.components._source import component

_MOUNT = component("convolution", '<div class="root"></div>')


def convolution(image: NDArray[np.uint8] | Example, *, key: str) -> None:
    """Show an image, the window on it, the multiplication under it and the output.

    The page never reruns for it: all that it shows is worked out in the browser, and settings stay while the
    image changes.

    Args:
        image: (height, width, channels) uint8, 0–255, one or three channels; or an example, which brings
            its own numbers and settings.
        key: Of this component on the page.
    """
    _MOUNT(key=key, data=payload(image))


def payload(image: NDArray[np.uint8] | Example) -> dict[str, Any]:
    """What the browser is given. An id says whether the image is another than before."""
    if isinstance(image, Example):
        numbers = [float(value) for row in image.image for value in row]
        example = {name: asdict(image)[name] for name in ("settings", "kernel")}
        return _shaped(
            (len(image.image), len(image.image[0]), 1),
            f"example {image.title}",
            {"numbers": numbers, "example": example},
        )
    content = np.ascontiguousarray(image, np.uint8).tobytes()
    name = f"{image.shape} {hashlib.sha256(content).hexdigest()}"
    return _shaped(image.shape, name, {"bytes": base64.b64encode(content).decode("ascii")})


def _shaped(shape: tuple[int, ...], name: str, values: dict[str, Any]) -> dict[str, Any]:
    height, width, channels = shape
    return {
        "id": name,
        "height": height,
        "width": width,
        "channels": channels,
        "kernels": KERNELS,
        **values,
    }
