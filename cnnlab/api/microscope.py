"""One channel of a layer under the microscope: every number that enters it, for one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnlab.api.run import Run
from cnnlab.engine import get_engine

if TYPE_CHECKING:
    from cnnlab.api.run import ImageOf


@dataclass(frozen=True)
class Step:
    """What happens to a number after it was summed or pooled.

    Attributes:
        layer: Name of the layer that does it.
        kind: "bias", "activation" or "normalization".
        numbers: Of a bias "bias"; of a normalisation "moving_mean", "moving_variance", "gamma", "beta" and
            "epsilon".
        function: Keras's name of an activation.
    """

    layer: str
    kind: Literal["bias", "activation", "normalization"]
    numbers: Mapping[str, float] = field(default_factory=dict)
    function: str = ""


@dataclass(frozen=True, eq=False)
class Magnified:
    """What one channel of a layer is computed from, and what TensorFlow computed.

    Attributes:
        operation: How a number begins: "convolution", "max", "average", "dense" or "value", where the input's
            own value is taken.
        channel: Of the layer's output.
        image: `(height, width, channels) uint8`, 0–255, of the network.
        input: Of the layer: `(height, width, channels) float32`, only the channels that enter; of a dense
            layer `(n,) float32`.
        input_channel: The channel of the layer's input that is the first of `input`.
        kernel: `(rows, columns, channels) float32` of this channel; of a dense layer `(n,) float32`; None
            where there is none.
        window: How the window moves: "rows", "columns", "stride", "padding", "dilation"; empty for a vector.
        steps: What follows the sum: those of the layer itself, then those of the layers behind it.
        outputs: Name of the layer and of each one behind it whose step is among `steps` → what TensorFlow
            computed, `(height, width) float32` or `(1,) float32`.
        logits: `(classes,) float32` where the layer is the output row, else None.
    """

    operation: str
    channel: int
    image: NDArray[np.uint8]
    input: NDArray[np.float32]
    input_channel: int
    kernel: NDArray[np.float32] | None
    window: Mapping[str, Any]
    steps: tuple[Step, ...]
    outputs: Mapping[str, NDArray[np.float32]]
    logits: NDArray[np.float32] | None


def microscope(run: Run, image: ImageOf, layer: str, channel: int, *, step: int | None = None) -> Magnified:
    """What one channel of a layer computes for an image, with every number that enters.

    Args:
        run: The run.
        image: Place among the run's test images; or pixels of the network's input shape, uint8, 0–255.
        layer: The layer's name in the trace.
        channel: Of the layer's output: a filter, a unit, a class.
        step: Of the weights; None: the last kept.

    Raises:
        RunError: There is no such image, layer, channel or step, or the layer cannot be looked into.
        EngineError: No worker could answer.
    """
    answer = get_engine().ask(
        "microscope", run_id=run.id, step=step, image=image, layer_name=layer, channel=channel
    )
    return Magnified(**answer | {"steps": tuple(Step(**each) for each in answer["steps"])})
