"""Where a network looked: how long a worker's answers take, and how often integrated gradients add up.

In ms through `cnnlab.api`, with a warm worker: Grad-CAM of the preset `digits` and of the network of
`cifar10` (400 ms at the 95th percentile), an occlusion of a 32×32 image by the latter at stride 2 (1.5 s).
It is trained for one epoch on `shapes`, which has images of its size and needs no download. And the share
of all test images of digits whose integrated gradients sum to within 1 % of max(|logit difference|, 1) at 64
steps (95 %), and after refinement.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import cnnlab
from bench.common import TRIES, arguments, machine, measure, say, summary, tell, verdict
from cnnlab.api.attribution import Method, attribute
from cnnlab.api.run import Run

BUDGET_GRAD_CAM_MS = 400.0
BUDGET_OCCLUSION_MS = 1500.0
BUDGET_SHARE = 0.95
STEPS = 64
WITHIN = 0.01


def digits() -> Run:
    """A run of the preset `digits`."""
    preset = cnnlab.presets.preset("digits")
    return cnnlab.train(preset.architecture, preset.dataset, preset.design.training, progress=False)


def colour() -> Run:
    """A run of the network of `cifar10` on 32×32 colour images."""
    info = cnnlab.datasets.info("shapes")
    network = cnnlab.presets.get("cifar10").with_data(info.image_shape, len(info.class_names))
    return cnnlab.train(network, "shapes", cnnlab.TrainingConfig(epochs=1), progress=False)


def answers(run: Run, method: Method, tries: int) -> list[float]:
    """Milliseconds of each answer, of one test image after the other."""
    images = iter(range(tries + 1))
    return [1000 * seconds for seconds in measure(lambda: attribute(run, next(images), method), tries=tries)]


def timed(what: str, run: Run, method: Method, tries: int, budget: float | None, **facts: Any) -> None:
    """Time a method and print it."""
    numbers = summary(answers(run, method, tries), digits=0)
    kept = verdict(numbers["p95"], budget) if budget else {}
    tell(what, unit="ms", **facts, **numbers, **kept)


def completeness(run: Run) -> None:
    """Ask for all test images, and print the share whose sum is right."""
    images = len(run.evaluate().labels)
    found = [attribute(run, image, "integrated_gradients") for image in range(images)]
    first = sum(each.steps == STEPS and each.gap <= WITHIN for each in found) / images
    share = sum(each.gap <= WITHIN for each in found) / images
    tell(
        f"digits: integrated gradients within 1 % at {STEPS} steps",
        images=images,
        share=round(first, 4),
        **verdict(first, BUDGET_SHARE, at_least=True),
    )
    tell(
        "digits: integrated gradients within 1 % after refinement",
        images=images,
        share=round(share, 4),
        most_steps=max(each.steps or 0 for each in found),
        largest_gap=round(max(each.gap for each in found), 5),
    )


def main() -> None:
    """Print the machine, the answers' times and how often the sums are right."""
    options = arguments(__doc__ or "", tries=5 * TRIES)
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as home:
        os.environ["CNNLAB_HOME"] = home
        try:
            say("Training digits, and the network of cifar10 on shapes.")
            small, large = digits(), colour()
            for name, run in (("digits", small), ("cifar10's network", large)):
                timed(f"{name}: Grad-CAM", run, "grad_cam", options.tries, BUDGET_GRAD_CAM_MS)
                timed(f"{name}: integrated gradients", run, "integrated_gradients", TRIES, None)
            squares = attribute(large, 0, "occlusion")
            facts = {"patch": squares.patch, "stride": squares.stride}
            timed(
                "cifar10's network: occlusion of 32×32",
                large,
                "occlusion",
                TRIES,
                BUDGET_OCCLUSION_MS,
                **facts,
            )
            completeness(small)
        finally:
            from cnnlab.engine import close_engine

            close_engine()


if __name__ == "__main__":
    main()
