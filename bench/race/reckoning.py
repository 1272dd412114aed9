"""From the epochs of two trainings to what is told of them. Pure: no process, no clock, no file."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PART_EPOCHS = 15
"""Of the published script where only a part of a data set is there: it no longer improves after that."""

PART_EXPONENT = -0.25
"""The fast recipe's epochs grow with this power of the share of the images that is there."""


@dataclass(frozen=True, slots=True)
class Tutorial:
    """One tutorial and what is asked of the fast recipe.

    Attributes:
        name: as the command line knows it.
        preset: name of the preset with its network.
        script: module of its own script in `bench.published`.
        epochs: most that its script trains here, on the whole data set.
        headline: test accuracy that it reports, 0–1; None where it reports none: what its script reaches
            after these epochs is the target then.
        speedup: the least that is to be reached; None where nothing is asked.
    """

    name: str
    preset: str
    script: str
    epochs: int
    headline: float | None = None
    speedup: float | None = None


TUTORIALS = (
    Tutorial("T1", "cifar10", "t1", 30, headline=0.6709, speedup=6.0),
    Tutorial("T2", "fashion_mnist", "t2", 10, headline=0.9225),
    Tutorial("T3", "mnist_5x5", "t3", 10, headline=0.99, speedup=14.0),
    Tutorial("T4", "cifar10_two_dense", "t4", 5, speedup=6.0),
)
VARIANTS = (
    Tutorial("T4-dropout", "cifar10_two_dense_dropout", "t4_dropout", 5),
    Tutorial("T4-batchnorm", "cifar10_two_dense_batchnorm", "t4_batchnorm", 5),
)
"""Raced by name only."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One training, in a process of its own.

    Attributes:
        seconds: from the start of the training to the end of each epoch's validation.
        accuracies: test accuracy after each epoch, 0–1.
        images_per_second: of the training steps alone, once they are compiled.
        process_seconds: of the whole process, imports and the reading of the data included.
        parameters: of the network.
    """

    seconds: tuple[float, ...]
    accuracies: tuple[float, ...]
    images_per_second: float
    process_seconds: float
    parameters: int

    def seconds_to(self, target: float) -> float | None:
        """Seconds to the end of the first epoch that reaches a test accuracy; None where none does."""
        reached = (
            seconds
            for seconds, accuracy in zip(self.seconds, self.accuracies, strict=True)
            if accuracy >= target
        )
        return next(reached, None)

    @property
    def best(self) -> float:
        """The highest test accuracy."""
        return max(self.accuracies)


def published_epochs(tutorial: Tutorial, *, whole: bool) -> tuple[int, float | None]:
    """How many epochs the published script trains at most, and the accuracy at which it may end before."""
    if not whole:
        return PART_EPOCHS, None
    return tutorial.epochs, tutorial.headline


def fast_epochs(declared: int, share: float) -> int:
    """Epochs of the fast recipe on a part of a data set.

    Fewer images have to be seen more often to teach as much, but are learnt by heart before they are seen as
    often as all would be in sum. The exponent was chosen on validation images of a fifth of CIFAR-10.
    """
    return max(declared, round(declared * min(share, 1.0) ** PART_EXPONENT))


def target(tutorial: Tutorial, published: Outcome, *, whole: bool) -> float:
    """The test accuracy that both have to reach."""
    if not whole:
        return published.best
    return published.accuracies[-1] if tutorial.headline is None else tutorial.headline


def reckoned(
    tutorial: Tutorial, pairs: Sequence[tuple[Outcome, Outcome]], *, whole: bool, bfloat16: bool
) -> dict[str, Any]:
    """What is told of one tutorial.

    Args:
        tutorial: which.
        pairs: the published script's outcome and the fast recipe's, for each seed.
        whole: whether the data set is.
        bfloat16: whether the processor multiplies bfloat16 numbers: more images a second are asked then.
    """
    targets = [target(tutorial, published, whole=whole) for published, _ in pairs]
    slow = [published.seconds_to(goal) for (published, _), goal in zip(pairs, targets, strict=True)]
    fast = [ours.seconds_to(goal) for (_, ours), goal in zip(pairs, targets, strict=True)]
    ratios = [ours.images_per_second / published.images_per_second for published, ours in pairs]
    images_budget = 4.0 if bfloat16 else 2.5
    speedups = [speedup(*pair, goal) for pair, goal in zip(pairs, targets, strict=True)]
    told = {
        "speedup": statistics.median(speedups),
        "images_per_second_ratio": statistics.median(ratios),
        "seeds": len(pairs),
        "seeds_that_reach_the_target": sum(seconds is not None for seconds in fast),
        "target": targets,
        "speedups": speedups,
        "speedup_budget": tutorial.speedup,
        "images_per_second_ratio_budget": images_budget,
        "published": _side([published for published, _ in pairs], slow),
        "fast": _side([ours for _, ours in pairs], fast),
    }
    return rounded(told | {"kept": kept(told)})


def kept(told: dict[str, Any]) -> bool:
    """Whether everything that is asked was reached, with every seed."""
    enough = told["speedup_budget"] is None or told["speedup"] >= told["speedup_budget"]
    return bool(
        enough
        and told["seeds_that_reach_the_target"] == told["seeds"]
        and told["images_per_second_ratio"] >= told["images_per_second_ratio_budget"]
    )


def speedup(published: Outcome, fast: Outcome, goal: float) -> float:
    """Time to the target, published ÷ fast; 0 where the fast recipe does not reach it.

    Where the published script does not, its whole training counts: it would have taken longer yet.
    """
    after = fast.seconds_to(goal)
    return 0.0 if after is None else (published.seconds_to(goal) or published.seconds[-1]) / after


def _side(outcomes: Sequence[Outcome], seconds: Sequence[float | None]) -> dict[str, Any]:
    return {
        "seconds_to_target": list(seconds),
        "best_accuracy": [outcome.best for outcome in outcomes],
        "epochs": [len(outcome.seconds) for outcome in outcomes],
        "images_per_second": [outcome.images_per_second for outcome in outcomes],
        "process_seconds": [outcome.process_seconds for outcome in outcomes],
        "parameters": outcomes[0].parameters,
    }


def rounded(value: Any) -> Any:
    """The same with numbers that a reader can take in: four digits after the point."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list | tuple) else value
