"""How a network is trained: epochs, batch size, optimizer, learning rate, schedule, validation, seed."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from cnnlab.spec.augmentation import MAX_AUGMENTATIONS, MAX_STRENGTH, AnyAugmentation
from cnnlab.spec.fields import Control, Spec, choice, controls, integer, real, switch

CHANGEABLE: dict[str, tuple[float, float]] = {
    "learning_rate": (1e-7, 10.0),
    "dropout": (0.0, 0.95),
    "augmentation": (0.0, MAX_STRENGTH),
}
"""What can be changed while a training runs, and the bounds of each: the learning rate that the schedule
starts from, the rate of every dropout layer, the strength of the augmentation (1: as declared)."""


class TrainingConfig(Spec):
    """One training's settings. Optimizer names and arguments are Keras's own, but Muon's.

    Keras's Muon is for dense layers; this one is for the kernels of convolutions, and Adam for the rest.
    """

    epochs: int = integer(
        5, low=1, high=500, slider=(1, 50), label="Epochs", help="Times that every training image is seen."
    )
    batch_size: int = integer(
        32,
        low=1,
        high=4096,
        slider=(8, 512),
        label="Batch size",
        help="Images whose gradients are averaged for one step.",
        scale="log",
    )
    optimizer: Literal["Adam", "AdamW", "SGD", "RMSprop", "Muon"] = choice(
        "Adam",
        label="Optimizer",
        help="The rule that turns a gradient into a step. Muon takes steps in which all directions of a "
        "convolution's kernels count alike; other weights follow Adam.",
    )
    learning_rate: float = real(
        1e-3,
        low=1e-7,
        high=10.0,
        slider=(1e-5, 1.0),
        step=1e-5,
        label="Learning rate",
        help="Length of a step along the gradient; the schedule starts from it.",
        scale="log",
        format="%g",
    )
    momentum: float = real(
        0.9,
        low=0.0,
        high=0.999,
        slider=(0.0, 0.99),
        step=0.01,
        label="Momentum",
        help="Share of the last step kept (SGD, Muon).",
    )
    weight_decay: float = real(
        0.004,
        low=0.0,
        high=1.0,
        slider=(0.0, 0.1),
        step=0.001,
        label="Weight decay",
        help="Share of each weight, times the learning rate, taken off at each step (AdamW).",
        format="%.3f",
    )
    schedule: Literal["constant", "cosine", "step"] = choice(
        "constant", label="Schedule", help="How the learning rate changes in the course of the training."
    )
    warmup: float = real(
        0.1,
        low=0.0,
        high=0.9,
        slider=(0.0, 0.5),
        step=0.05,
        label="Warm-up",
        help="Share of all steps in which the rate rises to its full height (cosine).",
    )
    drop_factor: float = real(
        0.5,
        low=0.01,
        high=1.0,
        slider=(0.1, 0.9),
        step=0.05,
        label="Drop factor",
        help="What the rate is multiplied by at each drop (step).",
    )
    drop_every: int = integer(
        5,
        low=1,
        high=500,
        slider=(1, 20),
        label="Drop every",
        help="Epochs from one drop to the next (step).",
    )
    validation_share: float = real(
        0.1,
        low=0.0,
        high=0.5,
        slider=(0.0, 0.5),
        step=0.05,
        label="Validation share",
        help="Share of the training images kept apart to measure on after each epoch.",
    )
    seed: int = integer(
        0,
        low=0,
        high=2**31 - 1,
        slider=(0, 100),
        label="Seed",
        help="Start of every random choice: split, first weights, order of the images.",
    )
    precision: Literal["float32", "mixed_bfloat16"] = choice(
        "float32",
        label="Precision",
        help="mixed_bfloat16 computes with shorter numbers: faster on processors that have them.",
    )
    early_stopping: int = integer(
        0,
        low=0,
        high=500,
        slider=(0, 20),
        label="Early stopping",
        help="End after so many epochs without a lower validation loss; 0: train all epochs.",
    )
    keep_best: bool = switch(
        False,
        label="Keep the best weights",
        help="At the end, go back to the weights of the epoch with the lowest validation loss.",
    )
    augmentation: tuple[AnyAugmentation, ...] = Field(
        default=(),
        max_length=MAX_AUGMENTATIONS,
        description=f"a list of at most {MAX_AUGMENTATIONS} augmentations",
    )

    @classmethod
    def controls(cls) -> dict[str, Control]:
        """The controls of the fields, in their order."""
        return controls(cls)

    def relevant(self) -> tuple[str, ...]:
        """Names of the fields that have an effect with this optimizer and schedule, in their order."""
        without: set[str] = set()
        if self.optimizer not in ("SGD", "Muon"):
            without.add("momentum")
        if self.optimizer != "AdamW":
            without.add("weight_decay")
        if self.schedule != "cosine":
            without.add("warmup")
        if self.schedule != "step":
            without |= {"drop_factor", "drop_every"}
        if self.validation_share == 0.0:  # both go by the loss on the validation images
            without |= {"early_stopping", "keep_best"}
        return tuple(name for name in controls(type(self)) if name not in without)

    def optimizer_arguments(self) -> dict[str, Any]:
        """Arguments of the optimizer of this name, besides the learning rate."""
        return {name: getattr(self, name) for name in ("momentum", "weight_decay") if name in self.relevant()}

    def steps_per_epoch(self, train_images: int) -> int:
        """Optimizer steps in one epoch over this many images; the last batch may be smaller."""
        return max(1, math.ceil(train_images / self.batch_size))

    def warmup_steps(self, total_steps: int) -> int:
        """Steps of the cosine schedule's warm-up; at least one step is left for the decay."""
        return min(int(self.warmup * total_steps), max(0, total_steps - 1))

    def learning_rate_at(self, step: int, total_steps: int, steps_per_epoch: int) -> float:
        """The learning rate of one step.

        The formulas are those of Keras's `CosineDecay` (warm-up from `learning_rate / warm-up steps`) and
        `ExponentialDecay(staircase=True)`, so that exported source trains alike.

        Args:
            step: optimizer steps made before this one: 0 for the first.
            total_steps: steps of the whole training.
            steps_per_epoch: steps of one epoch.
        """
        if self.schedule == "step":
            return self.learning_rate * self.drop_factor ** (
                step // (self.drop_every * max(1, steps_per_epoch))
            )
        if self.schedule == "constant":
            return self.learning_rate
        warmup = self.warmup_steps(total_steps)
        if step < warmup:
            first = self.learning_rate / warmup
            return first + (self.learning_rate - first) * step / warmup
        done = min(1.0, (step - warmup) / max(1, total_steps - warmup))
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))
