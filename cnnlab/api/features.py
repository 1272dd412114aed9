"""A map of the test set: images in a plane, by what the layer before the output makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cnnlab.api.foretell import evaluation_seconds
from cnnlab.engine import get_engine
from cnnlab.runs import get_store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnlab.api.run import Run

Method = Literal["PCA", "t-SNE"]

MOST_IMAGES = 2_000
"""On a map at most: more dots hide each other, and t-SNE takes seconds for these."""
LAYOUT_SECONDS = 120.0
"""How long the layout of so many images may take beyond their features: ten times what it takes on an idle
machine of two cores."""


@dataclass(frozen=True, eq=False)
class Projection:
    """Test images in a plane.

    Attributes:
        method: How: "PCA" or "t-SNE".
        images: `(n,) int64`, rising: places in the test set.
        points: `(n, 2) float32`: of each image, to the right and up.
        shares: Of the variance along the two directions, 0–1; None for t-SNE, whose axes mean nothing.
        width: Values that the layer before the output gives an image.
    """

    method: Method
    images: NDArray[np.int64]
    points: NDArray[np.float32]
    shares: tuple[float, float] | None
    width: int


def projection(run: Run, method: Method = "PCA", *, step: int | None = None, seed: int = 0) -> Projection:
    """Lay test images out in a plane: what the network finds alike lies together.

    Args:
        run: The run.
        method: "PCA", the plane in which the images' values vary most; or "t-SNE", which keeps neighbours
            together.
        step: Of the weights; None: the last kept.
        seed: Of the choice among more than 2,000 test images, and of t-SNE; the same gives the same map.

    Raises:
        RunError: There is no such method or step, or t-SNE has fewer than 5 images.
        EngineError: No worker could answer.

    Example:
        >>> found = projection(run, "t-SNE")  # doctest: +SKIP
        >>> found.points[found.images == 17]  # where test image 17 lies  # doctest: +SKIP
    """
    step = get_store().files(run.id).kept_step(step)
    answer = get_engine().ask(
        "projection",
        timeout=evaluation_seconds(run.design) + LAYOUT_SECONDS,
        run_id=run.id,
        step=step,
        method=method,
        limit=MOST_IMAGES,
        seed=seed,
    )
    return Projection(method=method, **answer)
