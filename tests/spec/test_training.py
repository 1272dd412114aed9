from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.errors import SpecError
from cnnlab.spec.training import TrainingConfig
from tests.spec.strategies import specs


def test_only_the_fields_that_have_an_effect_are_relevant():
    always = {"epochs", "batch_size", "optimizer", "learning_rate", "schedule", "validation_share", "seed"}
    always |= {"precision", "early_stopping", "keep_best"}
    assert set(TrainingConfig().relevant()) == set(always)
    assert set(TrainingConfig(optimizer="SGD").relevant()) == {*always, "momentum"}
    assert set(TrainingConfig(optimizer="Muon").relevant()) == {*always, "momentum"}
    assert set(TrainingConfig(optimizer="AdamW").relevant()) == {*always, "weight_decay"}
    assert set(TrainingConfig(schedule="cosine").relevant()) == {*always, "warmup"}
    assert set(TrainingConfig(schedule="step").relevant()) == {*always, "drop_factor", "drop_every"}
    by_validation = {"early_stopping", "keep_best"}
    assert set(TrainingConfig(validation_share=0.0).relevant()) == always - by_validation


def test_the_optimizer_gets_its_own_arguments():
    assert TrainingConfig(optimizer="SGD", momentum=0.5).optimizer_arguments() == {"momentum": 0.5}
    assert TrainingConfig(optimizer="Muon", momentum=0.8).optimizer_arguments() == {"momentum": 0.8}
    assert TrainingConfig(optimizer="AdamW").optimizer_arguments() == {"weight_decay": 0.004}
    assert TrainingConfig(optimizer="Adam").optimizer_arguments() == {}


def test_the_last_batch_of_an_epoch_counts():
    assert TrainingConfig(batch_size=32).steps_per_epoch(100) == 4
    assert TrainingConfig(batch_size=32).steps_per_epoch(96) == 3


def test_a_constant_rate_stays():
    assert TrainingConfig(learning_rate=0.5).learning_rate_at(99, 100, 10) == 0.5


def test_a_step_schedule_drops_after_whole_epochs():
    config = TrainingConfig(schedule="step", learning_rate=0.8, drop_factor=0.5, drop_every=2)
    assert [config.learning_rate_at(step, 60, 10) for step in (0, 19, 20, 39, 40, 59)] == [
        0.8, 0.8, 0.4, 0.4, 0.2, 0.2
    ]  # fmt: skip


def test_a_cosine_schedule_warms_up_and_ends_near_zero():
    config = TrainingConfig(schedule="cosine", learning_rate=1.0, warmup=0.1)
    rates = [config.learning_rate_at(step, 100, 10) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert 0 < rates[99] < 0.001
    assert rates[10:] == sorted(rates[10:], reverse=True)


@given(
    config=specs(TrainingConfig),
    total=st.integers(1, 10**6),
    per_epoch=st.integers(1, 10**4),
    share=st.floats(0, 1),
)
def test_every_rate_is_finite_and_at_most_the_configured_one(config, total, per_epoch, share):
    rate = config.learning_rate_at(int(share * (total - 1)), total, per_epoch)
    assert math.isfinite(rate)
    assert 0 <= rate <= config.learning_rate * (1 + 1e-12)


@given(specs(TrainingConfig))
def test_json_brings_back_an_equal_configuration(config):
    assert TrainingConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs: expected a whole number from 1 to 500. Received 0."),
        ({"seed": -1}, "seed: expected a whole number from 0 to 2147483647. Received -1."),
        ({"learning_rate": math.nan}, "learning_rate: expected a number from 1e-07 to 10.0. Received nan."),
        (
            {"optimizer": "adam"},
            "optimizer: expected one of Adam, AdamW, SGD, RMSprop, Muon. Received 'adam'.",
        ),
    ],
)
def test_a_value_that_is_not_accepted_is_named(values, message):
    with pytest.raises(SpecError) as caught:
        TrainingConfig(**values)
    assert str(caught.value) == f"TrainingConfig, {message}"
