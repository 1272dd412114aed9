"""Which checkpoints of a run are kept when there are too many."""

from __future__ import annotations

from collections.abc import Sequence

_VALUES_A_PARAMETER = 3
"""In a full state: the weight itself and Adam's two moments."""
STATES_KEPT = 5
"""Full states that are kept from the last: a training goes on from the newest of them that can be read."""
STATE_EVERY = 10
"""Every so many epochs a full state is kept for good, to branch off from."""
WEIGHTS_KEPT = 100
"""Steps whose weights are kept: as many as a slider over the epochs can tell apart."""


def states_to_keep(checkpoints: Sequence[tuple[int, float]]) -> set[int]:
    """Steps of the full states to keep: the last, those of the last five whole epochs and of every tenth.

    The states of a pause or a stop lie in the middle of an epoch; several must not drive out the epochs'.

    Args:
        checkpoints: (step, epochs done) of each state, in rising order.
    """
    whole = [step for step, epoch in checkpoints if epoch % 1 == 0]
    last = {step for step, _ in checkpoints[-1:]} | set(whole[-STATES_KEPT:])
    return last | {step for step, epoch in checkpoints if epoch > 0 and epoch % STATE_EVERY == 0}


def steps_to_keep(steps: Sequence[int], most: int = WEIGHTS_KEPT) -> list[int]:
    """Thins rising steps to `most`, evenly, keeping the first and the last.

    The step whose neighbours lie closest together goes first. Done again after each epoch, as a training
    does, this keeps gaps that differ by about a factor of two, without knowing how many epochs will follow.
    """
    kept = list(steps)
    while len(kept) > max(most, 2):
        closest = min(range(1, len(kept) - 1), key=lambda place: kept[place + 1] - kept[place - 1])
        del kept[closest]
    return kept


def kept_values(parameters: int, epochs: int) -> int:
    """The most numbers that the files of a whole training hold: full states, and weights of epochs."""
    states = min(epochs, STATES_KEPT) + epochs // STATE_EVERY + 1
    return parameters * (states * _VALUES_A_PARAMETER + min(epochs + 1, WEIGHTS_KEPT))
