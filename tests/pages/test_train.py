"""Train: the settings, and a run in every status, seen by its owner and by someone else."""

from __future__ import annotations

import time

import pytest

from cnnlab import api
from cnnlab import settings as cnnlab_settings
from cnnlab.errors import EngineError
from cnnlab.runs import get_store
from cnnlab.spec import links
from cnnlab.spec.augmentation import Noise, Rotate
from cnnlab.spec.layers import Conv2D, Flatten, MaxPooling2D
from cnnlab.spec.training import TrainingConfig
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.design_page import design_of
from tests.pages.recorded import OTHER, OWNER
from tests.pages.stubs import NotingEngine


def settings(app: object) -> list[str]:
    """Labels of the settings shown, in order."""
    keys = [each.key for each in app.main if str(each.key).startswith("w-training-")]  # type: ignore[attr-defined]
    return [key.removeprefix("w-training-") for key in keys]


ALWAYS = [
    "epochs",
    "batch_size",
    "optimizer",
    "learning_rate",
    "schedule",
    "validation_share",
    "seed",
    "precision",
    "early_stopping",
    "keep_best",
]


# The settings


def test_the_settings_are_those_of_the_design(open_page: OpenPage) -> None:
    app = open_page("train")
    assert not app.exception
    assert "**Handwritten digits, small**" in screen.texts(app)
    assert "Digits · 43,050 parameters" in screen.texts(app)
    shown = {name: app.get_by_key(f"w-training-{name}").value for name in settings(app)}
    training = recorded.digits(epochs=20).training
    assert shown == {name: getattr(training, name) for name in training.relevant()}


def test_the_stack_of_augmentations_is_said_with_the_settings(open_page: OpenPage) -> None:
    design = recorded.digits()
    assert screen.says(open_page("train"), "Augmentation: none")
    stack = (Noise(), Rotate())
    design = design.replace(training=design.training.replace(augmentation=stack))
    app = open_page("design", lab=links.encode(design)).switch_page("pages/train.py").run()
    assert screen.says(app, "Augmentation: Rotate 15° · Noise 0.05")
    assert screen.links(app, "Augment in Data")


@pytest.mark.parametrize(
    ("field", "value", "more"),
    [
        ("optimizer", "Adam", ["warmup"]),
        ("optimizer", "SGD", ["momentum", "warmup"]),
        ("optimizer", "AdamW", ["weight_decay", "warmup"]),
        ("optimizer", "RMSprop", ["warmup"]),
        ("optimizer", "Muon", ["momentum", "warmup"]),
        ("schedule", "constant", []),
        ("schedule", "cosine", ["warmup"]),
        ("schedule", "step", ["drop_factor", "drop_every"]),
    ],
)
def test_only_settings_that_have_an_effect_are_shown(
    field: str, value: str, more: list[str], open_page: OpenPage
) -> None:
    app = open_page("train")
    app.get_by_key(f"w-training-{field}").set_value(value).run()
    assert not app.exception
    assert sorted(settings(app)) == sorted([*ALWAYS, *more])


