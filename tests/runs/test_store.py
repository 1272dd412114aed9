from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cnnlab.errors import RunError, RunNotFound, RunStateError, SpecError, StorageError
from cnnlab.runs import (
    ACTIVE,
    ENDED,
    RESUMABLE,
    STATUSES,
    Command,
    History,
    RunRow,
    Status,
    Steps,
    Store,
    Tested,
)
from cnnlab.spec.design import Design

BAD_IDS = [
    "",
    "../../etc",
    "0123456789/../x",
    "0123456789\n",
    "012345678G",
    "..",
    "a" * 11,
    "a" * 10_000,
    None,
    7,
]


def test_a_new_run_is_queued_and_says_so_in_its_first_event(store: Store, design: Design) -> None:
    before = datetime.now(UTC)
    run = store.create_run(design, owner="ada", name="  My   first ")
    assert (run.owner, run.name, run.status, run.message, run.result) == (
        "ada",
        "My first",
        "queued",
        None,
        {},
    )
    assert run.design == design
    assert before - timedelta(seconds=1) < run.created_at <= datetime.now(UTC)
    assert run.created_at.tzinfo is UTC
    assert run.started_at is None
    assert run.ended_at is None
    assert run.active
    assert [(event.seq, event.parsed()) for event in store.events(run.id)] == [(1, Status(status="queued"))]
    assert store.run(run.id) == run


def test_runs_without_a_name_are_told_apart_for_each_owner(store: Store, design: Design) -> None:
    names = [store.create_run(design, owner).name for owner in ("ada", "ada", "bob", "ada")]
    assert names == ["digits", "digits 2", "digits", "digits 3"]


def test_a_run_is_named_after_its_preset_only_while_it_is_that(store: Store, design: Design) -> None:
    trained_otherwise = design.replace(training=design.training.replace(epochs=2))
    assert store.create_run(trained_otherwise, "ada").name == "digits"
    shorter = design.architecture.with_layers(design.architecture.layers[1:])
    assert store.create_run(design.replace(architecture=shorter), "ada").name == "digits, changed"
    assert store.create_run(design.replace(architecture=shorter, preset=None), "bob").name == "digits"


def test_runs_are_listed_newest_first_by_owner_and_status(store: Store, design: Design) -> None:
    first, second, third = (store.create_run(design, owner).id for owner in ("ada", "bob", "ada"))
    store.set_status(first, "running")
    assert [run.id for run in store.runs()] == [third, second, first]
    assert [run.id for run in store.runs(owner="ada")] == [third, first]
    assert [run.id for run in store.runs(statuses=("running", "paused"))] == [first]
    assert [run.id for run in store.runs("ada", ["queued"])] == [third]
    assert store.runs(owner="eve") == []
    assert store.runs(owner="ada' OR '1'='1") == []


@pytest.mark.parametrize("run_id", [*BAD_IDS, "0123456789"])
def test_an_id_that_no_run_has_is_one_clean_error_everywhere(store: Store, run_id: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.run(run_id),
        lambda: store.events(run_id),
        lambda: store.append(run_id, [Status(status="queued")]),
        lambda: store.rename(run_id, "x"),
        lambda: store.delete(run_id),
        lambda: store.set_status(run_id, "running", expect=("queued",)),
        lambda: store.set_result(run_id, step=1),
        lambda: store.send_command(run_id, "stop"),
    ]
    for call in calls:
        with pytest.raises(
            RunNotFound, match=r"^There is no run .{1,41}\. It may have been deleted;"
        ) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_rename_changes_the_name_alone(store: Store, run: RunRow) -> None:
    store.rename(run.id, "Deeper")
    assert store.run(run.id).name == "Deeper"
    assert store.run(run.id).status == run.status


@pytest.mark.parametrize(("name", "length"), [("", 0), (" \n ", 0), ("x" * 81, 81)])
def test_an_empty_or_endless_name_is_refused(store: Store, run: RunRow, name: str, length: int) -> None:
    with pytest.raises(RunError, match=rf"must have 1 to 80 characters\. Received {length}\."):
        store.rename(run.id, name)
    assert store.run(run.id).name == run.name


def test_one_unreadable_design_does_not_spoil_the_list(store: Store, run: RunRow, design: Design) -> None:
    other = store.create_run(design, owner="ada")
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET design = '{\"version\": 99}' WHERE id = ?", (run.id,))
    broken = next(row for row in store.runs() if row.id == run.id)
    assert other.id in {row.id for row in store.runs()}
    with pytest.raises(SpecError):
        _ = broken.design


