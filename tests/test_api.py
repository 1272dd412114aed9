"""What notebooks, pages and the command line use; mostly with toy tasks instead of TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import cnnlab
from cnnlab import api, presets
from cnnlab.engine import Engine
from cnnlab.errors import (
    DatasetError,
    DatasetUnavailable,
    RunError,
    RunNotFound,
    RunStateError,
    SpecError,
)
from cnnlab.runs import Epoch, Evaluation, History, Started, Steps, get_store
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Conv2D, Dense, Flatten, MaxPooling2D
from cnnlab.spec.training import TrainingConfig
from tests.engine.conftest import MakeEngine, make_engine, status_is, wait_for

__all__ = ["make_engine"]  # the fixture

DIGITS = presets.preset("digits").design


@pytest.fixture
def engine(make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The engine that the handles use: one with toy tasks."""
    toy = make_engine()
    for module in ("cnnlab.api", "cnnlab.api.run", "cnnlab.api.exports"):
        monkeypatch.setattr(f"{module}.get_engine", lambda: toy)
    return toy


def running(name: str = "endless") -> api.Run:
    run = api.start(DIGITS, name=name)
    wait_for(status_is(run.id, "running"), "the training")
    return run


def test_importing_costs_next_to_nothing() -> None:
    code = "import sys; before = set(sys.modules); import cnnlab; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    standard = {name for name in loaded.split() if name.partition(".")[0] in sys.stdlib_module_names}
    assert set(loaded.split()) - standard == {"cnnlab"}  # no package, not even another module of ours


def test_everything_offered_is_there() -> None:
    for name in cnnlab.__all__:
        assert getattr(cnnlab, name) is not None
    assert set(cnnlab.__all__) <= set(dir(cnnlab))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = cnnlab.trian  # type: ignore[attr-defined]


def test_a_preset_is_reached_as_the_contract_says() -> None:
    assert cnnlab.presets.get("fashion_mnist").trace().total_parameters == 257_162


def test_starting_waits_for_no_worker(engine: Engine) -> None:
    with engine._reception._lock:  # no worker can arrive, so whoever waited for one would stay here
        run = api.start(DIGITS, name="endless")
        assert run.status == "queued"
    assert run.row.owner == "local"
    wait_for(status_is(run.id, "running"), "the training")
    assert run.design == DIGITS


def test_a_design_with_a_problem_is_refused_before_there_is_a_run(engine: Engine) -> None:
    broken = DIGITS.replace(
        architecture=Architecture(
            input_shape=(8, 8, 1), classes=10, layers=(MaxPooling2D(pool_size=9), Flatten())
        )
    )
    with pytest.raises(SpecError, match=r"^Layer 1 \(MaxPooling2D\)"):
        api.start(broken)
    assert api.runs(None) == []


def test_a_network_for_other_images_is_refused(engine: Engine) -> None:
    other = DIGITS.replace(architecture=DIGITS.architecture.with_data((28, 28, 1), 10))
    with pytest.raises(
        SpecError, match=r"takes 28×28×1 images in 10 classes, but .* has 8×8×1 in 10\. architecture"
    ):
        api.start(other)


def test_an_unknown_data_set_is_refused(engine: Engine) -> None:
    with pytest.raises(DatasetError, match="no data set 'nope'"):
        cnnlab.train(presets.get("digits"), "nope")


def test_a_data_set_that_must_be_downloaded_first_is_refused_before_there_is_a_run(engine: Engine) -> None:
    with pytest.raises(
        DatasetUnavailable, match=r"^CIFAR-10 is not on this machine yet\. .*datasets\.install\('cifar10'\)"
    ):
        api.start(presets.preset("cifar10").design)
    assert api.runs(None) == []


def test_training_installs_the_data_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr("cnnlab.datasets.install", lambda name, progress: installed.append(name))
    with pytest.raises(DatasetUnavailable):  # what was only noted is not there
        cnnlab.train(presets.get("cifar10"), "cifar10", progress=False)
    assert installed == ["cifar10"]


def test_a_run_whose_data_have_gone_is_not_resumed(engine: Engine) -> None:
    row = get_store().create_run(presets.preset("cifar10").design, "local")
    get_store().set_status(row.id, "interrupted")
    with pytest.raises(DatasetUnavailable, match="^CIFAR-10 is not on this machine yet"):
        api.get(row.id).resume()
    assert api.get(row.id).status == "interrupted"


