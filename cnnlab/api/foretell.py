"""What can be known of a training before it starts: its pace, its memory, a good learning rate."""

from __future__ import annotations

from dataclasses import dataclass

from cnnlab import datasets, settings
from cnnlab.engine import get_engine
from cnnlab.errors import SpecError
from cnnlab.spec.design import Design

FORETELL_SECONDS = 60.0
"""How long a worker may take for either answer: a few steps of the largest network that may be trained."""

EVALUATED_MACS_PER_SECOND = 1e10
"""Multiply–accumulates that a worker makes in a second, at the least, while it answers for many images: two
cores that also train do three to six times as many."""


@dataclass(frozen=True)
class Forecast:
    """What a training will take on this machine.

    Attributes:
        seconds_per_epoch: With its validation.
        memory_bytes: Of the process that trains.
    """

    seconds_per_epoch: float
    memory_bytes: int


@dataclass(frozen=True)
class RateTrial:
    """How the loss answered a learning rate that grew from step to step.

    Attributes:
        rates: The learning rates, rising.
        losses: The loss at each; None where it was not finite.
        suggested: The rate to use; None where no rate let the loss fall.
    """

    rates: tuple[float, ...]
    losses: tuple[float | None, ...]
    suggested: float | None


def forecast(design: Design) -> Forecast:
    """Measure a few steps of a training in an idle worker, and foretell the rest.

    Raises:
        SpecError: The design cannot be trained; the message says why.
        DatasetUnavailable: Its images are not here.
        EngineError: No worker could answer.
    """
    _check(design)
    answer = get_engine().ask("forecast", timeout=FORETELL_SECONDS, design=design.to_json())
    return Forecast(float(answer["seconds_per_epoch"]), int(answer["memory_bytes"]))


def find_learning_rate(design: Design) -> RateTrial:
    """Try ever larger learning rates on the design's first weights, and suggest one.

    Raises:
        SpecError: The design cannot be trained; the message says why.
        DatasetUnavailable: Its images are not here.
        EngineError: No worker could answer.
    """
    _check(design)
    answer = get_engine().ask("rate_finder", timeout=FORETELL_SECONDS, design=design.to_json())
    return RateTrial(tuple(answer["rates"]), tuple(answer["losses"]), answer["suggested"])


def evaluation_seconds(design: Design) -> float:
    """How long the answers to all test images may take, in seconds, before their worker counts as stuck.

    All images of the data set stand for the test images: their number is known without opening it, and errs
    on the patient side.
    """
    return answer_seconds(design, datasets.info(design.dataset).images)


def answer_seconds(design: Design, passes: int) -> float:
    """How long an answer may take that needs so many passes of an image through the network, in seconds.

    The time of a short question, and that of the work at a slow rate.

    Args:
        design: What is trained.
        passes: Forward ones; one back to the image counts as two more.
    """
    macs = design.architecture.trace().total_macs * passes
    return settings.get().question_seconds + macs / EVALUATED_MACS_PER_SECOND


def _check(design: Design) -> None:
    obstacle = design.obstacle()
    if obstacle is not None:
        raise SpecError(obstacle)
    datasets.require(design.dataset)
