"""The task "forecast": how long an epoch will take on this machine and how much memory, from a few steps."""

from __future__ import annotations

import dataclasses
import statistics
import time
from typing import Any

from cnnlab.backend.data import dataset_of
from cnnlab.backend.memory import forget_peak, peak_bytes
from cnnlab.backend.pace import Pace
from cnnlab.backend.session import Session, prediction_batch
from cnnlab.spec.design import Design

STEPS_SECONDS = 1.5
"""How long steps are measured: ten calls, of which the median leaves out what disturbed one of them."""
WATCHING = 1.04
"""What the record, the pictures and the looks at the layers add to the steps themselves."""


def forecast(design: str) -> dict[str, Any]:
    """Measure a few steps of a training and a few batches of its validation; nothing of it is kept.

    Args:
        design: as JSON.

    Returns:
        seconds_per_epoch: steps and validation of one epoch, without what is done once at the start.
        memory_bytes: the most that this process held meanwhile.

    Raises:
        SpecError: the network does not fit the data.
        DatasetUnavailable: the data set is not on this machine.
    """
    wanted = Design.from_json(design)
    forget_peak()
    session = Session(wanted, dataset_of(wanted))
    steps = _seconds_a_step(session) * session.steps_per_epoch * WATCHING
    validation = _seconds_an_image(session) * len(session.data.validation)
    return {"seconds_per_epoch": steps + validation, "memory_bytes": peak_bytes()}


def _seconds_a_step(session: Session) -> float:
    session.advance(1)  # compiles, and uses everything for the first time
    pace = Pace()
    taken: list[float] = []
    end = time.perf_counter() + STEPS_SECONDS
    while not taken or time.perf_counter() < end:
        if not session.batches_left:
            session.next_epoch()
        began = time.perf_counter()
        count = len(session.advance(pace.steps).losses)
        seconds = time.perf_counter() - began
        pace.took(count, seconds)
        taken.append(seconds / count)
    return statistics.median(taken[len(taken) // 3 :])  # the first calls were too short to tell


def _seconds_an_image(session: Session) -> float:
    """Of validation; the second of two batches, as the first one compiles."""
    indices = session.data.validation.indices[: prediction_batch(session.design)]
    if not len(indices):
        return 0.0
    some = dataclasses.replace(session.data.validation, indices=indices)
    session.score(some)
    began = time.perf_counter()
    session.score(some)
    return (time.perf_counter() - began) / len(indices)
