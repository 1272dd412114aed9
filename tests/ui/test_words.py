"""Numbers as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cnnlab.spec import presets
from cnnlab.ui import words


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (950, "950"), (12_345, "12.3\u00a0k"), (4_560_000, "4.56\u00a0M"), (None, "–")],
)
def test_counts_have_three_digits(number: int | None, text: str) -> None:
    assert words.count(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(512, "512\u00a0B"), (100_352, "100\u00a0kB"), (4_560_000, "4.56\u00a0MB")]
)
def test_sizes_are_in_powers_of_a_thousand(number: int, text: str) -> None:
    assert words.size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8.44, "8.4 s"), (59.99, "60.0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (None, "–")],
)
def test_durations_name_their_units(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=30), "2026-03-01"),
    ],
)
def test_times_are_told_as_distance_and_then_as_date(before: timedelta, text: str) -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert words.ago(now - before, now) == text


def test_a_changed_preset_says_so() -> None:
    design = presets.preset("digits").design
    assert words.design_title(design) == "Handwritten digits, small"
    other_seed = design.replace(training=design.training.replace(seed=3))
    assert words.design_title(other_seed) == "Handwritten digits, small"
    shorter = design.replace(architecture=design.architecture.with_layers(design.architecture.layers[1:]))
    assert words.design_title(shorter) == "Handwritten digits, small, changed"
    assert words.design_title(shorter.replace(preset=None)) == "Own design"
    assert words.design_title(shorter.replace(preset="of-another-version")) == "Own design"
