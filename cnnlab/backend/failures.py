"""How a training can fail, in words for whoever started it."""

from __future__ import annotations

import math

import tensorflow as tf

from cnnlab.backend.session import Session
from cnnlab.errors import CNNLabError, RunError
from cnnlab.spec.design import Design


class Diverged(RunError):
    """A number became NaN or infinite; from the last state on it would do so again."""


def diverged(what: str, value: float, session: Session) -> Diverged:
    """A number that is no longer finite at the session's last step; what can be done is always the same."""
    name = "NaN" if math.isnan(value) else "infinite"
    step = session.step
    epoch = (step - 1) // session.steps_per_epoch + 1
    return Diverged(
        f"{what} became {name} at step {step} (epoch {epoch}). Use a smaller learning rate than "
        f"{session.setting('learning_rate'):g}, or a warm-up. The last good weights are kept."
    )


def words(exc: Exception, design: Design, step: int) -> str:
    """Why a training failed and what to do."""
    if isinstance(exc, CNNLabError):
        return str(exc)
    if isinstance(exc, MemoryError | tf.errors.ResourceExhaustedError):
        return (
            f"Out of memory after step {step}: a step of {design.training.batch_size} images needs about "
            f"{design.training_bytes() / 2**20:,.0f} MB. Use a smaller batch or a smaller network."
        )
    first_line = next(iter(str(exc).splitlines()), "no message")
    return (
        f"The training ended after step {step} by an unexpected error: {type(exc).__name__}: "
        f"{first_line:.300} Resume goes on from the last full state."
    )
