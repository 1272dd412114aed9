"""Words from the numbers of a training, on curves that are made up and so known."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from cnnlab.analysis.layer_health import advice
from cnnlab.analysis.progress import Crossing, crossing, findings, meeting, off_by, verdict
from cnnlab.runs.events import Epoch, Event, Health, LayerHealth, Payload, Started, Status, Steps
from cnnlab.runs.history import History

STEPS = 60
"""Of an epoch of the made-up trainings."""


def history_of(*payloads: Payload) -> History:
    return History.fold(_event(payload, seq) for seq, payload in enumerate(payloads, start=1))


def _event(payload: Payload, seq: int) -> Event:
    told = json.loads(payload.to_json())
    return Event(seq=seq, run_id="0123456789", time=datetime.now(UTC), kind=payload.kind, payload=told)


def batches(losses: Sequence[float]) -> History:
    """A training of which only batches are known."""
    started = Started(total_steps=600, steps_per_epoch=STEPS, epochs=10, batch_size=32, train_images=1920)
    steps = Steps(
        first_step=1, loss=losses, accuracy=[0.01] * len(losses), learning_rate=1e-3, images_per_second=100
    )
    return history_of(started, steps)


def epochs(
    training: Sequence[float], validation: Sequence[float] | None = None, status: str = "running"
) -> History:
    """A training with these losses by epoch; its batches are those of the training, without noise."""
    count = len(training)
    payloads: list[Payload] = [
        Status(status=status),
        Started(
            total_steps=20 * STEPS, steps_per_epoch=STEPS, epochs=20, batch_size=32, train_images=32 * STEPS
        ),
        Steps(
            first_step=1,
            loss=np.repeat(np.asarray(training, float), STEPS),
            accuracy=[0.5] * (STEPS * count),
            learning_rate=1e-3,
            images_per_second=100,
        ),
    ]
    for place, loss in enumerate(training):
        payloads.append(
            Epoch(
                epoch=place + 1,
                step=STEPS * (place + 1),
                loss=loss,
                accuracy=0.5,
                val_loss=None if validation is None else validation[place],
                val_accuracy=None if validation is None else 0.5,
                seconds=2.0,
                images_per_second=100.0,
            )
        )
    return history_of(*payloads)


FALLING = [1.5, 1.1, 0.9, 0.75, 0.63, 0.54, 0.46, 0.40, 0.35, 0.31]


def kind(history: History, classes: int = 10) -> str | None:
    found = verdict(history, classes)
    return None if found is None else found.kind


def test_nothing_is_said_of_a_training_that_has_just_begun() -> None:
    assert verdict(History(), 10) is None
    assert verdict(batches([2.3] * 20), 10) is None
    assert kind(epochs([1.5], [1.4])) is None


def test_a_loss_that_is_no_number_has_diverged() -> None:
    found = verdict(batches([2.0, 3.0, 50.0, math.nan]), 10)
    assert found is not None
    assert found.title == "Diverged at step 4"
    assert found.text == "The loss is no longer a number. Use a smaller learning rate, or a warm-up."


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_a_loss_that_stays_that_of_guessing_is_not_learning(classes: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 200)
    found = verdict(batches(math.log(classes) + noise), classes)
    assert found is not None
    assert found.title == f"Not learning: loss flat at ln {classes}"
    assert f"ln {classes} = {math.log(classes):.2f}" in found.text


def test_a_flat_loss_is_said_after_an_epoch_and_not_before() -> None:
    chance = math.log(10)
    assert verdict(batches([chance] * (STEPS - 1)), 10) is None
    assert kind(batches([chance] * STEPS)) == "flat"


def test_a_loss_above_that_of_guessing_has_too_high_a_rate() -> None:
    found = verdict(batches(np.linspace(2.3, 4.0, 100)), 10)
    assert found is not None
    assert found.title == "Learning rate probably too high"
    assert "guessing would have ln 10 = 2.30" in found.text


@pytest.mark.parametrize("penalised", [math.log(10), 3.1])
def test_a_loss_made_high_by_penalties_is_no_guessing(penalised: float) -> None:
    steps = Steps(
        first_step=1,
        loss=(penalised,) * 100,
        accuracy=(0.95,) * 100,
        learning_rate=1e-3,
        images_per_second=1.0,
    )
    started = Started(total_steps=200, steps_per_epoch=20, epochs=10, batch_size=32, train_images=640)
    assert kind(history_of(started, steps)) is None


def test_a_loss_that_rises_again_has_too_high_a_rate() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 400)
    losses = np.concatenate([np.linspace(2.3, 0.4, 200), np.linspace(0.4, 1.6, 200)]) + noise
    found = verdict(batches(losses), 10)
    assert found is not None
    assert found.title == "Learning rate probably too high"
    assert found.text.startswith("The training loss has risen from 0.4")


def test_a_falling_loss_with_a_wild_batch_has_no_too_high_rate() -> None:
    losses = np.linspace(2.3, 0.3, 400)
    losses[350] = 9.0
    assert kind(batches(losses)) is None


def test_a_validation_loss_that_falls_is_still_improving() -> None:
    found = verdict(epochs(FALLING, [loss + 0.05 for loss in FALLING]), 10)
    assert found is not None
    assert (found.title, found.tone) == ("Still improving", "good")
    assert found.text == (
        "The validation loss fell from 0.593 to 0.403 in the last 3 epochs. More epochs would help."
    )


def test_a_finished_training_was_still_improving() -> None:
    found = verdict(epochs(FALLING, FALLING, status="finished"), 10)
    assert found is not None
    assert found.title == "Was still improving at the end"
    assert found.text.endswith("It would gain from more epochs.")


def test_without_validation_the_training_loss_is_judged() -> None:
    found = verdict(epochs(FALLING), 10)
    assert found is not None
    assert found.text.startswith("The training loss fell")


def test_a_validation_loss_that_turns_overfits_from_the_epoch_after_its_least() -> None:
    validation = [1.4, 1.1, 0.95, 0.9, 0.86, 0.9, 0.95, 1.0, 1.07, 1.15]
    found = verdict(epochs(FALLING, validation), 10)
    assert found is not None
    assert found.title == "Overfits from epoch 6"
    assert "rose from 0.86 to 1.15 while the training loss fell from 0.63 to 0.31" in found.text


def test_one_worse_epoch_is_no_overfitting() -> None:
    validation = [1.4, 1.1, 0.95, 0.9, 0.86, 0.83, 0.80, 0.78, 0.76, 0.79]
    assert kind(epochs(FALLING, validation)) == "improving"


def test_losses_that_rise_together_are_no_overfitting() -> None:
    rising = [0.9, 0.5, 0.52, 0.55, 0.58]
    assert kind(epochs(rising, rising)) != "overfits"


def test_a_curve_that_stays_has_levelled_off() -> None:
    found = verdict(epochs([0.5] * 8, [0.6] * 8), 10)
    assert found is not None
    assert found.title == "Levelled off"
    assert "stays at about 0.6" in found.text


def noisy(curve: Sequence[float], seed: int, size: float = 0.02) -> list[float]:
    return list(np.asarray(curve) + np.random.default_rng(seed).normal(0, size, len(curve)))


@pytest.mark.parametrize("count", [5, 10, 20])
def test_noise_alone_is_hardly_ever_called_overfitting(count: int) -> None:
    training = np.linspace(0.5, 0.3, count)
    called = [kind(epochs(training, noisy([0.6] * count, seed))) for seed in range(200)]
    assert called.count("overfits") <= 10  # 5%


def test_overfitting_is_found_under_noise() -> None:
    training = np.linspace(1.0, 0.1, 20)
    curve = [0.6 + 0.004 * (epoch - 6) ** 2 for epoch in range(20)]
    found = [verdict(epochs(training, noisy(curve, seed)), 10) for seed in range(50)]
    assert all(each is not None and each.kind == "overfits" for each in found)
    first = [int(each.title.split()[-1]) for each in found if each is not None]
    assert 6 <= np.median(first) <= 9


def test_improvement_is_found_under_noise() -> None:
    curve = 0.4 + np.exp(-np.arange(12) / 5)
    called = [kind(epochs(noisy(curve, seed, 0.01), noisy(curve, seed + 99, 0.01))) for seed in range(50)]
    assert called.count("improving") >= 45


# Where the curves meet


def rows(training: Sequence[float], validation: Sequence[float | None]) -> list[dict[str, float | None]]:
    return [
        {"epoch": place + 1, "accuracy": left, "val_accuracy": right}
        for place, (left, right) in enumerate(zip(training, validation, strict=True))
    ]


def test_the_curves_meet_in_the_first_epoch_in_which_they_are_within_a_hundredth() -> None:
    found = crossing(rows([0.50, 0.60, 0.67, 0.72, 0.70], [0.55, 0.63, 0.675, 0.69, 0.70]))
    assert found == Crossing(3, 0.67, 0.675)


def test_a_hundredth_itself_is_near_enough() -> None:
    assert crossing(rows([0.51], [0.52])) == Crossing(1, 0.51, 0.52)


def test_curves_that_stay_apart_do_not_meet() -> None:
    assert crossing(rows([0.5, 0.7], [0.55, 0.6])) is None
    assert crossing(rows([0.5, 0.7], [None, None])) is None
    assert crossing([]) is None


def test_the_meeting_is_said_as_the_tutorial_calls_it() -> None:
    found = meeting(epochs(FALLING, FALLING))
    assert found is not None
    assert found.title == "Curves meet in epoch 1"
    assert '"the optimal value"' in found.text
    assert "at 50.0%" in found.text


# The forecast


@pytest.mark.parametrize(
    ("forecast", "title"),
    [
        (2.0, "Forecast right to 1%"),
        (2.5, "Forecast 25% too long"),
        (1.5, "Forecast 25% too short"),
    ],
)
def test_the_forecast_is_compared_with_the_first_epoch(forecast: float, title: str) -> None:
    found = off_by(epochs(FALLING), forecast)
    assert found is not None
    assert found.title == title
    assert found.text == f"{forecast:.2g} s were foretold for an epoch, the first took 2 s."


def test_a_long_forecast_is_told_in_minutes() -> None:
    found = off_by(epochs(FALLING), 124.0)
    assert found is not None
    assert found.text == "2.1 min were foretold for an epoch, the first took 2 s."


def test_curves_that_meet_at_guessing_have_no_optimal_value() -> None:
    guessing = [math.log(4)] * 4
    history = epochs(guessing, guessing)
    assert meeting(history) is not None
    assert [each.kind for each in findings(history, 4)] == ["flat"]


def test_without_a_forecast_or_an_epoch_nothing_is_compared() -> None:
    assert off_by(epochs(FALLING), None) is None
    assert off_by(batches([1.0] * 10), 2.0) is None


# The layers


def look(**layers: dict[str, float | None]) -> dict[str, object]:
    full = {
        name: {"dead": None, "saturated": None, "gradient": 1e-2, "update": 1e-3, **values}
        for name, values in layers.items()
    }
    return {"step": 1, "layers": [{"name": name, **values} for name, values in full.items()]}


@pytest.mark.parametrize(
    ("layers", "title", "words"),
    [
        (
            {"conv2d": {"dead": 0.1}, "conv2d_1": {"dead": 0.62}},
            "conv2d_1: 62% dead ReLUs",
            "0 for every image",
        ),
        (
            {"dense": {"saturated": 0.8}, "conv2d": {"saturated": 0.2}},
            "dense: 80% saturated",
            "flat ends of the activation",
        ),
        (
            {"conv2d": {"update": 0.3}, "dense": {"update": 0.2}},
            "conv2d: large updates",
            "changes its weights by 30%",
        ),
        ({"conv2d": {"update": 1e-8}, "dense": {}}, "conv2d: tiny updates", "larger learning rate"),
        ({"conv2d": {"gradient": 1e-7}, "dense": {}}, "conv2d: hardly any gradient", "residual blocks"),
    ],
)
def test_advice_names_the_layer(layers: dict[str, dict[str, float]], title: str, words: str) -> None:
    found = advice([look(**layers)])  # type: ignore[arg-type]
    assert found is not None
    assert found.title == title
    assert words in found.text


def test_healthy_layers_need_no_advice() -> None:
    assert advice([look(conv2d={"dead": 0.1}, dense={})]) is None
    assert advice([]) is None


def test_one_strange_batch_is_no_reason_for_advice() -> None:
    well, strange = look(conv2d={"dead": 0.05}), look(conv2d={"dead": 0.9})
    assert advice([well, well, strange, well]) is None


def test_at_the_end_of_a_schedule_tiny_updates_are_meant() -> None:
    assert advice([look(conv2d={"update": 1e-8}, dense={})], early=False) is None


def test_all_that_is_found_comes_in_order() -> None:
    history = epochs(FALLING, FALLING)
    health = Health(
        step=9, layers=(LayerHealth(name="conv2d", dead=0.7, saturated=None, gradient=0.01, update=0.001),)
    )
    history.add(_event(health, history.seq + 1))
    found = findings(history, 10, forecast=2.0)
    assert [each.kind for each in found] == ["improving", "layer", "meeting", "forecast"]
    assert found[1].title == "conv2d: 70% dead ReLUs"
