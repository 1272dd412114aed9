"""The epoch with the lowest validation loss so far, and how long ago it was."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass


@dataclass
class Best:
    """As Keras's `EarlyStopping(monitor="val_loss")` counts.

    Attributes:
        epoch: the epoch, from 1; 0 before the first.
        step: the last step of that epoch.
        loss: its validation loss.
        accuracy: its validation accuracy.
        stale: epochs since.
    """

    epoch: int = 0
    step: int = 0
    loss: float = math.inf
    accuracy: float = 0.0
    stale: int = 0

    def took(self, epoch: int, step: int, loss: float, accuracy: float) -> None:
        """Note an epoch's validation."""
        if loss < self.loss:
            self.epoch, self.step, self.loss, self.accuracy, self.stale = epoch, step, loss, accuracy, 0
        else:
            self.stale += 1

    def ends(self, patience: int) -> bool:
        """Whether so many epochs (0: never) have passed without a lower loss."""
        return 0 < patience <= self.stale

    def plain(self) -> dict[str, float] | None:
        """As JSON can carry it; None before the first epoch, whose infinite loss it cannot."""
        return dataclasses.asdict(self) if self.epoch else None