def test_runs_are_listed_newest_first_by_owner(engine: Engine) -> None:
    first, second = api.start(DIGITS, name="quick 1"), api.start(DIGITS, owner="bob", name="quick 2")
    assert [run.id for run in api.runs()] == [first.id]
    assert [run.id for run in api.runs(None)] == [second.id, first.id]
    assert api.get(first.id).name == "quick 1"
    assert repr(api.get(first.id)).startswith(f"<Run {first.id} 'quick 1', ")


def test_an_unknown_run_is_said_in_words() -> None:
    with pytest.raises(RunNotFound, match="There is no run"):
        api.get("0123456789")


def test_again_starts_another_run_of_the_same_design(engine: Engine) -> None:
    run = api.start(DIGITS)
    assert (other := api.again(run)).id != run.id
    assert other.design == run.design
    assert (run.name, other.name) == ("digits", "digits 2")


def test_again_with_one_thing_changed_keeps_the_rest_and_knows_its_parent(engine: Engine) -> None:
    run = api.start(DIGITS, name="quick")
    other = api.again(run, change={"learning_rate": 0.05})
    assert other.design == DIGITS.replace(training=DIGITS.training.replace(learning_rate=0.05))
    assert (other.row.parent, other.row.parent_step) == (run.id, None)
    assert other.name == "quick, learning rate 0.05"
    smaller = DIGITS.architecture.with_layers(DIGITS.architecture.layers[:-1])
    third = api.again(run, change={"architecture": smaller}, name="quick too")
    assert third.design == DIGITS.replace(architecture=smaller)
    assert third.name == "quick too"
    with pytest.raises(SpecError, match="'speed' is not one of its fields"):
        api.again(run, change={"speed": 1})


def test_a_training_is_told_to_step_and_to_change_a_setting() -> None:
    store = get_store()
    run = api.Run(store.create_run(DIGITS, owner="local"))
    with pytest.raises(RunStateError, match="waits in the queue and cannot be paused"):
        run.step()
    store.set_status(run.id, "running")
    run = api.get(run.id)
    with store.files(run.id).lock():  # as the worker that trains it does
        run.step()
        run.epoch()
        run.set("learning_rate", 0.01)
    told = [(command.kind, command.value) for command in store.take_commands(run.id)]
    assert told == [("step", None), ("epoch", None), ("set", {"name": "learning_rate", "value": 0.01})]
    store.set_status(run.id, "finished")
    with pytest.raises(RunStateError, match="is finished: there is nothing to set"):
        run.set("learning_rate", 0.01)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (
            "batch_size",
            8,
            "'batch_size' cannot be changed in the course of a training",
        ),
        ("learning_rate", 0.0, "Training, learning_rate: expected a number from 1e-07 to 10. Received 0.0."),
        ("learning_rate", float("nan"), "Received nan"),
        ("augmentation", 1.0, "has no augmentation whose strength could be changed. Add one in Data."),
        ("dropout", 0.5, "has no dropout layer whose rate could be changed. Add one in Design."),
    ],
)
def test_a_setting_that_cannot_be_changed_is_said(name: str, value: float, words: str) -> None:
    network = DIGITS.architecture
    plain = network.with_layers(tuple(layer for layer in network.layers if layer.kind != "Dropout"))
    row = get_store().create_run(DIGITS.replace(architecture=plain), owner="local")
    get_store().set_status(row.id, "running")
    with pytest.raises(RunError, match=words):
        api.Run(row).set(name, value)


def test_a_run_is_paused_resumed_and_stopped(engine: Engine) -> None:
    run = running()
    run.pause()
    wait_for(lambda: run.status == "paused", "the pause")
    run.resume()
    wait_for(lambda: run.status == "running", "the resuming")
    run.stop()
    wait_for(lambda: run.status == "stopped", "the stop")
    run.resume()
    wait_for(lambda: run.status == "running", "the second start")


def test_a_waiting_run_is_stopped_but_not_paused(engine: Engine) -> None:
    running()
    waiting = api.start(DIGITS, name="quick")
    assert waiting.position() == 1
    with pytest.raises(RunStateError, match="waits in the queue and cannot be paused"):
        waiting.pause()
    waiting.stop()
    assert waiting.status == "stopped"
    assert waiting.position() is None


