"""A design: data set, architecture and training together. What a run stores and a link carries."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cnnlab.spec.architecture import Architecture
from cnnlab.spec.fields import Spec
from cnnlab.spec.training import TrainingConfig

Name = Annotated[str, Field(strict=True, pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
"""A data set's or a preset's name: short, safe as a file name and in a link."""


class Design(Spec):
    """Everything that is needed to repeat a training.

    Attributes:
        dataset: name of the data set.
        architecture: the stack of layers.
        training: how it is trained.
        preset: the preset that it started from, if it did.
        version: of this JSON form.
    """

    dataset: Name
    architecture: Architecture
    training: TrainingConfig = TrainingConfig()
    preset: Name | None = None
    version: Literal[1] = 1
