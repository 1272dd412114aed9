"""A design: data set, architecture and training together. What a run stores and a link carries."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cnnlab.spec.architecture import Architecture
from cnnlab.spec.fields import Spec
from cnnlab.spec.training import TrainingConfig
from cnnlab.spec.walk import FLOAT32_BYTES

_NAME_IN_WORDS = 'a name of at most 64 small letters, digits, "_", "-" and "."'
Name = Annotated[str, Field(strict=True, pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
"""A data set's or a preset's name: short, safe as a file name and in a link."""

MAX_TRAINING_BYTES = 4 * 2**30
"""A training above this would be killed by the operating system on the machines we are made for."""
_VALUES_A_PARAMETER = 4
"""The weight itself, its gradient and Adam's two moments."""


class Design(Spec):
    """Everything that is needed to repeat a training.

    Attributes:
        dataset: name of the data set.
        architecture: the stack of layers.
        training: how it is trained.
        preset: the preset that it started from, if it did.
        version: of this JSON form.
    """

    dataset: Name = Field(description=_NAME_IN_WORDS)
    architecture: Architecture
    training: TrainingConfig = TrainingConfig()
    preset: Name | None = Field(default=None, description=_NAME_IN_WORDS)
    version: Literal[1] = 1

    def training_bytes(self) -> int:
        """Memory of one training step: outputs and gradients of a batch, weights and optimizer."""
        trace = self.architecture.trace()
        batch = 2 * trace.activation_bytes * self.training.batch_size
        return batch + FLOAT32_BYTES * _VALUES_A_PARAMETER * trace.total_parameters

    def obstacle(self) -> str | None:
        """Why this design cannot be trained, in words; None where it can."""
        problems = self.architecture.trace().problems
        if problems:
            return problems[0].message
        needed = self.training_bytes()
        if needed > MAX_TRAINING_BYTES:
            return (
                f"Training: a step of {self.training.batch_size} images needs about {needed / 2**30:.1f} GB, "
                f"{MAX_TRAINING_BYTES / 2**30:.0f} GB are allowed. Use a smaller batch or a smaller network."
            )
        return None
