"""What is measured before a training starts: its pace, its memory, a good learning rate."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from cnnlab.backend.forecast import forecast
from cnnlab.backend.rate_finder import HIGHEST, LOWEST, RISEN, ended, rate_finder, smooth, steepest
from cnnlab.backend.session import Session
from cnnlab.datasets import Dataset
from cnnlab.spec.design import Design

MB = 2**20


@pytest.mark.slow
def test_a_forecast_comes_near_what_the_training_takes(design: Design, data: Dataset) -> None:
    found = forecast(design.to_json())
    session = Session(design, data)
    session.advance(1)
    session.score(data.validation)
    began = time.perf_counter()
    while session.batches_left:
        session.advance(4)
    session.score(data.validation)
    taken = time.perf_counter() - began
    assert taken / 4 < found["seconds_per_epoch"] < 4 * taken  # other tests may run beside this one
    assert 200 * MB < found["memory_bytes"] < 8000 * MB


def test_the_finder_suggests_a_rate_that_trains_better_than_its_neighbours(
    plain_design: Design, data: Dataset
) -> None:
    design = plain_design.replace(training=plain_design.training.replace(optimizer="SGD", batch_size=64))
    found = rate_finder(design.to_json())
    rates, losses = np.array(found["rates"]), np.array(found["losses"], float)
    assert len(rates) == len(losses) <= 100
    np.testing.assert_allclose(rates[1:] / rates[:-1], (HIGHEST / LOWEST) ** (1 / 99))
    assert 1e-3 < found["suggested"] < 1

    def after_two_epochs(rate: float) -> float:
        session = Session(design, data)
        session.set("learning_rate", rate)
        for _ in range(2):
            session.advance(1000)
            session.next_epoch()
        return session.score(data.validation).loss

    suggested = after_two_epochs(found["suggested"])
    assert suggested < after_two_epochs(found["suggested"] / 100)
    assert suggested < math.log(10) - 0.3


def test_the_smoothed_loss_is_the_mean_of_what_was_seen() -> None:
    assert smooth([2.0, 2.0, 2.0]) == pytest.approx([2.0, 2.0, 2.0])
    assert smooth([3.0, 1.0]) == pytest.approx([3.0, (0.9 * 0.1 * 3 + 0.1 * 1) / (1 - 0.81)])


def test_the_test_ends_where_the_loss_has_left() -> None:
    assert not ended([2.3] * 20)
    assert not ended([2.3] * 20 + [RISEN * 2.3])  # one bad batch is smoothed away
    assert ended([2.3] * 20 + [30.0] * 20)
    assert ended([2.3, math.nan])


def test_the_suggestion_is_where_a_made_curve_falls_fastest() -> None:
    rates = np.geomspace(LOWEST, HIGHEST, 100)
    falls = 2.3 - 2 / (1 + (1e-3 / rates) ** 2)  # steepest at 1e-3
    rises = np.where(rates > 0.05, (rates / 0.05) ** 2, 0)
    assert steepest(rates, falls + rises) == pytest.approx(1e-3, rel=0.2)
    assert steepest(rates, [*(falls + rises)[:80], math.nan]) == pytest.approx(1e-3, rel=0.2)


@pytest.mark.parametrize("losses", [[2.3] * 100, [2.3 + i for i in range(100)], [2.3, 2.0], [math.nan] * 20])
def test_without_a_fall_nothing_is_suggested(losses: list[float]) -> None:
    assert steepest(np.geomspace(LOWEST, HIGHEST, 100), losses) is None
