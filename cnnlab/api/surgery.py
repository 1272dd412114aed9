"""What a run's network would say with some of its kernels changed. The run stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnlab.api.foretell import evaluation_seconds
from cnnlab.engine import get_engine
from cnnlab.spec.edits import Edit, check

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnlab.api.run import ImageOf, Run


@dataclass(frozen=True, eq=False)
class EditedMaps:
    """What a layer makes of an image, and what the network says, before and after some edits.

    Attributes:
        before: `(height, width, channels) float32`, or `(n,) float32` behind a Flatten; after the activation.
        after: The same with the edits.
        probabilities_before: `(classes,) float32`, 0–1, the network's answer.
        probabilities_after: The same with the edits.
    """

    before: NDArray[np.float32]
    after: NDArray[np.float32]
    probabilities_before: NDArray[np.float32]
    probabilities_after: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class EditedAccuracy:
    """How a network fares on the test images, before and after some edits.

    Attributes:
        images: `(classes,) int64`, test images of each class.
        right_before: `(classes,) int64`, those that are called by their own name.
        right_after: The same with the edits.
    """

    images: NDArray[np.int64]
    right_before: NDArray[np.int64]
    right_after: NDArray[np.int64]


def edited_maps(
    run: Run, image: ImageOf, layer: str, edits: Sequence[Edit], *, step: int | None = None
) -> EditedMaps:
    """What a layer makes of an image with some kernels changed, beside what it makes of it as trained.

    Args:
        run: The run; it is not altered.
        image: Place among the run's test images, or pixels of the network's input shape, uint8, 0–255.
        layer: The layer's name in the trace; the output row gives the logits.
        edits: They take effect in their order.
        step: Of the weights; None: the last kept.

    Raises:
        SpecError: An edit does not fit the network; the message says what does.
        RunError: There is no such image, layer or step.
        EngineError: No worker could answer.
    """
    answer = get_engine().ask(
        "edited_maps",
        run_id=run.id,
        step=step,
        image=image,
        layer_name=layer,
        edits=_plain(run, edits),
    )
    return EditedMaps(**answer)


def edited_accuracy(run: Run, edits: Sequence[Edit], *, step: int | None = None) -> EditedAccuracy:
    """How many test images of each class are right with some kernels changed, beside how many were.

    Args:
        run: The run; it is not altered.
        edits: They take effect in their order.
        step: Of the weights; None: the last kept.

    Raises:
        SpecError: An edit does not fit the network; the message says what does.
        RunError: There is no such step.
        EngineError: No worker could answer.
    """
    # Where the answers of the plain weights are not kept, it is the work of two evaluations.
    limit = 2 * evaluation_seconds(run.design)
    answer = get_engine().ask(
        "edited_accuracy", timeout=limit, run_id=run.id, step=step, edits=_plain(run, edits)
    )
    return EditedAccuracy(**answer)


def _plain(run: Run, edits: Sequence[Edit]) -> list[dict[str, Any]]:
    check(edits, run.design.architecture)  # here, so that no worker is asked for what cannot be
    return [edit.model_dump() for edit in edits]
