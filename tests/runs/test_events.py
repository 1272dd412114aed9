from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest
from pydantic import ValidationError

from cnnlab.errors import StorageError
from cnnlab.runs import (
    Changed,
    Epoch,
    Event,
    Health,
    LayerHealth,
    Payload,
    Snapshot,
    Started,
    Status,
    Steps,
    Tested,
)
from cnnlab.runs.events import PAYLOADS

EXAMPLES = [
    Started(step=0, total_steps=10, steps_per_epoch=5, epochs=2, batch_size=32, train_images=150),
    Steps(first_step=1, loss=[1.0, 0.5], accuracy=[0.1, 0.2], learning_rate=0.001, images_per_second=10),
    Epoch(epoch=1, step=5, loss=1.0, accuracy=0.5, seconds=1.0, images_per_second=150.0),
    Tested(step=10, loss=0.1, accuracy=0.99),
    Status(status="failed", message="Out of memory."),
    Changed(step=12, name="learning_rate", value=0.01),
    Health(step=12, layers=(LayerHealth(name="conv2d", dead=0.25, gradient=0.1, update=0.001),)),
    Snapshot(step=12),
]


def _event(payload: Payload, seq: int = 1) -> Event:
    return Event(seq, "0123456789", datetime.now(UTC), payload.kind, json.loads(payload.to_json()))


def test_there_is_an_example_of_every_kind() -> None:
    assert [type(example) for example in EXAMPLES] == list(PAYLOADS.values())


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: payload.kind)
def test_a_payload_comes_back_as_it_was(payload: Payload) -> None:
    assert _event(payload).parsed() == payload


def test_an_event_is_one_line_of_json_for_browsers() -> None:
    payload = Steps(
        first_step=1, loss=[math.nan, math.inf], accuracy=[0, 1], learning_rate=1, images_per_second=1
    )
    line = _event(payload, seq=7).to_json()
    assert "\n" not in line
    read = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert (read["seq"], read["run_id"], read["kind"]) == (7, "0123456789", "steps")
    assert read["payload"]["loss"] == [None, None]
    assert datetime.fromisoformat(read["time"]).tzinfo is not None


def test_a_loss_that_is_not_finite_comes_back_as_nan() -> None:
    parsed = _event(Tested(step=1, loss=math.inf, accuracy=0)).parsed()
    assert isinstance(parsed, Tested)
    assert math.isnan(parsed.loss)


def test_numpy_numbers_are_taken() -> None:
    payload = Steps(
        first_step=np.int64(3),
        loss=np.array([1, 2], dtype=np.float32),
        accuracy=np.array([0.5, 1]),
        learning_rate=np.float32(0.5),
        images_per_second=np.float64(2),
    )
    assert payload.loss == (1.0, 2.0)
    assert payload.first_step == 3


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (
            "steps",
            {"accuracy": [1.0]},
            "a loss and an accuracy for each step, received 2 losses and 1 accuracies",
        ),
        ("steps", {"first_step": 0}, "greater than or equal to 1"),
        ("steps", {"loss": "abc"}, "valid tuple"),
        ("status", {"status": "done"}, "Input should be 'queued', 'running'"),
        ("epoch", {"speed": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_payload_that_cannot_be_meant_is_refused(
    kind: str, changes: dict[str, object], message: str
) -> None:
    good = next(example for example in EXAMPLES if example.kind == kind)
    with pytest.raises(ValidationError, match=message):
        type(good).model_validate(good.model_dump() | changes)


def test_an_event_of_another_version_says_so_when_parsed() -> None:
    for event in (
        Event(4, "0123456789", datetime.now(UTC), "hologram", {}),
        Event(4, "0123456789", datetime.now(UTC), "tested", {"step": 1}),
    ):
        with pytest.raises(
            StorageError, match=r"Event 4 of run 0123456789 .* cannot be read: expected one of started"
        ):
            event.parsed()
