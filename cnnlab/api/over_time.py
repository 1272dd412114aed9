"""One image and one layer over the course of a training, from the weights that the run kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnlab.analysis.over_time import evenly
from cnnlab.api.foretell import answer_seconds
from cnnlab.engine import get_engine
from cnnlab.errors import RunStateError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnlab.api.run import ImageOf, Run

EPOCHS = 25
"""So many epochs are asked for at most: evenly chosen, they show the course of any training."""


@dataclass(frozen=True)
class OverTime:
    """What a layer and the network made of one image after each of several epochs.

    Attributes:
        steps: Whose weights they were, rising.
        epochs: How many epochs were done at each (2.5: in the middle of the third).
        maps: `(steps, height, width, maps) float32`, or `(steps, units) float32`: the layer's first outputs.
        channels: How many maps or units the layer has in all.
        probabilities: `(steps, classes) float32`, 0–1.
        kernels: `(steps, height, width, kernels) float32`, the mean over the input channels, of the first
            filters of a convolution; None for any other layer.
        filters: How many filters the layer has in all.
        damage: What is wrong with each file of weights that could not be read; its step is left out.
    """

    steps: tuple[int, ...]
    epochs: tuple[float, ...]
    maps: NDArray[np.float32]
    channels: int
    probabilities: NDArray[np.float32]
    kernels: NDArray[np.float32] | None
    filters: int
    damage: tuple[str, ...]


def over_time(run: Run, image: ImageOf, layer: str, *, most: int = EPOCHS) -> OverTime:
    """Look at one image and one layer after each kept epoch, or after as many as are told apart.

    Args:
        run: The run.
        image: Place among its test images; or pixels of the network's input shape, uint8, 0–255.
        layer: A layer's name, as in `run.design.architecture.trace()`.
        most: So many epochs at most; the first and the last kept are among them.

    Raises:
        RunStateError: No weights are kept yet.
        RunError: There is no such image or layer.
        StorageError: Every file of weights is damaged.
        EngineError: No worker could answer.
    """
    kept = run.checkpoints()
    if not kept:
        raise RunStateError(f"Run {run.name!r} has no weights yet. Train it first.")
    chosen = [kept[place] for place in evenly(len(kept), most)]
    steps = [each.step for each in chosen]
    limit = answer_seconds(run.design, len(steps))
    answer = get_engine().ask(
        "over_time", timeout=limit, run_id=run.id, steps=steps, image=image, layer_name=layer
    )
    read = answer.pop("read")
    epochs = tuple(each.epoch for each in chosen if each.step in read)
    return OverTime(tuple(read), epochs, **answer)
