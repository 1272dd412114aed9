"""The learning-rate finder's curve."""

from __future__ import annotations

import math

import pytest

from cnnlab.figures.rates import describe_rates, rate_curve

RATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
LOSSES = (2.3, 2.2, 1.5, 1.2, 80.0)


def test_the_loss_is_drawn_over_a_logarithmic_rate_with_the_suggestion() -> None:
    figure = rate_curve(RATES, LOSSES, 2e-3)
    assert figure.layout.xaxis.type == "log"
    assert tuple(figure.data[0].x) == RATES
    assert tuple(figure.data[0].y) == LOSSES
    assert figure.layout.shapes[0].x0 == 2e-3
    (label,) = figure.layout.annotations
    assert label.text == "<b>0.002</b>"
    assert label.x == pytest.approx(math.log10(2e-3))  # annotations of a log axis are placed in powers of ten


def test_an_exploding_loss_does_not_squeeze_the_curve() -> None:
    low, high = rate_curve(RATES, LOSSES, None).layout.yaxis.range
    assert low < 1.2
    assert 2.3 < high < 4


def test_losses_that_are_no_numbers_leave_gaps() -> None:
    figure = rate_curve(RATES, (None,) * 5, None)
    assert figure.layout.yaxis.range is None
    assert not figure.layout.shapes


def test_the_curve_is_said_in_words() -> None:
    assert describe_rates(RATES, LOSSES, 2e-3) == (
        "Loss at learning rates from 1e-05 to 0.1: least, 1.2, at 0.01. Suggested: 0.002."
    )
    assert describe_rates(RATES, (None,) * 5, None) == "No rate gave a loss."
