"""Where in an image a network saw a class: Grad-CAM, gradients, and what changes when a place is covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from cnnlab import runs as record
from cnnlab.api.foretell import answer_seconds
from cnnlab.engine import get_engine
from cnnlab.spec.layers import KINDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnlab.api.run import ImageOf, Run
    from cnnlab.spec.design import Design

Method = Literal["grad_cam", "gradient_input", "integrated_gradients", "occlusion"]
METHODS: tuple[Method, ...] = get_args(Method)

MOST_PASSES = 600
"""Passes through the network that an answer takes at the most, about: 64 gradients and their refinement,
which ends by itself after seconds, or 290 squares of an occlusion."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """What speaks for a class, pixel by pixel.

    The score is the class's logit or, beside another class, the difference of the two logits.

    Attributes:
        map: `(height, width) float32`, of the image's size; in units of the score. At least 0 for Grad-CAM;
            otherwise what is below 0 speaks against the class.
        method: One of `METHODS`.
        target: Index of the class.
        against: Index of the class that it is compared with; None for the class alone.
        score: Of the image.
        black: The score of a black image.
        total: The map's sum; of Grad-CAM before it is enlarged, of integrated gradients in float64.
        layer: Whose maps Grad-CAM read; None for the other methods.
        grid: Rows and columns that were computed: of Grad-CAM the layer's, of an occlusion its squares.
        steps: Points on the way from black to the image; None but for integrated gradients.
        patch: Height and width of the square that covers, in pixels; None but for occlusion.
        stride: By which it moves, down and to the right, in pixels; None but for occlusion.
        cover: Its colour, 0–1 a channel; None but for occlusion.
    """

    map: NDArray[np.float32]
    method: Method
    target: int
    against: int | None
    score: float
    black: float
    total: float
    layer: str | None
    grid: tuple[int, int]
    steps: int | None
    patch: tuple[int, int] | None
    stride: tuple[int, int] | None
    cover: tuple[float, ...] | None

    @property
    def difference(self) -> float:
        """The score of the image less that of a black one: what integrated gradients add up to."""
        return self.score - self.black

    @property
    def gap(self) -> float:
        """How far the sum is from the difference, as a share of max(|difference|, 1)."""
        return abs(self.total - self.difference) / max(abs(self.difference), 1.0)


def layers_with_maps(design: Design) -> list[str]:
    """Names of the layers of a network's trace that give maps: those that Grad-CAM can read."""
    rows = design.architecture.trace().rows
    return [row.name for row in rows if row.output_shape is not None and len(row.output_shape) == 3]


def last_convolution(design: Design) -> str | None:
    """The last convolution or block, else the last layer with maps; None where none has any.

    It is what Grad-CAM's authors read: behind it places are lost, before it features are simpler.
    """
    names = layers_with_maps(design)
    rows = design.architecture.trace().rows
    convolutions = [row.name for row in rows if KINDS[row.kind].family in ("conv", "block")]
    return next(reversed([name for name in names if name in convolutions] or names), None)


def attribute(
    run: Run,
    image: ImageOf,
    method: Method = "grad_cam",
    *,
    target: int | None = None,
    against: int | None = None,
    layer: str | None = None,
    step: int | None = None,
) -> Attribution:
    """Ask a worker where in an image the run's network saw a class.

    Args:
        run: The run.
        image: Place among the run's test images, as in an `Evaluation`; or pixels of the network's input
            shape, uint8, 0–255.
        method: How it is found out.
        target: Index of the class to explain; None: the predicted one.
        against: Index of a class: why the target rather than this one. None: the target alone.
        layer: For Grad-CAM, the layer in the trace whose maps are read; None: `last_convolution`.
        step: Of the weights; None: the last kept.

    Raises:
        RunError: There is no such image, class, layer or step, or the layer gives no maps.
        EngineError: No worker could answer.

    Example:
        >>> attribute(run, 17, "integrated_gradients").total  # doctest: +SKIP
        3.21
    """
    answer = get_engine().ask(
        "attribution",
        timeout=answer_seconds(run.design, MOST_PASSES),
        run_id=run.id,
        step=record.get_store().files(run.id).kept_step(step),
        image=image,
        method=method,
        target=target,
        against=against,
        layer_name=layer or (last_convolution(run.design) if method == "grad_cam" else None),
    )
    return Attribution(**answer)