def test_set_status_moves_the_run_and_writes_the_event(store: Store, run: RunRow) -> None:
    assert store.set_status(run.id, "running", expect=("queued",))
    started = store.run(run.id)
    assert started.status == "running"
    assert started.started_at is not None
    assert store.set_status(run.id, "failed", message="The loss is NaN at step 12.")
    failed = store.run(run.id)
    assert (failed.status, failed.message, failed.active) == ("failed", "The loss is NaN at step 12.", False)
    assert failed.started_at == started.started_at
    assert failed.ended_at is not None
    assert failed.ended_at >= started.started_at
    history = History.fold(store.events(run.id))
    assert (history.seq, history.status, history.message) == (3, "failed", "The loss is NaN at step 12.")


def test_a_resumed_run_keeps_its_start_and_has_no_end_or_message(store: Store, run: RunRow) -> None:
    store.set_status(run.id, "running")
    started = store.run(run.id).started_at
    store.set_status(run.id, "interrupted", message="lost")
    store.set_status(run.id, "queued", expect=ENDED)
    row = store.run(run.id)
    assert (row.started_at, row.ended_at, row.message) == (started, None, None)


def test_a_status_change_that_was_not_expected_changes_nothing(store: Store, run: RunRow) -> None:
    assert not store.set_status(run.id, "paused", expect=("running",))
    assert not store.set_status(run.id, "paused", expect=())
    assert store.run(run.id) == run
    assert len(store.events(run.id)) == 1


def test_an_unknown_status_or_command_is_a_programming_error(store: Store, run: RunRow) -> None:
    with pytest.raises(ValueError, match=r"must be one of queued, running, .* Received 'done'"):
        store.set_status(run.id, "done")
    with pytest.raises(
        ValueError, match="must be one of stop, pause, resume, step, epoch, set. Received 'jump'"
    ):
        store.send_command(run.id, "jump")


def test_active_and_ended_divide_the_statuses() -> None:
    assert set(ACTIVE) | set(ENDED) == set(STATUSES)
    assert not set(ACTIVE) & set(ENDED)


def test_results_are_merged_and_plain(store: Store, run: RunRow) -> None:
    store.set_result(run.id, test_accuracy=np.float32(0.5), step=np.int64(12), epochs_done=1)
    store.set_result(run.id, epochs_done=2, test_loss=math.nan, val_accuracy=None)
    result = store.run(run.id).result
    assert result == {
        "test_accuracy": 0.5,
        "step": 12,
        "epochs_done": 2,
        "test_loss": None,
        "val_accuracy": None,
    }
    assert type(result["step"]) is int


def test_a_run_that_is_queued_again_has_no_result_of_its_earlier_end(store: Store, run: RunRow) -> None:
    store.set_result(run.id, test_accuracy=0.5, step=12)
    store.set_status(run.id, "stopped")
    assert not store.set_status(run.id, "queued", expect=("failed",))
    assert store.run(run.id).result == {"test_accuracy": 0.5, "step": 12}
    store.set_status(run.id, "queued", expect=RESUMABLE)
    assert store.run(run.id).result == {}


@pytest.mark.parametrize("status", STATUSES)
def test_a_run_that_ended_early_is_resumable_unless_it_diverged(
    store: Store, run: RunRow, status: str
) -> None:
    store.set_status(run.id, status)
    assert store.run(run.id).resumable == (status in ("stopped", "failed", "interrupted"))
    store.set_result(run.id, diverged_at=17)
    assert store.run(run.id).diverged
    assert not store.run(run.id).resumable


def test_events_are_numbered_from_one_and_read_from_where_one_left_off(
    store: Store, run: RunRow, steps: Callable[[int], Steps], design: Design
) -> None:
    assert store.append(run.id, [steps(1), steps(2)]) == 3
    assert store.append(run.id, []) == 3
    assert store.append(store.create_run(design, "bob").id, [steps(1)]) == 2
    assert store.append(run.id, [Tested(step=2, loss=math.inf, accuracy=0.25)]) == 4
    assert [event.seq for event in store.events(run.id)] == [1, 2, 3, 4]
    assert [event.seq for event in store.events(run.id, after=1, limit=2)] == [2, 3]
    assert store.events(run.id, after=4) == []
    last = store.events(run.id, after=3)[0]
    assert last.payload == {"step": 2, "loss": None, "accuracy": 0.25}
    assert last.time.tzinfo is UTC


def test_commands_are_taken_once_in_the_order_they_were_sent(
    store: Store, run: RunRow, design: Design
) -> None:
    other = store.create_run(design, "bob")
    assert store.take_commands(run.id) == []
    assert store.send_command(run.id, "pause")
    assert store.send_command(other.id, "stop")
    assert store.send_command(run.id, "resume")
    assert store.take_commands(run.id) == [Command("pause"), Command("resume")]
    assert store.take_commands(run.id) == []
    assert store.take_commands(other.id) == [Command("stop")]


