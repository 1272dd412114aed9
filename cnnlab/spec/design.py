"""A design: data set, architecture and training together. What a run stores and a link carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from cnnlab.spec.architecture import Architecture
from cnnlab.spec.fields import Spec, shown
from cnnlab.spec.training import CHANGEABLE, TrainingConfig
from cnnlab.spec.walk import FLOAT32_BYTES, Trace

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
        return self._step_bytes(self.architecture.trace())

    def _step_bytes(self, trace: Trace) -> int:
        batch = 2 * trace.activation_bytes * self.training.batch_size
        return batch + FLOAT32_BYTES * _VALUES_A_PARAMETER * trace.total_parameters

    def changed(self, change: Mapping[str, Any]) -> Design:
        """The same with some fields changed, those of the training by their own names.

        Raises:
            SpecError: there is no such field, or it does not accept the value.
        """
        own = {name: value for name, value in change.items() if name in Design.model_fields}
        training = {name: value for name, value in change.items() if name not in own}
        design = self.replace(**own)
        return design.replace(training=design.training.replace(**training)) if training else design

    def why_not_changeable(self, name: str, value: float) -> str | None:
        """Why a setting cannot get this value while this design trains, in words; None where it can."""
        if name not in CHANGEABLE:
            known = ", ".join(CHANGEABLE)
            return f"{shown(name)} cannot be changed in the course of a training. What can be is {known}."
        low, high = CHANGEABLE[name]
        if not low <= value <= high:
            return f"Training, {name}: expected a number from {low:g} to {high:g}. Received {shown(value)}."
        if name == "dropout" and not any("Dropout" in layer.kind for layer in self.architecture.layers):
            return "The network has no dropout layer whose rate could be changed. Add one in Design."
        if name == "augmentation" and not self.training.augmentation:
            return "The training has no augmentation whose strength could be changed. Add one in Data."
        return None

    def obstacle(self) -> str | None:
        """Why this design cannot be trained, in words; None where it can."""
        trace = self.architecture.trace()
        if trace.problems:
            return trace.problems[0].message
        needed = self._step_bytes(trace)
        if needed > MAX_TRAINING_BYTES:
            return (
                f"Training: a step of {self.training.batch_size} images needs about {needed / 2**30:.1f} GB, "
                f"{MAX_TRAINING_BYTES / 2**30:.0f} GB are allowed. Use a smaller batch or a smaller network."
            )
        return None