def test_a_run_that_ended_has_nothing_to_stop(engine: Engine) -> None:
    run = api.start(DIGITS, name="quick").wait()
    with pytest.raises(RunStateError, match=r"\('quick'\) is finished: there is nothing to stop"):
        run.stop()


def test_a_paused_run_whose_worker_is_gone_is_resumed_through_the_queue(engine: Engine) -> None:
    store = get_store()
    row = store.create_run(DIGITS, "local", "endless")
    store.set_status(row.id, "paused")
    api.get(row.id).resume()
    wait_for(status_is(row.id, "running"), "the resuming")


def test_a_run_that_diverged_is_not_resumed(engine: Engine) -> None:
    store = get_store()
    run = api.get(store.create_run(DIGITS, "local", "endless").id)
    store.set_status(run.id, "failed")
    assert api.get(run.id).resumable
    store.set_result(run.id, diverged_at=1700)
    run = api.get(run.id)
    assert not run.resumable
    with pytest.raises(RunStateError, match="diverged at step 1,700 and would do so again. Start a new run"):
        run.resume()
    assert run.status == "failed"


def test_a_resumed_run_has_no_result_of_its_earlier_end(engine: Engine) -> None:
    run = running()
    get_store().set_result(run.id, test_accuracy=0.5)
    run.stop()
    wait_for(lambda: run.status == "stopped", "the stop")
    assert run.row.result == {"test_accuracy": 0.5}
    run.resume()
    assert run.row.result == {}


def test_a_run_is_renamed(engine: Engine) -> None:
    run = api.start(DIGITS, name="quick")
    run.rename("my first")
    assert run.name == api.get(run.id).name == "my first"


def test_a_running_run_is_stopped_to_be_deleted(engine: Engine) -> None:
    run = running()
    run.delete()
    with pytest.raises(RunNotFound):
        api.get(run.id)


def test_waiting_raises_what_went_wrong(engine: Engine) -> None:
    with pytest.raises(RunError, match="ValueError: nothing can be done"):
        api.start(DIGITS, name="unrunnable").wait()


@pytest.mark.parametrize("action", ["stop", "pause", "epoch"])
def test_a_run_whose_worker_is_gone_takes_no_commands_and_can_be_resumed(action: str) -> None:
    store = get_store()
    row = store.create_run(DIGITS, "local")
    store.set_status(row.id, "running")
    run = api.get(row.id)
    with pytest.raises(RunStateError, match=f"is interrupted: there is nothing to {action}"):
        getattr(run, action)()
    assert run.resumable


def test_waiting_notices_that_the_worker_is_gone() -> None:
    store = get_store()
    row = store.create_run(DIGITS, "local")
    store.set_status(row.id, "running")
    with pytest.raises(RunError, match="ended before the training did"):
        api.get(row.id).wait()


def test_a_watcher_sees_all_events(engine: Engine) -> None:
    store = get_store()
    row = store.create_run(DIGITS, "local")
    store.append(row.id, [Started(total_steps=4, steps_per_epoch=2, epochs=2, batch_size=8, train_images=16)])
    store.append(row.id, [_steps(1), _epoch(1)])
    store.set_status(row.id, "finished")
    seen: list[int] = []
    api.get(row.id).wait(lambda history: seen.append(history.last_step))
    assert seen == [2]
    assert [epoch["epoch"] for epoch in api.get(row.id).history] == [1]


