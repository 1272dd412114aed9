from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.runs import (
    Changed,
    Epoch,
    Event,
    Health,
    History,
    LayerHealth,
    Payload,
    Snapshot,
    Started,
    Status,
    Steps,
    Tested,
)


def _events(*payloads: Payload) -> list[Event]:
    """Events as they come back from the record."""
    return [
        Event(seq, "0123456789", datetime.now(UTC), payload.kind, json.loads(payload.to_json()))
        for seq, payload in enumerate(payloads, start=1)
    ]


def _started(step: int = 0) -> Started:
    return Started(step=step, total_steps=20, steps_per_epoch=4, epochs=5, batch_size=32, train_images=120)


def _steps(first: int, *losses: float) -> Steps:
    return Steps(
        first_step=first,
        loss=losses,
        accuracy=[0.1 * n for n in range(len(losses))],
        learning_rate=0.01 / first,
        images_per_second=100.0 * first,
    )


def _epoch(epoch: int, step: int, loss: float = 0.5) -> Epoch:
    return Epoch(
        epoch=epoch, step=step, loss=loss, accuracy=0.9, val_loss=0.6, seconds=1.5, images_per_second=80.0
    )


def test_an_empty_record_is_an_empty_history() -> None:
    history = History.fold([])
    assert history.step.tolist() == []
    assert (history.loss.dtype.name, history.step.dtype.name) == ("float64", "int64")
    assert (history.seq, history.last_step, history.progress, history.status) == (0, 0, 0.0, None)


def test_a_training_folds_into_arrays_by_step() -> None:
    history = History.fold(
        _events(
            Status(status="queued"),
            Status(status="running"),
            _started(),
            _steps(1, 2.0, math.nan),
            _steps(3, 1.5, 1.0),
            _epoch(1, 4),
            Tested(step=4, loss=0.7, accuracy=0.8),
            Status(status="finished", message="done"),
        )
    )
    assert history.step.tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(history.loss, [2.0, math.nan, 1.5, 1.0])
    np.testing.assert_allclose(history.accuracy, [0.0, 0.1, 0.0, 0.1])
    assert (history.total_steps, history.steps_per_epoch, history.total_epochs) == (20, 4, 5)
    assert (history.batch_size, history.train_images) == (32, 120)
    assert (history.learning_rate, history.images_per_second) == (0.01 / 3, 300.0)
    assert history.epochs[0]["val_loss"] == 0.6
    assert history.epochs[0]["val_accuracy"] is None
    assert history.tested == {"step": 4, "loss": 0.7, "accuracy": 0.8}
    assert (history.status, history.message, history.seq) == ("finished", "done", 8)
    assert (history.last_step, history.progress) == (4, 0.2)


def test_a_resume_drops_what_was_recorded_after_the_step_where_it_goes_on() -> None:
    history = History.fold(
        _events(
            _started(),
            _steps(1, 1, 2, 3, 4),
            _epoch(1, 4),
            _steps(5, 5, 6, 7, 8),
            _epoch(2, 8),
            _steps(9, 9, 10),
            Tested(step=10, loss=1, accuracy=1),
            Status(status="interrupted"),
            _started(step=4),
            _steps(5, 50, 60),
        )
    )
    assert history.step.tolist() == [1, 2, 3, 4, 5, 6]
    assert history.loss.tolist() == [1, 2, 3, 4, 50, 60]
    assert [epoch["epoch"] for epoch in history.epochs] == [1]
    assert history.tested is None
    assert history.status == "interrupted"


def test_a_resume_in_mid_epoch_keeps_all_up_to_its_very_step() -> None:
    history = History.fold(_events(_started(), _steps(1, 1, 2, 3), _started(step=2), _steps(3, 30)))
    assert history.step.tolist() == [1, 2, 3]
    assert history.loss.tolist() == [1, 2, 30]


def test_steps_and_epochs_that_are_written_twice_count_once() -> None:
    history = History.fold(
        _events(_started(), _steps(1, 1, 2), _steps(1, 1, 2), _epoch(1, 2), _epoch(1, 2, loss=0.25))
    )
    assert history.step.tolist() == [1, 2]
    assert [epoch["loss"] for epoch in history.epochs] == [0.25]


def test_a_kind_of_a_newer_version_is_passed_over() -> None:
    strange = Event(1, "0123456789", datetime.now(UTC), "hologram", {"x": 1})
    assert History.fold([strange]).seq == 1


PAYLOADS = st.one_of(
    st.builds(
        _steps,
        st.integers(1, 30),
        st.floats(-5, 5) | st.just(math.nan),
        st.floats(-5, 5),
    ),
    st.builds(_started, st.integers(0, 30)),
    st.builds(_epoch, st.integers(1, 5), st.integers(1, 30)),
    st.builds(lambda step: Tested(step=step, loss=1, accuracy=1), st.integers(1, 30)),
    st.sampled_from([Status(status="running"), Status(status="paused", message="a while")]),
)


def _seen(history: History) -> dict[str, Any]:
    seen = {name: value for name, value in vars(history).items() if not name.startswith("_")}
    arrays = {name: getattr(history, name) for name in ("step", "loss", "accuracy")}
    return seen | {name: array.tobytes() for name, array in arrays.items()}


@given(st.lists(PAYLOADS, max_size=30))
def test_adding_events_one_by_one_equals_folding_them_all(payloads: list[Payload]) -> None:
    events = _events(*payloads)
    history = History()
    for place, event in enumerate(events):
        _ = history.loss  # what was handed out before must not hinder what comes
        assert history.add(event) is history
        history.add(events[place // 2])  # sent once more after a reconnection
    assert _seen(history) == _seen(History.fold(events))


@given(st.lists(PAYLOADS, max_size=30))
def test_the_arrays_equal_a_dictionary_of_the_last_word_on_each_step(payloads: list[Payload]) -> None:
    losses: dict[int, float] = {}
    for payload in payloads:
        if isinstance(payload, Started):
            losses = {step: loss for step, loss in losses.items() if step <= payload.step}
        elif isinstance(payload, Steps):
            losses = {step: loss for step, loss in losses.items() if step < payload.first_step}
            losses.update(enumerate(payload.loss, start=payload.first_step))
    history = History.fold(_events(*payloads))
    assert history.step.tolist() == list(losses)
    np.testing.assert_array_equal(history.loss, np.array(list(losses.values()), dtype=float))


def test_changes_and_health_are_folded_and_those_after_a_resume_dropped() -> None:
    health = LayerHealth(name="conv2d", dead=0.5, gradient=0.1, update=0.01)
    history = History.fold(
        _events(
            _started(),
            _steps(1, 1, 2, 3, 4),
            Changed(step=5, name="learning_rate", value=0.1),
            _steps(5, 1, 2),
            Health(step=6, layers=(health,)),
            Snapshot(step=6),
            Changed(step=7, name="dropout", value=0.5),
        )
    )
    assert history.values == {"learning_rate": 0.1, "dropout": 0.5}
    assert history.health[0]["layers"][0]["dead"] == 0.5
    assert history.snapshot_step == 6
    for event in _events(_started(step=5)):
        history.add(Event(99, event.run_id, event.time, event.kind, event.payload))
    assert history.changes == [{"step": 5, "name": "learning_rate", "value": 0.1}]
    assert history.health == []