def test_a_stop_that_came_too_late_does_not_stop_the_resumed_run(store: Store, run: RunRow) -> None:
    store.set_status(run.id, "running")
    store.send_command(run.id, "stop")
    store.set_status(run.id, "finished")
    assert not store.send_command(run.id, "stop")
    store.set_status(run.id, "queued", expect=ENDED)
    assert store.take_commands(run.id) == []


def test_delete_removes_the_record_and_the_files_of_this_run_alone(
    store: Store, run: RunRow, design: Design
) -> None:
    other = store.create_run(design, "ada")
    for row in (run, other):
        store.send_command(row.id, "stop")
        store.files(row.id).write_weights(0, 0, {"dense/bias": np.zeros(3, np.float32)})
    store.delete(run.id)
    with pytest.raises(RunNotFound):
        store.run(run.id)
    assert [path.name for path in (store.home / "runs").iterdir()] == [other.id]
    assert store.files(other.id).checkpoints()
    assert store.take_commands(other.id) == [Command("stop")]
    with store._database.read() as connection:
        left = connection.exec_driver_sql("SELECT DISTINCT run_id FROM events").scalars().all()
    assert left == [other.id]


def test_a_run_that_cannot_be_taken_from_the_record_keeps_its_files(store: Store, run: RunRow) -> None:
    store.files(run.id).write_weights(0, 0, {"dense/bias": np.zeros(3, np.float32)})
    impatient = Store(store.path, busy_seconds=0.05)
    with store._database.write(), pytest.raises(StorageError, match="locked"):
        impatient.delete(run.id)
    impatient.close()
    assert store.run(run.id) == run
    assert store.files(run.id).checkpoints()


def test_a_run_in_training_is_not_deleted(store: Store, run: RunRow) -> None:
    with (
        store.files(run.id).lock(),
        pytest.raises(RunStateError, match=r"\('digits'\) is being trained\. Stop it, then delete it\."),
    ):
        store.delete(run.id)
    assert store.run(run.id) == run
    store.delete(run.id)


def test_reap_marks_a_running_or_paused_run_whose_lock_is_free(store: Store, design: Design) -> None:
    ids = {status: store.create_run(design, "ada").id for status in STATUSES}
    for status, run_id in ids.items():
        store.set_status(run_id, status)
    assert sorted(store.reap()) == sorted([ids["running"], ids["paused"]])
    assert store.reap() == []
    for status, run_id in ids.items():
        row = store.run(run_id)
        assert row.status == ("interrupted" if status in ("running", "paused") else status)
    message = store.run(ids["running"]).message
    assert message is not None
    assert message.startswith("The worker process ended before the training did. Resume goes on")


def test_reap_leaves_a_run_alone_whose_worker_is_in_this_process(store: Store, run: RunRow) -> None:
    with store.files(run.id).lock():
        store.set_status(run.id, "running")
        assert store.reap() == []
    assert store.reap() == [run.id]


def test_reap_does_not_touch_a_run_that_a_new_worker_takes_meanwhile(
    store: Store, run: RunRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set_status(run.id, "running")
    seen_by_reaper = store.runs(statuses=("running", "paused"))
    store.set_status(run.id, "interrupted")
    store.set_status(run.id, "queued")
    with store.files(run.id).lock():
        store.set_status(run.id, "running")
        monkeypatch.setattr(store, "runs", lambda **_: seen_by_reaper)
        assert store.reap() == []
    assert store.run(run.id).status == "running"


def test_of_many_who_try_the_same_change_one_succeeds(store: Store, run: RunRow) -> None:
    stores = [Store(store.path) for _ in range(4)]
    barrier = threading.Barrier(8)
    moved: list[bool] = []

    def move(mine: Store) -> None:
        barrier.wait(10)
        moved.append(mine.set_status(run.id, "running", expect=("queued",)))

    threads = [threading.Thread(target=move, args=(mine,)) for mine in stores * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for mine in stores:
        mine.close()
    assert sorted(moved) == [False] * 7 + [True]
    assert [event.payload["status"] for event in store.events(run.id)] == ["queued", "running"]


def test_threads_of_one_process_share_a_store(
    store: Store, run: RunRow, steps: Callable[[int], Steps]
) -> None:
    def write(first: int) -> None:
        for step in range(first, first + 25):
            store.append(run.id, [steps(step)])
            assert store.events(run.id, limit=1)[0].seq == 1

    threads = [threading.Thread(target=write, args=(first,)) for first in (1, 101, 201, 301)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [event.seq for event in store.events(run.id)] == list(range(1, 102))