def test_epochs_are_told_line_by_line(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    store = get_store()
    row = store.create_run(DIGITS, "local")
    store.append(row.id, [Started(total_steps=4, steps_per_epoch=2, epochs=2, batch_size=8, train_images=16)])
    store.append(row.id, [_steps(1), _epoch(1), _steps(3), _epoch(2)])
    store.set_status(row.id, "finished")
    api.get(row.id).wait(progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "Epoch 1/2 · loss 1.5000 · accuracy 25.0 % · validation loss 1.4000, accuracy 50.0 % · 0.5 s",
        "Epoch 2/2 · loss 1.5000 · accuracy 25.0 % · validation loss 1.4000, accuracy 50.0 % · 0.5 s",
    ]


def test_ctrl_c_stops_the_training_in_order(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(history: History) -> None:
        if history.status == "running":
            raise KeyboardInterrupt

    follow = api.Run._follow
    monkeypatch.setattr(api.Run, "_follow", lambda self, watch: follow(self, interrupted))
    run = api.start(DIGITS, name="endless")
    with pytest.raises(KeyboardInterrupt):
        api.finish(run, progress=False)
    assert run.status == "stopped"


def test_what_has_no_weights_has_no_answers(engine: Engine) -> None:
    run = api.start(DIGITS, name="endless")
    assert run.checkpoints() == []
    for ask in (run.evaluate, run.weights, run.model, lambda: run.feature_maps(0, "conv2d")):
        with pytest.raises(RunStateError, match="has no weights yet"):
            ask()


@pytest.mark.parametrize(
    ("filters", "seconds"),
    [
        # Outputs times weights of each: digits has 1,797 images of 8×8; the kernel makes 6×6 outputs.
        (4, 30 + 1797 * (36 * 9 * 4 + 36 * 4 * 10) / 1e10),
        (256, 30 + 1797 * (36 * 9 * 256 + 36 * 256 * 10) / 1e10),
    ],
)
def test_an_evaluation_has_the_time_that_its_work_needs(
    filters: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    class Answering:
        def ask(self, task: str, /, timeout: float | None = None, **arguments: Any) -> Evaluation:
            asked.update(task=task, timeout=timeout, **arguments)
            return Evaluation(7, np.full((2, 10), 0.1, np.float32), np.array([3, 4]), 2.3)

    monkeypatch.setattr("cnnlab.api.run.get_engine", Answering)
    network = DIGITS.architecture.with_layers((Conv2D(filters=filters), Flatten()))
    row = get_store().create_run(DIGITS.replace(architecture=network), "local")
    get_store().files(row.id).write_weights(7, 1.0, {})
    assert len(api.get(row.id).evaluate()) == 2
    assert asked == {
        "task": "evaluate", "timeout": pytest.approx(seconds), "run_id": row.id, "step": 7
    }  # fmt: skip


@pytest.mark.slow
def test_from_training_to_answers() -> None:
    layers = (Conv2D(filters=4), Flatten(), Dense(units=16))
    arch = Architecture(input_shape=(28, 28, 1), classes=2, layers=layers)
    run = cnnlab.train(arch, "digits", TrainingConfig(epochs=2, learning_rate=3e-3, seed=3), progress=False)
    assert run.status == "finished"
    assert [row["epoch"] for row in run.history] == [1, 2]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= run.history[0].keys()
    assert run.curve().last_step == run.curve().total_steps == run.checkpoints()[-1].step

    data = cnnlab.datasets.load("digits", seed=3)
    evaluation = run.evaluate()
    assert evaluation.accuracy == run.row.result["test_accuracy"] > 0.5
    assert evaluation.class_names == data.class_names
    np.testing.assert_array_equal(evaluation.labels, data.test.labels)
    untrained = run.evaluate(step=0)
    assert untrained.accuracy < evaluation.accuracy

    model = run.model()
    logits = np.asarray(model(data.test.images.astype(np.float32) / 255))
    np.testing.assert_array_equal(logits.argmax(axis=1), evaluation.predictions)
    kernel = run.weights()["conv2d/kernel"]
    np.testing.assert_array_equal(kernel, model.get_layer("conv2d").kernel.numpy())
    answer = run.feature_maps(7, "conv2d")
    assert answer.maps.shape == (6, 6, 4)
    np.testing.assert_array_equal(answer.image, data.test.images[7])
    np.testing.assert_allclose(answer.probabilities, evaluation.probabilities[7], atol=1e-5)
    with pytest.raises(RunStateError, match=r"keeps no weights of step 1\. Kept are those of 0, "):
        run.evaluate(step=1)
    with pytest.raises(RunStateError, match="is finished"):
        run.resume()


def _steps(first: int) -> Steps:
    return Steps(
        first_step=first, loss=(2.0, 1.0), accuracy=(0.0, 0.5), learning_rate=0.1, images_per_second=9
    )


def _epoch(number: int) -> Epoch:
    return Epoch(
        epoch=number,
        step=2 * number,
        loss=1.5,
        accuracy=0.25,
        val_loss=1.4,
        val_accuracy=0.5,
        seconds=0.5,
        images_per_second=9,
    )


def test_a_design_can_be_started_from_a_link(engine: Engine) -> None:
    from cnnlab.spec import links

    design = links.decode(links.encode(DIGITS))
    assert isinstance(design, Design)
    assert api.start(design).design == DIGITS
