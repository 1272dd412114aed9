"""The task "train": what it tells the record, and what it obeys."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

import numpy as np
import pytest

from cnnlab.backend import train as module
from cnnlab.backend.session import Scores, Session
from cnnlab.backend.train import train
from cnnlab.errors import RunNotFound, RunStateError, StorageError
from cnnlab.runs import EventWriter, History, RunFiles, RunRow, Store
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Conv2D

STEPS = 63
"""Of the whole training of `design`: three epochs of 21."""


def _history(store: Store, row: RunRow) -> History:
    return History.fold(store.events(row.id))


def _kinds(store: Store, row: RunRow) -> list[str]:
    return [event.kind for event in store.events(row.id)]


class Hook:
    """Stands where the parent is asked for: does something in the middle of a training, at a known place."""

    def __init__(self, store: Store, act: Callable[[str, History], bool | None]) -> None:
        self._store, self._act = store, act

    def __call__(self) -> bool:
        (row,) = self._store.runs(statuses=("running", "paused"))
        return bool(self._act(row.id, _history(self._store, row)))


def test_a_run_is_told_from_its_start_to_its_end(train_run, design: Design, store: Store) -> None:
    row = train_run(design)
    assert (row.status, row.message) == ("finished", None)
    kinds = _kinds(store, row)
    assert kinds[:3] == ["status", "status", "started"]  # queued, running
    assert kinds[-2:] == ["tested", "status"]
    history = _history(store, row)
    assert history.step.tolist() == list(range(1, STEPS + 1))
    assert (history.total_steps, history.steps_per_epoch, history.batch_size) == (STEPS, 21, 64)
    assert [epoch["step"] for epoch in history.epochs] == [21, 42, 63]
    assert np.isfinite(history.loss).all()
    assert history.loss[-10:].mean() < history.loss[:10].mean()
    assert history.tested is not None
    assert history.tested["accuracy"] == row.result["test_accuracy"]


def test_an_epoch_s_scores_are_the_means_of_its_batches(train_run, design: Design, store: Store) -> None:
    history = _history(store, train_run(design))
    sizes = np.array([64] * 20 + [history.train_images - 20 * 64])
    for i, epoch in enumerate(history.epochs):
        part = slice(21 * i, 21 * (i + 1))
        assert epoch["loss"] == pytest.approx(np.average(history.loss[part], weights=sizes))
        assert epoch["accuracy"] == pytest.approx(np.average(history.accuracy[part], weights=sizes))
        assert 0 < epoch["val_accuracy"] <= 1


def test_the_first_weights_and_those_of_each_epoch_are_kept(finished: RunRow, files: RunFiles) -> None:
    kept = [(checkpoint.step, checkpoint.epoch) for checkpoint in files.checkpoints()]
    assert kept == [(0, 0.0), (21, 1.0)]
    assert files.states() == [21]
    assert finished.result["epochs_done"] == 1
    assert finished.result["parameters"] == finished.design.architecture.trace().total_parameters


def test_the_evaluation_agrees_with_the_result(finished: RunRow, files: RunFiles) -> None:
    evaluation = files.read_evaluation(21)
    assert evaluation is not None
    np.testing.assert_allclose(evaluation.probabilities.sum(axis=1), 1, rtol=1e-5)
    found = (evaluation.probabilities.argmax(axis=1) == evaluation.labels).mean()
    assert found == finished.result["test_accuracy"]
    assert evaluation.loss == finished.result["test_loss"]


def test_without_validation_images_there_are_no_validation_scores(
    train_run, design: Design, store: Store
) -> None:
    row = train_run(design.replace(training=design.training.replace(validation_share=0.0, epochs=1)))
    assert row.status == "finished"
    assert _history(store, row).epochs[0]["val_loss"] is None
    assert row.result["val_accuracy"] is None


def test_the_lock_is_held_before_the_run_is_running_and_free_when_it_has_ended(
    train_run, design: Design, store: Store
) -> None:
    seen = []
    row = train_run(design, Hook(store, lambda run_id, _: seen.append(RunFiles(run_id).locked())))
    assert set(seen) == {True}
    assert not RunFiles(row.id).locked()


def test_a_second_worker_leaves_the_run_alone(
    design: Design, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = store.create_run(design, owner="ada")
    monkeypatch.setattr("cnnlab.runs.artifacts.RunFiles.lock.__defaults__", (0,))
    with RunFiles(row.id).lock(), pytest.raises(RunStateError, match="already being trained by another"):
        train(row.id, stop_requested=lambda: False)
    assert store.run(row.id).status == "queued"


def test_a_run_that_is_no_longer_queued_is_left_alone(design: Design, store: Store) -> None:
    row = store.create_run(design, owner="ada")
    store.set_status(row.id, "stopped")
    train(row.id, stop_requested=lambda: False)
    assert store.run(row.id).status == "stopped"
    assert "started" not in _kinds(store, row)


def test_an_unknown_run_is_said(store: Store) -> None:
    with pytest.raises(RunNotFound):
        train("0123456789", stop_requested=lambda: False)


def test_stop_keeps_the_exact_state_and_evaluates_it(train_run, design: Design, store: Store) -> None:
    def act(run_id: str, history: History) -> None:
        if history.last_step >= 26:
            store.send_command(run_id, "stop")

    row = train_run(design, Hook(store, act))
    history, files = _history(store, row), RunFiles(row.id)
    assert row.status == "stopped"
    assert 26 <= history.last_step < STEPS
    assert files.states()[-1] == files.checkpoints()[-1].step == row.result["step"] == history.last_step
    assert row.result["epochs_done"] == pytest.approx(history.last_step / 21)
    assert history.tested is not None
    assert files.read_evaluation(history.last_step) is not None


def test_a_stopped_run_that_goes_on_equals_one_that_was_never_stopped(
    train_run, design: Design, store: Store
) -> None:
    unbroken = train_run(design)

    def act(run_id: str, history: History) -> None:
        if history.last_step >= 26:
            store.send_command(run_id, "stop")

    row = train_run(train_run(design, Hook(store, act)))
    assert row.status == "finished"
    assert "started" in _kinds(store, row)
    expected, found = _history(store, unbroken), _history(store, row)
    np.testing.assert_array_equal(found.step, expected.step)
    np.testing.assert_array_equal(found.loss, expected.loss)
    np.testing.assert_array_equal(found.accuracy, expected.accuracy)
    timings = {"seconds", "images_per_second"}
    for one, two in zip(found.epochs, expected.epochs, strict=True):
        assert {k: v for k, v in one.items() if k not in timings} == {
            k: v for k, v in two.items() if k not in timings
        }
    one, two = (RunFiles(run.id).read_state(STEPS)[0] for run in (row, unbroken))
    assert list(one) == list(two)
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_pause_lasts_until_resume(train_run, design: Design, store: Store) -> None:
    statuses, steps = [], set()

    def act(run_id: str, history: History) -> None:
        status = store.run(run_id).status
        statuses.append(status)
        if "paused" not in statuses and history.last_step >= 5:
            store.send_command(run_id, "pause")
        if status == "paused":
            steps.add(history.last_step)
            assert RunFiles(run_id).states()[-1] == history.last_step  # safe, however long it lasts
            if statuses.count("paused") == 3:
                store.send_command(run_id, "resume")

    row = train_run(design, Hook(store, act))
    assert row.status == "finished"
    assert statuses.count("paused") == 3
    assert len(steps) == 1
    told = [event.payload["status"] for event in store.events(row.id) if event.kind == "status"]
    assert told == ["queued", "running", "paused", "running", "finished"]
    assert _history(store, row).last_step == STEPS


def test_a_paused_run_can_be_stopped(train_run, design: Design, store: Store) -> None:
    def act(run_id: str, history: History) -> None:
        store.send_command(run_id, "pause" if store.run(run_id).status == "running" else "stop")

    row = train_run(design, Hook(store, act))
    assert row.status == "stopped"
    assert row.result["step"] == 0


def test_when_the_parent_has_gone_the_run_is_interrupted_with_its_state(
    train_run, design: Design, store: Store
) -> None:
    row = train_run(design, Hook(store, lambda _, history: history.last_step >= 26))
    assert row.status == "interrupted"
    assert RunFiles(row.id).states()[-1] == _history(store, row).last_step
    assert "tested" not in _kinds(store, row)


def test_a_loss_that_is_no_number_is_said_with_its_step(train_run, design: Design, store: Store) -> None:
    row = train_run(
        design.replace(
            training=design.training.replace(optimizer="SGD", learning_rate=10.0, schedule="constant")
        )
        .replace(preset=None)
        .replace(
            architecture=design.architecture.with_layers(
                tuple(
                    layer.replace(activation="linear") if hasattr(layer, "activation") else layer
                    for layer in design.architecture.layers
                )
            )
        )
    )
    history = _history(store, row)
    assert row.status == "failed"
    assert row.message is not None
    step = history.last_step
    assert f" at step {step} (epoch {(step - 1) // 21 + 1})" in row.message
    assert row.message.startswith(("The loss became NaN", "The loss became infinite"))
    assert "Use a smaller learning rate than 10" in row.message
    assert np.isnan(history.loss[-1])  # the record's word for what is not finite
    assert np.isfinite(history.loss[:-1]).all()
    for checkpoint in RunFiles(row.id).checkpoints():
        weights = RunFiles(row.id).read_weights(checkpoint.step)
        assert all(np.isfinite(values).all() for values in weights.values())


def test_no_weights_that_are_not_finite_are_kept(
    train_run, design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = Session.advance

    def spoil(session: Session, count: int):  # the last step of the epoch ruins a weight, not the loss
        result = advance(session, count)
        if not session.batches_left:
            session.model.trainable_variables[-1].assign(np.full(10, np.inf, np.float32))
        return result

    monkeypatch.setattr(Session, "advance", spoil)
    row = train_run(design.replace(training=design.training.replace(validation_share=0.0)))
    assert row.status == "failed"
    assert row.message is not None
    assert row.message.startswith("A weight became NaN at step 23 (epoch 1).")
    assert [checkpoint.step for checkpoint in RunFiles(row.id).checkpoints()] == [0]


def test_a_validation_loss_that_is_no_number_is_said(
    train_run, design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "score", lambda *_: Scores(float("nan"), 0.1))
    row = train_run(design)
    assert row.status == "failed"
    assert row.message is not None
    assert row.message.startswith("The loss on the validation images became NaN at step 21 (epoch 1).")
    assert [checkpoint.step for checkpoint in RunFiles(row.id).checkpoints()] == [0]


def test_events_that_could_not_be_recorded_are_said(
    train_run, design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(writer: EventWriter) -> None:
        raise StorageError("The last 2 events could not be recorded.")

    monkeypatch.setattr(EventWriter, "close", lost)
    row = train_run(design.replace(training=design.training.replace(epochs=1)))
    assert (row.status, row.message) == ("failed", "The last 2 events could not be recorded.")


def test_a_lack_of_memory_is_said_in_words(
    train_run, design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(session: Session, count: int):
        raise MemoryError

    monkeypatch.setattr(Session, "advance", fail)
    row = train_run(design)
    assert row.status == "failed"
    assert row.message is not None
    assert row.message.startswith("Out of memory after step 0: a step of 64 images needs about ")
    assert row.message.endswith("Use a smaller batch or a smaller network.")


def test_an_unexpected_error_is_said_with_its_name(
    train_run, design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(session: Session, count: int):
        raise ZeroDivisionError("of all things\nand a second line")

    monkeypatch.setattr(Session, "advance", fail)
    row = train_run(design)
    assert row.status == "failed"
    assert row.message is not None
    assert "after step 0 by an unexpected error: ZeroDivisionError: of all things" in row.message
    assert "second line" not in row.message


def test_a_full_disk_is_said_and_the_last_state_stays(
    train_run, design: Design, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = RunFiles.write_weights

    def full(files: RunFiles, step: int, *rest: object) -> None:
        if step > 21:
            raise StorageError("The file weights cannot be written: the disk is full.")
        write(files, step, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(RunFiles, "write_weights", full)
    row = train_run(design)
    assert (row.status, row.message) == ("failed", "The file weights cannot be written: the disk is full.")
    assert RunFiles(row.id).states() == [21]
    monkeypatch.undo()
    monkeypatch.setenv("CNNLAB_HOME", str(store.home))
    assert train_run(row).status == "finished"
    assert _history(store, row).last_step == STEPS


@pytest.mark.parametrize("name", ["set_status", "set_result", "append", "take_commands"])
def test_a_record_that_is_locked_for_a_while_does_not_end_the_training(
    name: str, train_run, design: Design, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECORD_PAUSE_SECONDS", 0.0)
    method, refused = getattr(Store, name), []

    def locked(self: Store, *arguments: object, **rest: object) -> object:
        if len(refused) < 3 and self.run(arguments[0]).status == "running":  # type: ignore[arg-type]
            refused.append(name)
            raise StorageError("The record is locked.")
        return method(self, *arguments, **rest)

    monkeypatch.setattr(Store, name, locked)
    row = train_run(design.replace(training=design.training.replace(epochs=1)))
    assert (row.status, row.result["step"]) == ("finished", 21)
    assert len(refused) == 3
    assert _history(store, row).step.tolist() == list(range(1, 22))


def test_a_record_that_stays_locked_is_told_to_whoever_asked_for_the_training(
    design: Design, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECORD_PAUSE_SECONDS", 0.0)
    set_status = Store.set_status

    def locked(self: Store, run_id: str, status: str, **rest: object) -> bool:
        if status == "finished":
            raise StorageError("The record is locked.")
        return set_status(self, run_id, status, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "set_status", locked)
    row = store.create_run(design.replace(training=design.training.replace(epochs=1)), owner="ada")
    with pytest.raises(StorageError, match="The record is locked"):
        train(row.id, stop_requested=lambda: False)
    assert not RunFiles(row.id).locked()
    assert store.reap() == [row.id]  # and so it is interrupted, not running for ever


def test_no_state_is_ahead_of_its_events(
    train_run, design: Design, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnlab.runs.writer.EventWriter.flush", lambda self: False)
    row = train_run(design.replace(training=design.training.replace(epochs=1)))
    assert RunFiles(row.id).states() == []
    assert row.status == "finished"
    assert _history(store, row).last_step == 21


def test_a_design_that_cannot_be_trained_fails_with_the_trace_s_words(train_run, design: Design) -> None:
    broken = design.replace(architecture=design.architecture.with_layers((Conv2D(kernel_size=9),)))
    row = train_run(broken)
    assert (row.status, row.message) == ("failed", broken.obstacle())


def test_a_network_for_other_images_fails_in_words(train_run, design: Design) -> None:
    row = train_run(design.replace(architecture=design.architecture.with_data((9, 9, 1), 10)))
    assert row.status == "failed"
    assert row.message == (
        "The network takes 9×9×1 images of 10 classes; the data set 'digits' has 8×8×1 images of 10 classes. "
        "Choose the data set anew: the network follows it."
    )


def test_a_data_set_that_is_not_there_fails_in_its_own_words(train_run, design: Design) -> None:
    architecture = design.architecture.with_data((28, 28, 1), 10)
    row = train_run(design.replace(dataset="mnist", architecture=architecture))
    assert row.status == "failed"
    assert row.message is not None
    assert "mnist.npz" in row.message


def test_events_are_what_any_program_can_read(finished: RunRow, store: Store) -> None:
    with sqlite3.connect(store.path) as connection:
        rows = connection.execute("SELECT payload FROM events WHERE kind = 'steps'").fetchall()
    assert sum(len(json.loads(payload)["loss"]) for (payload,) in rows) == 21
