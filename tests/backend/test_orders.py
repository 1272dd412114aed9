"""What a training is asked in its course, and what it then does and tells."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from cnnlab.backend.best import Best
from cnnlab.backend.pace import Ration
from cnnlab.runs import History, RunFiles, Store
from cnnlab.spec.augmentation import Noise
from cnnlab.spec.design import Design
from tests.backend.telling import STEPS, Hook, history_of, kinds_of


class Script:
    """Sends one command after the other: each at a status and a step, such as "paused", from step 5 on."""

    def __init__(self, store: Store, *commands: tuple[Any, ...]) -> None:
        self.seen: list[tuple[str, int]] = []
        self._store, self._commands = store, list(commands)

    def __call__(self, run_id: str, history: History) -> None:
        now = (self._store.run(run_id).status, history.last_step)
        self.seen.append(now)
        if not self._commands:
            return
        status, step, *command = self._commands[0]
        if now[0] == status and now[1] >= step:
            del self._commands[0]
            self._store.send_command(run_id, *command)


RATE = {"name": "learning_rate", "value": 0.02}


def test_a_single_step_is_made_and_told_and_the_training_stays_paused(
    train_run, design: Design, store: Store
) -> None:
    script = Script(
        store, ("running", 5, "pause"), ("paused", 5, "step"), ("paused", 6, "step"), ("paused", 7, "resume")
    )
    row = train_run(design, Hook(store, script))
    assert row.status == "finished"
    at = [step for status, step in script.seen if status == "paused"]
    first = at[0]
    assert sorted(set(at)) == [first, first + 1, first + 2]
    statuses = [event.payload["status"] for event in store.events(row.id) if event.kind == "status"]
    assert statuses == ["queued", "running", "paused", "running", "finished"]
    examined = [event.payload["step"] for event in store.events(row.id) if event.kind == "health"]
    assert examined[:2] == [first + 1, first + 2]  # there is time for a look at each single step
    pictures = [event.payload["step"] for event in store.events(row.id) if event.kind == "snapshot"]
    assert {first + 1, first + 2} <= set(pictures)


def test_single_steps_do_not_change_what_is_computed(train_run, design: Design, store: Store) -> None:
    expected = history_of(store, train_run(design))
    commands = [("running", 5, "step"), ("paused", 6, "step")]
    commands += [("paused", 7, "epoch"), ("paused", 21, "resume")]
    row = train_run(design, Hook(store, Script(store, *commands)))
    np.testing.assert_array_equal(history_of(store, row).loss, expected.loss)
    assert history_of(store, row).tested == expected.tested


def test_an_epoch_is_finished_and_validated_then_the_training_pauses(
    train_run, design: Design, store: Store
) -> None:
    script = Script(store, ("running", 3, "epoch"), ("paused", 21, "epoch"), ("paused", 42, "stop"))
    row = train_run(design, Hook(store, script))
    assert sorted({step for status, step in script.seen if status == "paused"}) == [21, 42]
    assert row.status == "stopped"
    assert len(history_of(store, row).epochs) == 2
    assert RunFiles(row.id).states()[-1] == 42


def test_a_step_asked_of_a_running_training_pauses_it_after_the_next_one(
    train_run, design: Design, store: Store
) -> None:
    script = Script(store, ("running", 4, "step"), ("paused", 5, "stop"))
    row = train_run(design, Hook(store, script))
    running = [step for status, step in script.seen if status == "running"]
    assert row.result["step"] == running[-1] == running[-2] + 1


def test_a_change_is_told_with_its_step_and_has_an_effect_from_there_on(
    train_run, design: Design, store: Store
) -> None:
    plain = history_of(store, train_run(design))
    script = Script(store, ("running", 10, "set", RATE | {"value": 0.5}))
    row = train_run(design, Hook(store, script))
    history = history_of(store, row)
    (change,) = history.changes
    assert (change["name"], change["value"]) == ("learning_rate", 0.5)
    assert 11 <= change["step"] <= 25
    step = change["step"]
    np.testing.assert_array_equal(history.loss[:step], plain.loss[:step])  # the first other loss is the next
    assert history.loss[step] != plain.loss[step]
    rates = {
        event.payload["first_step"]: event.payload["learning_rate"]
        for event in store.events(row.id)
        if event.kind == "steps"
    }
    assert all((rate > 0.02) == (first >= step) for first, rate in rates.items() if first < 50)


def test_a_changed_training_that_was_stopped_and_goes_on_equals_one_that_was_not(
    train_run, design: Design, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnlab.backend.pace.Pace.took", lambda *_: None)  # steps of one: known places
    design = design.replace(training=design.training.replace(augmentation=(Noise(),)))
    changes = [
        ("running", 10, "set", {"name": "dropout", "value": 0.6}),
        ("running", 11, "set", RATE),
        ("running", 12, "set", {"name": "augmentation", "value": 2.0}),
    ]
    unbroken = train_run(design, Hook(store, Script(store, *changes)))
    stopped = train_run(design, Hook(store, Script(store, *changes, ("running", 30, "stop"))))
    assert stopped.result["step"] == 30
    resumed = train_run(stopped)
    expected, found = history_of(store, unbroken), history_of(store, resumed)
    assert found.changes == expected.changes
    assert [change["step"] for change in found.changes] == [11, 12, 13]
    np.testing.assert_array_equal(found.loss, expected.loss)
    one, two = (RunFiles(run.id).read_state(STEPS)[0] for run in (resumed, unbroken))
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_change_in_a_pause_that_was_then_stopped_is_told_again(
    train_run, design: Design, store: Store
) -> None:
    script = Script(store, ("running", 10, "pause"), ("paused", 10, "set", RATE), ("paused", 10, "stop"))
    stopped = train_run(design, Hook(store, script))
    row = train_run(stopped)
    assert [change["step"] for change in history_of(store, row).changes] == [stopped.result["step"] + 1]
    assert history_of(store, row).learning_rate == pytest.approx(
        design.training.replace(learning_rate=0.02).learning_rate_at(STEPS - 1, STEPS, 21)
    )


@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize(
    "losses", [[1.0, 0.5, 0.6, 0.4, 0.4, 0.41, 0.5, 0.6], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]]
)
def test_early_stopping_ends_where_keras_s_does(patience: int, losses: list[float]) -> None:
    theirs = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience)
    theirs.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    theirs.model.stop_training = False
    theirs.on_train_begin()
    best = Best()
    for epoch, loss in enumerate(losses, start=1):
        theirs.on_epoch_end(epoch - 1, {"val_loss": loss})
        best.took(epoch, 10 * epoch, loss, 0.5)
        assert best.ends(patience) == theirs.model.stop_training
        if best.ends(patience):
            break
    assert best.epoch == theirs.best_epoch + 1
    assert not best.ends(0)


def test_a_training_that_overfits_stops_early_with_its_best_weights(
    train_run, design: Design, store: Store
) -> None:
    training = design.training.replace(
        epochs=30, learning_rate=0.5, optimizer="SGD", schedule="constant", early_stopping=2, keep_best=True
    )
    row = train_run(design.replace(training=training))
    history, files = history_of(store, row), RunFiles(row.id)
    losses = [epoch["val_loss"] for epoch in history.epochs]
    best = int(np.argmin(losses))
    assert row.status == "finished"
    assert len(losses) < 30
    assert len(losses) == best + 3
    assert row.message == (
        f"Stopped early after epoch {best + 3} of 30: the validation loss has not fallen for 2 epochs. "
        f"Kept are the weights of epoch {best + 1}, whose validation loss of {losses[best]:.3g} is the "
        "lowest."
    )
    step = 21 * (best + 1)
    assert files.kept_step() == row.result["step"] == step == history_of(store, row).tested["step"]
    assert row.result["val_accuracy"] == history.epochs[best]["val_accuracy"]
    evaluation = files.read_evaluation(step)
    assert evaluation is not None
    assert files.checkpoints()[-1].step == 21 * len(losses)  # those of the end are there to look at


def test_the_epochs_have_precision_and_recall(train_run, design: Design, store: Store) -> None:
    row = train_run(design)
    assert "health" not in kinds_of(store, row)  # a training of a second has no time for it
    last = history_of(store, row).epochs[-1]
    for name in ("precision", "recall", "val_precision", "val_recall"):
        assert 0 <= last[name] <= 1
    assert last["val_precision"] >= last["val_recall"]


def test_a_ration_keeps_its_share_of_the_time() -> None:
    now = [0.0]
    ration = Ration(share=0.02, every=0.5, first=2.0, clock=lambda: now[0])
    spent = 0.0
    while now[0] < 1000:
        if ration.due:
            now[0] += 0.1
            spent += 0.1
            ration.spent(0.1)
        now[0] += 0.01
    assert 0.018 < spent / now[0] <= 0.02
    ration.spent(0.0)
    now[0] += 0.49
    assert not ration.due
