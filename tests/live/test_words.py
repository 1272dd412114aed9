"""The words on a run, as its viewers are told them."""

from __future__ import annotations

import httpx
import pytest

from cnnlab.errors import RunNotFound
from cnnlab.live.words import FORECAST, Interpreter
from cnnlab.runs.events import Epoch, Started, Steps
from cnnlab.runs.store import RunRow, Store, get_store
from cnnlab.spec import presets
from tests.live.serving import serving

STEPS = 60


@pytest.fixture
def store() -> Store:
    return get_store()


@pytest.fixture
def row(store: Store) -> RunRow:
    row = store.create_run(presets.preset("digits").design, owner="a")
    store.set_status(row.id, "running")
    started = Started(total_steps=600, steps_per_epoch=STEPS, epochs=10, batch_size=8, train_images=480)
    store.append(row.id, [started])
    return row


def train(store: Store, run_id: str, epoch: int, loss: float) -> None:
    """One more epoch, whose batches and validation images all had this loss."""
    first = (epoch - 1) * STEPS + 1
    rates = {"learning_rate": 0.001, "images_per_second": 100.0}
    steps = Steps(first_step=first, loss=[loss] * STEPS, accuracy=[0.1] * STEPS, **rates)
    told = Epoch(
        epoch=epoch,
        step=epoch * STEPS,
        loss=loss,
        accuracy=0.5,
        val_loss=loss,
        val_accuracy=0.4,
        seconds=2.0,
        images_per_second=100.0,
    )
    store.append(run_id, [steps, told])


def titles(interpreter: Interpreter, run_id: str) -> list[str]:
    return [finding["title"] for finding in interpreter.words(run_id)]


def test_words_follow_the_record(store: Store, row: RunRow) -> None:
    interpreter = Interpreter(fresh=0.0)
    assert interpreter.words(row.id) == []
    train(store, row.id, 1, 2.3026)
    assert titles(interpreter, row.id) == ["Not learning: loss flat at ln 10"]
    train(store, row.id, 2, 1.2)
    assert titles(interpreter, row.id) == ["Still improving"]
    assert interpreter.history(row.id).last_step == 2 * STEPS


def test_a_forecast_is_compared_with_the_first_epoch(store: Store, row: RunRow) -> None:
    store.set_result(row.id, **{FORECAST: 1.5})
    train(store, row.id, 1, 1.2)
    assert titles(Interpreter(), row.id) == ["Forecast 25% too short"]


def test_those_who_ask_within_a_second_are_told_the_same(store: Store, row: RunRow) -> None:
    interpreter = Interpreter(fresh=1000.0)
    first = interpreter.words(row.id)
    train(store, row.id, 1, 2.3026)
    assert interpreter.words(row.id) is first


def test_a_run_that_is_gone_has_no_words(store: Store, row: RunRow) -> None:
    interpreter = Interpreter(fresh=0.0)
    interpreter.words(row.id)
    store.set_status(row.id, "stopped")
    store.delete(row.id)
    with pytest.raises(RunNotFound, match="There is no run"):
        interpreter.words(row.id)


def test_browsers_are_told_the_words(store: Store, row: RunRow) -> None:
    train(store, row.id, 1, 2.3026)
    with serving() as url, httpx.Client(base_url=url, timeout=20) as client:
        answer = client.get(f"/lab/cnnlab/runs/{row.id}/words")
        assert answer.headers["cache-control"] == "no-store"
        (word,) = answer.json()["words"]
        assert word["title"] == "Not learning: loss flat at ln 10"
        assert (word["kind"], word["tone"]) == ("flat", "warning")
        refused = client.get("/cnnlab/runs/0123456789/words")
        assert refused.status_code == 404
        assert refused.json()["error"].startswith("There is no run")
