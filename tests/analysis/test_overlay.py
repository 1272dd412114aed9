"""Curves of runs on one axis, and Pareto fronts, against worked examples."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import pytest

from cnnlab.analysis.overlay import STEP_POINTS, line, measured, pareto_front
from cnnlab.runs import Epoch, Event, History, Payload, Steps


def history(payloads: Iterable[Payload]) -> History:
    now = datetime.now(UTC)
    return History.fold(
        Event(seq, "0123456789", now, type(each).kind, each.model_dump())
        for seq, each in enumerate(payloads, 1)
    )


def epoch(number: int, **fields: float | None) -> Epoch:
    given = {"loss": 1 / number, "accuracy": 0.5, "seconds": 2.0, "images_per_second": 100.0} | fields
    return Epoch(epoch=number, step=10 * number, **given)


def steps(first: int, losses: list[float]) -> Steps:
    return Steps(
        first_step=first, loss=losses, accuracy=[0.5] * len(losses), learning_rate=0.1, images_per_second=1.0
    )


THREE = [epoch(1, val_loss=0.9), epoch(2, val_loss=None, seconds=3.0), epoch(3, val_loss=0.5)]


@pytest.mark.parametrize(("axis", "x"), [("epoch", [1, 3]), ("step", [10, 30]), ("time", [2.0, 7.0])])
def test_a_point_an_epoch_on_every_axis(axis: str, x: list[float]) -> None:
    found = line(history(THREE), "val_loss", axis)  # type: ignore[arg-type]
    assert found.x.tolist() == x
    assert found.y.tolist() == [0.9, 0.5]


def test_by_steps_a_training_measure_shows_its_steps() -> None:
    found = line(history([steps(1, [4.0, 3.0]), steps(3, [2.0]), epoch(1)]), "loss", "step")
    assert (found.x.tolist(), found.y.tolist()) == ([1, 2, 3], [4, 3, 2])


def test_many_steps_are_means_of_consecutive_ones() -> None:
    values = np.linspace(5, 1, 10 * STEP_POINTS)
    found = line(history([steps(1, values.tolist())]), "loss", "step")
    assert len(found) == STEP_POINTS
    np.testing.assert_allclose(found.y, values.reshape(STEP_POINTS, 10).mean(axis=1))
    assert found.x.tolist() == list(range(10, 10 * STEP_POINTS + 1, 10))


def test_steps_that_are_not_numbers_are_left_out() -> None:
    found = line(history([steps(1, [1.0, float("nan"), 3.0])]), "loss", "step")
    assert (found.x.tolist(), found.y.tolist()) == ([1, 3], [1, 3])


def test_a_run_without_events_has_no_points() -> None:
    for axis in ("epoch", "step", "time"):
        assert len(line(History(), "loss", axis)) == 0  # type: ignore[arg-type]


def test_only_what_was_measured_is_offered() -> None:
    assert measured([history(THREE), History()]) == ["val_loss", "accuracy", "loss"]
    assert measured([]) == []


@pytest.mark.parametrize(
    ("costs", "values", "front"),
    [
        ([1, 2, 3], [0.5, 0.7, 0.6], [0, 1]),
        ([3, 1, 2], [0.9, 0.9, 0.8], [1]),
        ([1, 1, 2], [0.5, 0.5, 0.4], [0, 1]),
        ([1, 2, np.nan], [np.nan, 0.5, 0.9], [1]),
        ([2, 1], [0.9, 0.5], [1, 0]),
        ([], [], []),
    ],
)
def test_the_pareto_front(costs: list[float], values: list[float], front: list[int]) -> None:
    assert pareto_front(np.array(costs), np.array(values)) == front