CHANGES = {
    "epochs": 7,
    "batch_size": 128,
    "optimizer": "SGD",
    "learning_rate": 0.05,
    "schedule": "step",
    "validation_share": 0.25,
    "seed": 9,
    "warmup": 0.25,
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_setting_is_what_is_trained(field: str, open_page: OpenPage, engine: NotingEngine) -> None:
    app = open_page("train")
    app.get_by_key(f"w-training-{field}").set_value(CHANGES[field]).run()
    app.button(key="start").click().run()
    assert not app.exception
    (run,) = api.runs(OWNER)
    assert run.design.training == recorded.digits(20).training.replace(**{field: CHANGES[field]})
    assert engine.trained == [run.id]
    assert app.query_params["run"] == run.id


def test_starting_twice_starts_one_run(open_page: OpenPage, engine: NotingEngine) -> None:
    app = open_page("train")
    app.button(key="start").click().run()
    assert "start" not in [button.key for button in app.button]
    app.switch_page("pages/design.py").run()
    app.button(key="train").click().run()
    assert len(api.runs(OWNER)) == len(engine.trained) == 1


@pytest.mark.parametrize(("page", "button"), [("train", "start"), ("design", "train"), ("home", "first")])
def test_a_run_that_cannot_be_started_says_why(
    page: str, button: str, open_page: OpenPage, engine: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(run_id: str) -> None:
        raise EngineError("No worker can be started: the disk is full.")

    monkeypatch.setattr(engine, "train", refuse)
    app = open_page(page)
    app.button(key=button).click().run()
    assert not app.exception
    assert [toast.value for toast in app.toast] == ["No worker can be started: the disk is full."]
    assert app.toast[0].proto.duration == 0  # it stays until it is closed


def test_a_design_whose_data_is_not_here_offers_the_download_first(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_DOWNLOADS", "1")
    cnnlab_settings.get.cache_clear()
    app = open_page("design")
    app.menu_button(key="w-preset").set_value("lenet5").run()
    app.switch_page("pages/train.py").run()
    assert not app.exception
    assert app.button(key="start").disabled
    assert screen.buttons(app)["Download MNIST"]
    assert "11.5\u00a0MB to download" in app.info[0].value


def test_where_downloads_are_off_the_file_to_put_there_is_named(open_page: OpenPage) -> None:
    app = open_page("design")
    app.menu_button(key="w-preset").set_value("lenet5").run()
    app.switch_page("pages/train.py").run()
    assert app.button(key="start").disabled
    (warning,) = app.warning
    assert "Put mnist.npz (arrays x_train, y_train, x_test, y_test) into " in warning.value


def test_beside_a_run_the_way_leads_to_the_page_that_names_the_file(open_page: OpenPage) -> None:
    run = recorded.finished()
    app = open_page("design")
    app.menu_button(key="w-preset").set_value("lenet5").run()
    app.query_params["run"] = run.id
    app.switch_page("pages/train.py").run()
    assert app.button(key="start").disabled
    assert [warning.value for warning in app.warning] == ["MNIST is not on this machine."]
    assert screen.links(app, "Which file to put where") == ["set=mnist"]


# A run that waits or trains


def test_a_queued_run_shows_its_place(open_page: OpenPage, engine: NotingEngine) -> None:
    run = recorded.queued()
    for place, words in ((1, "1 run before this one."), (3, "3 runs before this one.")):
        engine.places[run.id] = place
        app = open_page("train", run=run.id)
        assert not app.exception
        assert [info.value for info in app.info] == [words]
        assert screen.status(app) == "queued"
    engine.places[run.id] = 0
    app = open_page("train", run=run.id)
    assert screen.says(app, "Starting TensorFlow…")
    assert not app.info


def test_a_queued_run_can_be_stopped_but_not_paused(open_page: OpenPage, engine: NotingEngine) -> None:
    run = recorded.queued()
    app = open_page("train", run=run.id)
    assert all(app.button(key=key).disabled for key in ("pause", "step", "epoch"))
    app.button(key="stop").click().run()
    assert not app.exception
    assert api.get(run.id).status == "stopped"
    assert screen.status(app) == "stopped"


@pytest.mark.parametrize("key", ["pause", "stop", "step", "epoch"])
def test_a_running_run_is_commanded_through_the_record(
    key: str, open_page: OpenPage, engine: NotingEngine
) -> None:
    run = recorded.running()
    app = open_page("train", run=run.id)
    assert screen.status(app) == "running"
    with get_store().files(run.id).lock():  # its worker lives
        app.button(key=key).click().run()
    assert not app.exception
    assert [sent.kind for sent in get_store().take_commands(run.id)] == [key]


def test_a_paused_run_offers_resume_and_stop(open_page: OpenPage, engine: NotingEngine) -> None:
    run = recorded.running()
    get_store().set_status(run.id, "paused")
    app = open_page("train", run=run.id)
    assert screen.status(app) == "paused"
    assert {"Resume", "Stop", "Step", "Epoch"} <= set(screen.buttons(app))
    assert "Pause" not in screen.buttons(app)
    with get_store().files(run.id).lock():  # its worker lives
        app.button(key="go-on").click().run()
    assert [sent.kind for sent in get_store().take_commands(run.id)] == ["resume"]


def test_while_a_run_is_active_its_settings_are_shown_and_locked(open_page: OpenPage) -> None:
    training = TrainingConfig(epochs=3, optimizer="SGD", momentum=0.8)
    run = recorded.running(design=recorded.digits().replace(training=training))
    app = open_page("train", run=run.id)
    assert app.slider(key="w-training-epochs").value == 3
    assert app.slider(key="w-training-momentum").value == 0.8
    assert all(app.get_by_key(f"w-training-{name}").disabled for name in settings(app))
    assert "start" not in [button.key for button in app.button]


@pytest.mark.parametrize("status", ["queued", "running", "paused"])
def test_someone_else_watches_a_run_but_cannot_touch_it(
    status: str, open_page: OpenPage, engine: NotingEngine
) -> None:
    run = recorded.queued(OTHER) if status == "queued" else recorded.running(OTHER)
    if status == "paused":
        get_store().set_status(run.id, "paused")
    app = open_page("train", run=run.id)
    assert not app.exception
    assert screen.component(app, f"w-live-{run.id}")["run"] == run.id
    assert not {"Pause", "Stop", "Resume", "Step", "Epoch", "Train"} & set(screen.buttons(app))
    assert not [each.key for each in app.select_slider if str(each.key).startswith("w-now-")]


def test_the_chart_reads_the_runs_own_events(open_page: OpenPage) -> None:
    run = recorded.running()
    given = screen.component(open_page("train", run=run.id), f"w-live-{run.id}")
    assert given["url"] == f"cnnlab/runs/{run.id}/events"
    assert given["status"] == "running"


def test_without_a_stream_the_page_sends_what_the_record_says(open_page: OpenPage) -> None:
    run = recorded.finished()
    app = open_page("train", run=run.id)
    app.session_state["cnnlab-stream-lost"] = {"run": run.id, "at": time.time()}
    app.run()
    (sent,) = screen.component(app, f"w-live-{run.id}")["snapshot"]
    assert sent["step"] == list(range(1, recorded.LAST + 1))
    assert sent["loss"] == pytest.approx([2.3 / step for step in sent["step"]])
    assert [epoch["val_accuracy"] for epoch in sent["epochs"]] == [0.7, 0.85]
    assert sent["tested"]["accuracy"] == pytest.approx(recorded.accuracy())


# A run that has ended


def test_a_finished_run_shows_its_accuracy_and_its_confusion_matrix(open_page: OpenPage) -> None:
    run = recorded.finished()
    app = open_page("train", run=run.id)
    assert not app.exception
    assert screen.status(app) == "finished"
    assert screen.says(app, "**96.7%** of the test images right after 8.4 s.")
    drawn = screen.component(app, "w-train-matrix")
    assert drawn["counts"] == recorded.confusion().tolist()
    assert drawn["selected"] == [3, 8]
    assert screen.says(app, "7 of 37 images of '3' were called '8'.")
    assert screen.links(app, "Inspect")[-1] == screen.links(app, "Evaluate")[-1] == f"run={run.id}"
    assert screen.buttons(app)["Train"]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("failed", "The loss became NaN at step 17. Use a smaller learning rate."),
        ("failed", "Out of memory. Use a smaller batch."),
        ("interrupted", "The worker process ended before the training did."),
        ("stopped", None),
    ],
)
def test_a_run_that_ended_early_says_why_and_can_be_resumed(
    status: str, message: str | None, open_page: OpenPage, engine: NotingEngine
) -> None:
    run = recorded.ended(status, message)
    app = open_page("train", run=run.id)
    assert not app.exception
    assert screen.status(app) == status
    assert [warning.value for warning in app.warning] == ([message] if message else [])
    assert screen.links(app, "Inspect")[-1] == f"run={run.id}"
    app.button(key="resume").click().run()
    assert not app.exception
    assert engine.trained == [run.id]
    assert screen.status(app) == "queued"


def test_a_run_whose_loss_grew_without_end_is_begun_again_with_shorter_steps(
    open_page: OpenPage, engine: NotingEngine
) -> None:
    found = recorded.digits()
    run = recorded.ended(
        "failed",
        "The loss became NaN at step 30.",
        design=found.replace(training=found.training.replace(learning_rate=0.3)),
    )
    get_store().set_result(run.id, diverged_at=30)
    app = open_page("train", run=run.id)
    assert screen.says(app, "**No confusion matrix yet**")
    assert screen.says(app, "With a learning rate of 0.3 each step overshot the valley")
    assert "Resume" not in screen.buttons(app)
    app.button(key="again-smaller").click().run()
    assert not app.exception
    new = api.get(engine.trained[0])
    assert new.design.training == run.design.training.replace(learning_rate=0.03)
    assert new.row.parent == run.id
    assert app.query_params["run"] == new.id
    app.query_params["run"] = run.id
    app.run()
    app.button(key="again-smaller").click().run()  # the second of two clicks
    assert app.query_params["run"] == new.id
    assert engine.trained == [new.id]


def test_where_a_run_ended_early_the_weights_that_are_kept_can_be_tested(open_page: OpenPage) -> None:
    app = open_page("train", run=(run := recorded.ended("failed", "Out of memory. Use a smaller batch.")).id)
    assert screen.says(app, "**Resume** goes on from its last full state")
    assert screen.says(app, "The weights after epoch 1 are kept:")
    assert screen.links(app, "Test them now") == [f"run={run.id}"]
    assert "again-smaller" not in [button.key for button in app.button]
    assert not screen.says(open_page("train", run=recorded.finished().id), "No confusion matrix yet")


def test_a_training_whose_end_cannot_be_recorded_says_so(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recorded.running()
    ends = {run.id: ("interrupted", "The training was cut off. The disk is full.")}
    monkeypatch.setattr("cnnlab.ui.training_panel.unrecorded_end", ends.get)
    app = open_page("train", run=run.id)
    assert not app.exception
    assert app.error[0].proto.title == "This training has ended"
    assert screen.error(app).startswith("The training was cut off. The disk is full. The record cannot be ")


def test_the_page_follows_once_the_end_is_recorded(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recorded.running()
    looks = iter([("interrupted", "Cut off.")])

    def unrecorded(run_id: str) -> tuple[str, str] | None:
        """The first look finds the end; before the second it is in the record."""
        end = next(looks, None)
        if end is None and api.get(run.id).status == "running":
            get_store().set_status(run.id, "interrupted", message="Cut off.")
        return end

    monkeypatch.setattr("cnnlab.ui.training_panel.unrecorded_end", unrecorded)
    app = open_page("train", run=run.id)
    assert not app.exception
    assert not app.error
    assert screen.status(app) == "interrupted"
    assert [warning.value for warning in app.warning] == ["Cut off."]


def test_nobody_but_its_owner_can_resume_a_run(open_page: OpenPage) -> None:
    app = open_page("train", run=recorded.ended("stopped", owner=OTHER).id)
    assert screen.status(app) == "stopped"
    assert "Resume" not in screen.buttons(app)


def test_a_finished_run_whose_answers_are_damaged_asks_for_them_anew(
    open_page: OpenPage, engine: NotingEngine
) -> None:
    run = recorded.finished()
    (file,) = get_store().files(run.id).folder.glob(f"evaluation-{recorded.LAST:08d}-*.npz")
    file.write_bytes(b"damaged")
    app = open_page("train", run=run.id)
    assert not app.exception
    assert engine.asked == [("evaluate", {"run_id": run.id, "step": recorded.LAST})]
    assert screen.error(app) == "Nobody answers 'evaluate' here."


def test_before_the_first_run_the_page_says_what_will_be_trained(open_page: OpenPage) -> None:
    app = open_page("train")
    assert screen.says(app, "Press Train and watch loss and accuracy move")
    assert screen.says(app, "1,294 training images in batches of 64: 21 steps an epoch, 420 in all.")
    (curve,) = screen.figure(app, "w-schedule")["data"]
    assert max(curve["y"]) == pytest.approx(3e-3)


def test_a_batch_that_needs_too_much_memory_cannot_be_started(open_page: OpenPage) -> None:
    wide = Conv2D(filters=2048, kernel_size=1, padding="same")
    design = design_of("digits", wide, wide, MaxPooling2D(pool_size=8), Flatten())
    app = open_page("design", lab=links.encode(design.replace(training=TrainingConfig(batch_size=4096))))
    app.switch_page("pages/train.py").run()
    assert not app.exception
    assert app.button(key="start").disabled
    assert "Cannot start yet. Training: a step of 4096 images needs about" in screen.error(app)
    app.select_slider(key="w-training-batch_size").set_value(8).run()
    assert not app.error
    assert not app.button(key="start").disabled
