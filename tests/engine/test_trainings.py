"""Trainings through the queue: order, double clicks, lost workers, the small profile, closing."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from cnnlab import settings
from cnnlab.engine import Engine
from cnnlab.errors import EngineError, RunNotFound, RunStateError, StorageError
from cnnlab.runs.store import get_store
from tests.engine.conftest import MakeEngine, NewRun, order, status_is, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the toy tasks use POSIX signals")


def worker_of(engine: Engine, run_id: str) -> int:
    """Process id of the worker that trains the run."""
    return next(worker.pid or 0 for worker in engine.status().workers if worker.run_id == run_id)


def begin(engine: Engine, run_id: str) -> None:
    engine.train(run_id)
    wait_for(status_is(run_id, "running"), "the training to run")


def stop(run_id: str) -> None:
    get_store().send_command(run_id, "stop")
    wait_for(status_is(run_id, "stopped"), "the training to stop")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLAB_PROFILE", "small")
    settings.get.cache_clear()


def test_a_training_runs_and_the_record_tells_its_end(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run("quick")
    engine.train(run_id)
    wait_for(status_is(run_id, "finished"), "the end")
    wait_for(lambda: not engine.busy, "the engine to be free again")


def test_a_question_is_answered_while_a_training_runs(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run()
    begin(engine, run_id)
    assert engine.ask("pid") != worker_of(engine, run_id)
    assert status_is(run_id, "running")()


def test_there_is_one_spare_worker_and_none_too_many(engine: Engine, new_run: NewRun) -> None:
    engine.warm()
    run_id = new_run()
    begin(engine, run_id)
    wait_for(lambda: engine.status().ready, "the spare worker")
    assert sorted(worker.state for worker in engine.status().workers) == ["idle", "training"]
    trained = worker_of(engine, run_id)
    stop(run_id)
    wait_for(lambda: len(engine.status().workers) == 1, "the surplus worker to leave")
    assert engine.status().workers[0].pid != trained, "the fresh one stays"


def test_without_warming_there_is_no_spare_worker(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run()
    begin(engine, run_id)
    assert [worker.state for worker in engine.status().workers] == ["training"]
    stop(run_id)
    wait_for(lambda: not engine.busy, "the engine to be free again")
    assert [worker.state for worker in engine.status().workers] == ["idle"]


def test_a_short_training_has_the_processor_to_itself(make_engine: MakeEngine, new_run: NewRun) -> None:
    engine = make_engine(spare_seconds=600)
    engine.warm()
    run_id = new_run()
    begin(engine, run_id)
    assert [worker.state for worker in engine.status().workers] == ["training"]
    assert engine.ask("pid") != worker_of(engine, run_id), "a question starts the spare worker at once"


def test_a_worker_goes_on_with_the_next_run(engine: Engine, new_run: NewRun) -> None:
    first, second = new_run(), new_run("endless too")
    begin(engine, first)
    worker = worker_of(engine, first)
    engine.train(second)
    stop(first)
    wait_for(status_is(second, "running"), "the second training")
    assert worker_of(engine, second) == worker


def test_a_double_click_starts_a_run_once(engine: Engine, new_run: NewRun) -> None:
    blocker, run_id = new_run(), new_run("quick")
    begin(engine, blocker)
    for _ in range(3):
        engine.train(run_id)
    assert engine.status().queue == (run_id,)
    engine.train(blocker)
    assert engine.status().queue == (run_id,)
    stop(blocker)
    wait_for(lambda: not engine.busy, "the end of both")
    assert order() == [blocker, run_id]


def test_two_owners_take_turns(engine: Engine, new_run: NewRun) -> None:
    blocker = new_run(owner="ada")
    begin(engine, blocker)
    adas = [new_run(f"quick {number}", owner="ada") for number in range(3)]
    for run_id in adas:
        engine.train(run_id)
    bobs = [new_run(f"quick {number}", owner="bob") for number in range(2)]
    for run_id in bobs:
        engine.train(run_id)
    assert [engine.position(run_id) for run_id in (*bobs, *adas, blocker)] == [1, 3, 2, 4, 5, None]
    stop(blocker)
    wait_for(lambda: not engine.busy, "the queue to be empty")
    assert order() == [blocker, bobs[0], adas[0], bobs[1], adas[1], adas[2]]


def test_as_many_trainings_run_at_once_as_the_settings_allow(
    make_engine: MakeEngine, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_TRAININGS", "2")
    settings.get.cache_clear()
    engine = make_engine()
    runs = [new_run(f"endless {number}") for number in range(3)]
    for run_id in runs:
        engine.train(run_id)
    wait_for(lambda: status_is(runs[0], "running")() and status_is(runs[1], "running")(), "two trainings")
    assert engine.position(runs[2]) == 1  # one of the two that train must end
    assert set(engine.status().training) == set(runs[:2])


def test_a_waiting_run_can_be_cancelled(engine: Engine, new_run: NewRun) -> None:
    blocker, waiting = new_run(), new_run("quick")
    begin(engine, blocker)
    engine.train(waiting)
    assert engine.cancel(waiting)
    assert not engine.cancel(waiting)
    assert not engine.cancel(blocker)
    assert engine.position(waiting) is None
    row = get_store().run(waiting)
    assert (row.status, row.message) == ("stopped", "Stopped before it had started.")
    assert status_is(blocker, "running")()


def test_a_run_that_was_stopped_in_the_record_while_it_waited_is_passed_over(
    engine: Engine, new_run: NewRun
) -> None:
    blocker, waiting, deleted = new_run(), new_run("quick"), new_run("quick too")
    begin(engine, blocker)
    engine.train(waiting)
    engine.train(deleted)
    get_store().set_status(waiting, "stopped")
    get_store().delete(deleted)
    stop(blocker)
    wait_for(lambda: not engine.busy, "the queue to be empty")
    assert order() == [blocker]
    assert status_is(waiting, "stopped")()


def test_a_stopped_run_can_go_on(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run()
    begin(engine, run_id)
    stop(run_id)
    begin(engine, run_id)


def test_a_finished_run_is_not_trained_again(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run("quick")
    engine.train(run_id)
    wait_for(lambda: not engine.busy, "the end")
    with pytest.raises(
        RunStateError, match=rf"Run {run_id} \('quick'\) is finished\. Start it again as a new run"
    ):
        engine.train(run_id)


def test_an_unknown_run_is_refused(engine: Engine) -> None:
    with pytest.raises(RunNotFound):
        engine.train("0123456789")


def test_a_killed_worker_leaves_the_run_interrupted_and_resumable(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run()
    begin(engine, run_id)
    os.kill(worker_of(engine, run_id), signal.SIGKILL)
    wait_for(status_is(run_id, "interrupted"), "the record to tell")
    assert get_store().run(run_id).message == (
        "The training was cut off. During the task 'train' its process was killed by SIGKILL, as a system "
        "does that runs out of memory. Resume goes on from the last state on the disk."
    )
    begin(engine, run_id)


def test_an_end_that_the_record_does_not_take_is_told_and_written_later(
    engine: Engine, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = new_run()
    begin(engine, run_id)

    def refuse(*arguments: object, **named: object) -> bool:
        raise StorageError("The record cannot be written: the disk is full.")

    monkeypatch.setattr("cnnlab.engine.ends.RECORD_AGAIN_SECONDS", 0.01)
    with monkeypatch.context() as full:
        full.setattr(get_store(), "set_status", refuse)
        os.kill(worker_of(engine, run_id), signal.SIGKILL)
        status, message = wait_for(lambda: engine.unrecorded_end(run_id), "the end to be told")
        assert status == "interrupted"
        assert "its process was killed by SIGKILL" in message
        assert status_is(run_id, "running")()
    wait_for(status_is(run_id, "interrupted"), "the end to be recorded")
    assert get_store().run(run_id).message == message
    wait_for(lambda: engine.unrecorded_end(run_id) is None, "the engine to forget it")


def test_the_next_run_starts_after_a_worker_was_killed(engine: Engine, new_run: NewRun) -> None:
    run_id, following = new_run(), new_run("quick")
    begin(engine, run_id)
    engine.train(following)
    os.kill(worker_of(engine, run_id), signal.SIGKILL)
    wait_for(status_is(following, "finished"), "the next run")


def test_a_worker_lost_before_the_run_began_costs_a_second_try(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run("stillborn, then endless")
    begin(engine, run_id)


def test_a_training_that_raises_fails_in_words(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run("unrunnable")
    engine.train(run_id)
    wait_for(status_is(run_id, "failed"), "the failure")
    assert get_store().run(run_id).message == "The task 'train' failed: ValueError: nothing can be done"
    assert engine.ask("echo", value=1) == 1


def test_runs_fail_in_words_where_no_worker_starts(make_engine: MakeEngine, new_run: NewRun) -> None:
    engine = make_engine("tests.engine.broken_tasks")
    run_id = new_run()
    engine.train(run_id)
    wait_for(status_is(run_id, "failed"), "the failure")
    assert "no CUDA today" in (get_store().run(run_id).message or "")


def test_a_run_that_another_process_trains_is_left_alone(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run()
    store = get_store()
    with store.files(run_id).lock():
        store.set_status(run_id, "running")
        engine.train(run_id)
        assert not engine.busy
    engine.train(run_id)
    wait_for(lambda: order() == [run_id], "the run whose trainer has gone to be taken over")


def test_what_a_dead_server_left_is_adopted(engine: Engine, new_run: NewRun) -> None:
    store = get_store()
    left_running, left_queued, later = new_run(), new_run("quick"), new_run("quick later")
    store.set_status(left_running, "running")
    assert engine.adopt() == [left_queued, later]
    assert store.run(left_running).status == "interrupted"
    wait_for(lambda: not engine.busy, "the adopted runs")
    assert order() == [left_queued, later]
    assert engine.adopt() == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_all_threads_of_a_training_are_niced_and_its_answers_are_not(engine: Engine, new_run: NewRun) -> None:
    usual = engine.ask("priority")
    run_id = new_run()
    begin(engine, run_id)
    wait_for(order, "the training's note of its priority")
    _, pid, told = (get_store().home / "order").read_text().splitlines()[-1].split(" ", 2)
    assert told == f"[{max(usual[0], 5)}]", "somebody waits for its first point"
    threads = Path(f"/proc/{pid}/task")

    def priorities() -> set[int]:
        return {os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in threads.iterdir()}

    wait_for(lambda: priorities() == {max(usual[0], 10)}, "the training to stand back")
    assert engine.ask("priority") == usual


def test_a_small_machine_has_one_worker(small: None, make_engine: MakeEngine, new_run: NewRun) -> None:
    engine = make_engine()
    run_id = new_run()
    begin(engine, run_id)
    assert [worker.state for worker in engine.status().workers] == ["training"]
    with pytest.raises(
        EngineError, match=r"memory for one worker, and that is training now\. Try again when"
    ):
        engine.ask("pid")
    trained = worker_of(engine, run_id)
    stop(run_id)
    wait_for(lambda: engine.status().ready, "the worker to be free")
    assert engine.ask("pid") == trained


def test_closing_leaves_the_queue_for_the_next_server(
    engine: Engine, make_engine: MakeEngine, new_run: NewRun
) -> None:
    run_id, waiting = new_run(), new_run("quick")
    begin(engine, run_id)
    engine.train(waiting)
    engine.close()
    assert status_is(waiting, "queued")()
    row = get_store().run(run_id)
    assert (row.status, row.message) == ("interrupted", "The state was written.")
    assert make_engine().adopt() == [waiting]
    wait_for(status_is(waiting, "finished"), "the adopted run")
