"""What excites a layer's filters: the nine test images of each, and an image made to one's liking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnlab.api.foretell import answer_seconds, evaluation_seconds
from cnnlab.api.run import Run
from cnnlab.engine import get_engine
from cnnlab.errors import RunError
from cnnlab.runs import get_store
from cnnlab.runs.excitation import Excitation, read_excitation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Excitation", "WantedImage", "excitation", "wanted_image"]

CLIMBED_PASSES = 1_200
"""Passes through the network that a wanted image takes, about: 96 steps of 4 images, there and back."""


@dataclass(frozen=True, eq=False)
class WantedImage:
    """An image that gradient ascent made for a filter.

    Attributes:
        image: `(height, width, channels) float32`, 0–1.
        value: The filter's for it at the place, after the activation.
        start: The same for the grey noise from which the ascent started.
        place: Row and column in the filter's map whose value was made large: its middle. 0, 0 for a unit.
    """

    image: NDArray[np.float32]
    value: float
    start: float
    place: tuple[int, int]


def excitation(run: Run, layer: str, *, step: int | None = None) -> Excitation:
    """Which test images excite each filter of a layer most, where, and which filters are dead.

    Args:
        run: The run.
        layer: The layer's name in the trace; the output row gives the logits.
        step: Of the weights; None: the last kept.

    Raises:
        RunError: There is no such layer or step.
        EngineError: No worker could answer.

    Example:
        >>> found = excitation(run, "conv2d")  # doctest: +SKIP
        >>> found.images[5]  # the nine test images that filter 5 likes best  # doctest: +SKIP
    """
    _check(run, layer)
    files = get_store().files(run.id)
    step = files.kept_step(step)
    kept = read_excitation(files, step, layer)
    if kept is not None:
        return kept
    limit = evaluation_seconds(run.design)
    found: Excitation = get_engine().ask(
        "excitation", timeout=limit, run_id=run.id, step=step, layer_name=layer
    )
    return found


def wanted_image(
    run: Run, layer: str, filter_index: int, *, step: int | None = None, seed: int = 0
) -> WantedImage:
    """An image made to excite a filter, by gradient ascent with total variation kept small.

    Args:
        run: The run.
        layer: The layer's name in the trace.
        filter_index: The filter, or unit.
        step: Of the weights; None: the last kept.
        seed: Of the noise from which the ascent starts; the same gives the same image.

    Raises:
        RunError: There is no such layer, filter or step.
        EngineError: No worker could answer.
    """
    _check(run, layer)
    step = get_store().files(run.id).kept_step(step)
    answer = get_engine().ask(
        "wanted_image",
        timeout=answer_seconds(run.design, CLIMBED_PASSES),
        run_id=run.id,
        step=step,
        layer_name=layer,
        filter_index=filter_index,
        seed=seed,
    )
    return WantedImage(**answer)


def _check(run: Run, layer: str) -> None:
    """The name becomes part of a file's: only one that the network has."""
    names = [part.name for row in run.design.architecture.trace().rows for part in row.primitives]
    if layer not in names:
        raise RunError(f"The network has no layer {layer!r}. It has {', '.join(names)}.")
