"""How many steps go into one call."""

from __future__ import annotations

from cnnlab.backend.pace import Pace


def test_it_begins_with_one_step_and_ends_at_the_wanted_duration() -> None:
    pace = Pace(chunk_seconds=0.15)
    sizes = []
    for _ in range(6):
        sizes.append(pace.steps)
        pace.took(pace.steps, pace.steps * 0.0025)
    assert sizes == [1, 4, 16, 60, 60, 60]


def test_a_slow_first_step_does_not_hold_it_back_for_long() -> None:
    pace = Pace(chunk_seconds=0.15)
    pace.took(1, 2.0)
    assert pace.steps == 1
    for _ in range(4):
        pace.took(pace.steps, pace.steps * 0.001)
    assert pace.steps == 150


def test_the_short_rest_of_an_epoch_does_not_make_it_smaller() -> None:
    pace = Pace(chunk_seconds=0.15)
    for _ in range(4):
        pace.took(pace.steps, pace.steps * 0.0025)
    pace.took(1, 0.0025)
    assert pace.steps == 60


def test_steps_longer_than_a_call_should_be_come_one_at_a_time() -> None:
    pace = Pace(chunk_seconds=0.15)
    for _ in range(3):
        pace.took(pace.steps, pace.steps * 0.4)
    assert pace.steps == 1
