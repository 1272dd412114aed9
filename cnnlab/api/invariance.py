"""How a network's answer changes while an image is shifted, turned or scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.analysis.invariance import Edge, Kind, amounts, transformed
from cnnlab.api.foretell import answer_seconds
from cnnlab.engine import get_engine

if TYPE_CHECKING:
    from cnnlab.api.run import Run


@dataclass(frozen=True)
class Sweep:
    """An image in many positions, and the answer to each.

    Attributes:
        amounts: `(n,) float64`, rising: pixels, degrees or factors.
        images: `(n, height, width, channels) uint8`, 0–255.
        probabilities: `(n, classes) float32`, 0–1.
    """

    amounts: NDArray[np.float64]
    images: NDArray[np.uint8]
    probabilities: NDArray[np.float32]


def invariance(
    run: Run, image: NDArray[np.uint8], kind: Kind, *, edge: Edge = "black", step: int | None = None
) -> Sweep:
    """Shift, turn or scale an image over the whole range, and ask a worker once for all answers.

    Args:
        run: The run.
        image: `(height, width, channels) uint8`, 0–255, of the network's input shape.
        kind: "right", "down", "turn" or "scale".
        edge: What comes in where the image does not reach: "black", "edge" or "around".
        step: Of the weights; None: the last kept.

    Raises:
        RunError: There are no such weights, or the image has another shape.
        EngineError: No worker could answer.
    """
    tried = amounts(kind, image.shape)
    images = np.stack([transformed(image, kind, amount, edge) for amount in tried])
    limit = answer_seconds(run.design, len(images))
    answer = get_engine().ask("invariance", timeout=limit, run_id=run.id, step=step, images=images)
    return Sweep(tried, images, np.asarray(answer["probabilities"], np.float32))
