"""The task "rate_finder": the learning-rate range test.

Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, with a rate that grows by the
same factor at each step, and a loss smoothed as in the optimizers' own averages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.backend.data import dataset_of
from cnnlab.backend.session import Session
from cnnlab.spec.design import Design

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 100
CHUNK = 5
"""Steps of one call; after each the losses are looked at."""
SMOOTHING = 0.9
"""Share of the mean so far that a step's loss leaves in place."""
RISEN = 4.0
"""The test ends where the smoothed loss is so many times its lowest."""
SPARED = 5
"""Steps at either end whose slope is not believed: the mean is young, or the loss is about to leave."""
FALLEN = 0.99
"""A loss that never gets below this share of its first value has not fallen."""


def rate_finder(design: str) -> dict[str, Any]:
    """Train a fresh network with a learning rate that grows from 1e-6 to 1, and watch the loss.

    Args:
        design: as JSON; its own learning rate and schedule do not count.

    Returns:
        rates: the learning rates, rising.
        losses: the smoothed loss after each, None where it was not finite.
        suggested: the rate where the loss fell fastest; None where it did not fall.

    Raises:
        SpecError: the network does not fit the data.
        DatasetUnavailable: the data set is not on this machine.
    """
    wanted = Design.from_json(design)
    session = Session(wanted, dataset_of(wanted))
    rates = np.geomspace(LOWEST, HIGHEST, STEPS)
    losses: list[float] = []
    while len(losses) < STEPS:
        if not session.batches_left:
            session.next_epoch()
        losses += session.advance_at(rates[len(losses) :][:CHUNK].astype(np.float32)).losses.tolist()
        if ended(losses):
            break
    smoothed = smooth(losses)
    return {
        "rates": rates[: len(losses)].tolist(),
        "losses": [loss if math.isfinite(loss) else None for loss in smoothed],
        "suggested": steepest(rates[: len(losses)], smoothed),
    }


def smooth(losses: Sequence[float]) -> list[float]:
    """The exponential moving mean of losses, corrected for its start as Adam's averages are."""
    mean, result = 0.0, []
    for count, loss in enumerate(losses, start=1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        result.append(mean / (1 - SMOOTHING**count))
    return result


def ended(losses: Sequence[float]) -> bool:
    """Whether the loss has left for good: no number any more, or far above its lowest."""
    smoothed = smooth(losses)
    return not math.isfinite(smoothed[-1]) or smoothed[-1] > RISEN * min(smoothed)


def steepest(rates: NDArray[np.float64], smoothed: Sequence[float]) -> float | None:
    """The rate at which the smoothed loss falls fastest over the rate's logarithm; None where it never fell.

    Args:
        rates: `(n,)`, rising.
        smoothed: the loss at each.
    """
    finite = np.array([loss for loss in smoothed if math.isfinite(loss)])
    if len(finite) <= 2 * SPARED or finite.min() > FALLEN * finite[0]:
        return None
    slope = np.gradient(finite, np.log(rates[: len(finite)]))
    last = int(finite.argmin()) + 1  # behind its lowest point the loss only rises
    considered = slope[SPARED : max(last, SPARED + 1)]
    return float(rates[SPARED + int(considered.argmin())])
