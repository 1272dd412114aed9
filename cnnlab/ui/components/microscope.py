"""One channel of a layer, retraced number by number in the browser: each product, sum and step."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.api.microscope import Magnified
from cnnlab.spec.places import Place, Spans
from cnnlab.ui.components._source import component

_MOUNT = component("microscope", '<div class="root"></div>')


def microscope(
    magnified: Magnified,
    place: Place,
    *,
    key: str,
    laid_out: Place | None = None,
    class_names: tuple[str, ...] = (),
) -> None:
    """Show the layer's input, its kernel and its output, and what leads to the number under the pointer.

    The page never reruns for it. The place that is looked at stays while the image or the channel changes.

    Args:
        magnified: What the channel is computed from.
        place: Of the layer.
        key: Of this component on the page.
        laid_out: Of a dense layer, the layer whose map its input was; None where it was none.
        class_names: Of the output row, to name its units.
    """
    _MOUNT(key=key, data=payload(magnified, place, laid_out, class_names))


def payload(
    magnified: Magnified, place: Place, laid_out: Place | None, class_names: tuple[str, ...]
) -> dict[str, Any]:
    """What the browser is given. An id says whether anything is another than before."""
    seen = place if laid_out is None else laid_out
    rows, columns = seen.sees or ((), ())
    data: dict[str, Any] = {
        "layer": place.row.name,
        "title": place.row.title,
        "operation": magnified.operation,
        "channel": magnified.channel,
        "inputChannel": magnified.input_channel,
        "source": place.takes[0],
        "image": _encoded(magnified.image),
        "imageShape": magnified.image.shape,
        "input": _text(magnified.input),
        "inputShape": magnified.input.shape,
        "kernel": "" if magnified.kernel is None else _text(magnified.kernel),
        "kernelTitle": "Depthwise × 1×1" if place.layer.kind == "SeparableConv2D" else "Kernel",
        "kernelShape": () if magnified.kernel is None else magnified.kernel.shape,
        "window": json.dumps(dict(magnified.window)),
        "steps": json.dumps([asdict(step) for step in magnified.steps]),
        "outputs": [[name, _text(values)] for name, values in magnified.outputs.items()],
        "seesRows": _flat(rows),
        "seesColumns": _flat(columns),
        "laidOut": () if laid_out is None else (laid_out.row.output_shape or ()),
        "logits": "" if magnified.logits is None else _text(magnified.logits),
        "names": class_names,
    }
    digest = hashlib.sha256(json.dumps(data).encode()).hexdigest()
    return {"id": digest, **data}


def _text(values: NDArray[np.float32]) -> str:
    return _encoded(values.astype("<f4"))


def _encoded(values: NDArray[np.uint8] | NDArray[np.float32]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _flat(spans: Spans) -> list[int]:
    return [end for span in spans for end in span]
