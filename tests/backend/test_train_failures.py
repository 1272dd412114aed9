"""The task "train" where something goes wrong: what it says, what it keeps, how it goes on."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab import datasets, settings
from cnnlab.backend import train as module
from cnnlab.backend.session import Scores, Session
from cnnlab.backend.train import train
from cnnlab.errors import StorageError
from cnnlab.runs import EventWriter, RunFiles, Store
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Conv2D
from tests.backend.telling import STEPS, Hook, history_of


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
    history = history_of(store, row)
    assert row.status == "failed"
    assert row.message is not None
    step = history.last_step
    assert f" at step {step} (epoch {(step - 1) // 21 + 1})" in row.message
    assert row.message.startswith(("The loss became NaN", "The loss became infinite"))
    assert "Use a smaller learning rate than 10" in row.message
    assert row.result == {"diverged_at": step}
    assert not row.resumable
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
    assert row.result["diverged_at"] == 23
    assert [checkpoint.step for checkpoint in RunFiles(row.id).checkpoints()] == [0]


def test_a_validation_loss_that_is_no_number_is_said(
    train_run, design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "score", lambda *_: Scores(float("nan"), 0.1, 0.0, 0.0))
    row = train_run(design)
    assert row.status == "failed"
    assert row.message is not None
    assert row.message.startswith("The loss on the validation images became NaN at step 21 (epoch 1).")
    assert row.result["diverged_at"] == 21
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
    assert row.resumable


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
    assert history_of(store, row).last_step == STEPS


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
    assert history_of(store, row).step.tolist() == list(range(1, 22))


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
    assert history_of(store, row).last_step == 21


def test_a_design_that_cannot_be_trained_fails_with_the_trace_s_words(train_run, design: Design) -> None:
    broken = design.replace(architecture=design.architecture.with_layers((Conv2D(kernel_size=9),)))
    row = train_run(broken)
    assert (row.status, row.message) == ("failed", broken.obstacle())


def test_a_network_for_other_images_fails_in_words(train_run, design: Design) -> None:
    row = train_run(design.replace(architecture=design.architecture.with_data((9, 9, 1), 10)))
    assert row.status == "failed"
    assert row.message == (
        f"The network takes 9×9×1 images in 10 classes, but {datasets.info('digits').title} has 8×8×1 in 10. "
        "Choose the data set again in Design: the network then follows it."
    )


def test_a_data_set_that_is_not_there_fails_in_its_own_words(train_run, design: Design) -> None:
    architecture = design.architecture.with_data((28, 28, 1), 10)
    row = train_run(design.replace(dataset="mnist", architecture=architecture))
    assert row.status == "failed"
    assert row.message is not None
    assert row.message.startswith("MNIST is not on this machine yet. Install it")
    assert "or put mnist.npz " in row.message


def test_a_training_downloads_nothing(train_run, design: Design, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLAB_DOWNLOADS", "1")
    settings.get.cache_clear()
    monkeypatch.setattr("cnnlab.datasets.install", lambda *_: pytest.fail("a download"))
    architecture = design.architecture.with_data((28, 28, 1), 10)
    row = train_run(design.replace(dataset="fashion_mnist", architecture=architecture))
    assert row.status == "failed"
    assert (row.message or "").startswith("Fashion-MNIST is not on this machine yet.")


def test_a_damaged_newest_state_is_passed_over_and_nothing_can_be_told_from_it(
    train_run, design: Design, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    unbroken = train_run(design)
    row = train_run(design, Hook(store, lambda _, history: history.last_step >= 48))
    files = RunFiles(row.id)
    newest = files.states()[-1]
    assert files.states() == [21, 42, newest]
    _truncate(files, newest)
    row = train_run(row)
    assert (row.status, row.message) == ("finished", None)
    assert f"does not go on from step {newest}: The file " in caplog.text
    assert files.states() == [21, 42, STEPS]
    started = [event.payload["step"] for event in store.events(row.id) if event.kind == "started"]
    assert started == [0, 42]
    found, expected = history_of(store, row), history_of(store, unbroken)
    np.testing.assert_array_equal(found.step, expected.step)
    np.testing.assert_array_equal(found.loss, expected.loss)
    assert [epoch["val_loss"] for epoch in found.epochs] == [epoch["val_loss"] for epoch in expected.epochs]
    assert row.result["test_loss"] == unbroken.result["test_loss"]


def test_where_no_state_can_be_read_the_newest_is_named(train_run, design: Design, store: Store) -> None:
    row = train_run(design, Hook(store, lambda _, history: history.last_step >= 26))
    files = RunFiles(row.id)
    states = files.states()
    assert len(states) == 2
    for step in states:
        _truncate(files, step)
    row = train_run(row)
    assert row.status == "failed"
    assert f"state-{states[-1]:08d}-" in (row.message or "")
    assert "is damaged" in (row.message or "")
    assert files.states() == states
    assert row.resumable  # a file may come back from a backup


def _truncate(files: RunFiles, step: int) -> None:
    (path,) = files.folder.glob(f"state-{step:08d}-*.npz")
    path.write_bytes(path.read_bytes()[:1000])
