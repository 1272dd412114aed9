"""The task "train": what it tells the record, and what it obeys."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import numpy as np
import pytest

from cnnlab.backend import load
from cnnlab.backend.data import dataset_of
from cnnlab.backend.scores import softmax
from cnnlab.backend.train import train
from cnnlab.errors import RunNotFound, RunStateError
from cnnlab.runs import History, RunFiles, RunRow, Store
from cnnlab.spec.design import Design
from tests.backend.telling import STEPS, Hook, history_of, kinds_of


def test_a_run_is_told_from_its_start_to_its_end(train_run, design: Design, store: Store) -> None:
    row = train_run(design)
    assert (row.status, row.message) == ("finished", None)
    kinds = kinds_of(store, row)
    assert kinds[:3] == ["status", "status", "started"]  # queued, running
    assert kinds[-2:] == ["tested", "status"]
    history = history_of(store, row)
    assert history.step.tolist() == list(range(1, STEPS + 1))
    assert (history.total_steps, history.steps_per_epoch, history.batch_size) == (STEPS, 21, 64)
    assert [epoch["step"] for epoch in history.epochs] == [21, 42, 63]
    assert np.isfinite(history.loss).all()
    assert history.loss[-10:].mean() < history.loss[:10].mean()
    assert history.tested is not None
    assert history.tested["accuracy"] == row.result["test_accuracy"]


def test_an_epoch_s_scores_are_the_means_of_its_batches(train_run, design: Design, store: Store) -> None:
    history = history_of(store, train_run(design))
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
    assert history_of(store, row).epochs[0]["val_loss"] is None
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
    assert "started" not in kinds_of(store, row)


def test_an_unknown_run_is_said(store: Store) -> None:
    with pytest.raises(RunNotFound):
        train("0123456789", stop_requested=lambda: False)


def test_stop_keeps_the_exact_state_and_evaluates_it(train_run, design: Design, store: Store) -> None:
    def act(run_id: str, history: History) -> None:
        if history.last_step >= 26:
            store.send_command(run_id, "stop")

    row = train_run(design, Hook(store, act))
    history, files = history_of(store, row), RunFiles(row.id)
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
    assert "started" in kinds_of(store, row)
    expected, found = history_of(store, unbroken), history_of(store, row)
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
    assert history_of(store, row).last_step == STEPS


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
    assert RunFiles(row.id).states()[-1] == history_of(store, row).last_step
    assert "tested" not in kinds_of(store, row)


def test_events_are_what_any_program_can_read(finished: RunRow, store: Store) -> None:
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        rows = connection.execute("SELECT payload FROM events WHERE kind = 'steps'").fetchall()
    assert sum(len(json.loads(payload)["loss"]) for (payload,) in rows) == 21


def test_a_training_in_bfloat16_is_tested_as_it_is_looked_at_later(
    train_run, design: Design, store: Store
) -> None:
    training = design.training.replace(precision="mixed_bfloat16")
    row = train_run(design.replace(training=training))
    assert row.status == "finished"
    assert history_of(store, row).loss[-10:].mean() < history_of(store, row).loss[:10].mean() - 0.1
    files = RunFiles(row.id)
    assert {values.dtype.name for values in files.read_weights(STEPS).values()} == {"float32"}
    evaluation = files.read_evaluation(STEPS)
    assert evaluation is not None
    test = dataset_of(design).test
    logits = load.model(row.id).predict(test.images.astype(np.float32) / 255, verbose=0)
    np.testing.assert_allclose(evaluation.probabilities, softmax(logits), atol=1e-5)


def test_a_stopped_training_in_bfloat16_goes_on_as_if_it_never_was(
    train_run, design: Design, store: Store
) -> None:
    design = design.replace(training=design.training.replace(precision="mixed_bfloat16"))

    def act(run_id: str, history: History) -> None:
        if history.last_step >= 26:
            store.send_command(run_id, "stop")

    row = train_run(train_run(design, Hook(store, act)))
    expected = history_of(store, train_run(design))
    np.testing.assert_array_equal(history_of(store, row).loss, expected.loss)
