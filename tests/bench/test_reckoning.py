"""Targets, times and ratios of a race, on made-up epochs."""

from __future__ import annotations

import dataclasses

import pytest

from bench.race.reckoning import (
    TUTORIALS,
    Outcome,
    Tutorial,
    fast_epochs,
    published_epochs,
    reckoned,
    speedup,
    target,
)

HEADLINE = Tutorial("T1", "cifar10", "t1", 30, headline=0.67, speedup=6.0)
NO_HEADLINE = Tutorial("T4", "cifar10_two_dense", "t4", 5, speedup=6.0)
SLOW = Outcome((20.0, 40.0, 60.0), (0.60, 0.68, 0.67), 2_500.0, 75.0, 315_722)
FAST = Outcome((2.0, 4.0, 6.0), (0.40, 0.60, 0.69), 12_500.0, 15.0, 315_722)


def test_the_time_to_a_target_is_that_of_the_first_epoch_which_reaches_it():
    assert SLOW.seconds_to(0.67) == 40.0
    assert FAST.seconds_to(0.67) == 6.0
    assert FAST.seconds_to(0.70) is None


@pytest.mark.parametrize(
    ("tutorial", "whole", "expected"),
    [
        (HEADLINE, True, 0.67),  # what it reports
        (NO_HEADLINE, True, 0.67),  # what its script reaches in the end
        (HEADLINE, False, 0.68),  # the script's own best
        (NO_HEADLINE, False, 0.68),
    ],
)
def test_the_target_depends_on_what_the_tutorial_reports_and_on_the_data(tutorial, whole, expected):
    assert target(tutorial, SLOW, whole=whole) == expected


def test_a_published_script_may_end_at_its_headline_but_not_at_an_unknown_best():
    assert published_epochs(HEADLINE, whole=True) == (30, 0.67)
    assert published_epochs(NO_HEADLINE, whole=True) == (5, None)
    assert published_epochs(HEADLINE, whole=False) == (15, None)


def test_a_part_of_the_data_is_seen_more_often():
    assert fast_epochs(2, 1.0) == 2
    assert fast_epochs(2, 0.2) == 3
    assert fast_epochs(2, 1.2) == 2  # another test part than the catalogue's


def test_a_speedup_is_zero_where_the_fast_recipe_falls_short():
    assert speedup(SLOW, FAST, 0.67) == pytest.approx(40 / 6)
    assert speedup(SLOW, FAST, 0.70) == 0.0


def test_a_published_script_that_falls_short_counts_with_all_its_time():
    assert speedup(SLOW, FAST, 0.69) == 10.0


def test_the_median_of_the_seeds_is_told_and_every_seed_has_to_reach_the_target():
    slower = dataclasses.replace(FAST, seconds=(4.0, 8.0, 12.0))
    short = dataclasses.replace(FAST, accuracies=(0.4, 0.6, 0.6))
    pairs = [(SLOW, FAST), (SLOW, slower), (SLOW, short)]
    told = reckoned(HEADLINE, pairs, whole=True, bfloat16=True)
    assert told["speedups"] == [6.6667, 3.3333, 0.0]
    assert told["speedup"] == 3.3333
    assert told["images_per_second_ratio"] == 5.0
    assert (told["seeds"], told["seeds_that_reach_the_target"]) == (3, 2)
    assert told["fast"]["seconds_to_target"] == [6.0, 12.0, None]
    assert told["published"]["process_seconds"] == [75.0] * 3
    assert not told["kept"]
    assert reckoned(HEADLINE, pairs[:1], whole=True, bfloat16=True)["kept"]


@pytest.mark.parametrize(("bfloat16", "kept"), [(True, False), (False, True)])
def test_fewer_images_a_second_are_asked_without_bfloat16(bfloat16, kept):
    ours = dataclasses.replace(FAST, images_per_second=3 * SLOW.images_per_second)
    assert reckoned(HEADLINE, [(SLOW, ours)], whole=True, bfloat16=bfloat16)["kept"] is kept


def test_what_is_to_be_reached_is_the_tutorials_own():
    asked = {tutorial.name: (tutorial.headline, tutorial.speedup) for tutorial in TUTORIALS}
    assert asked == {
        "T1": (0.6709, 6.0),
        "T2": (0.9225, None),
        "T3": (0.99, 14.0),
        "T4": (None, 6.0),
    }
