"""Worker processes: handshake, questions, time limits, replacement."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from cnnlab import settings
from cnnlab.engine import Engine, process
from cnnlab.engine.process import KEPT_LOGS
from cnnlab.errors import DatasetUnavailable, EngineError, TaskFailed, WorkerLost
from tests.engine.conftest import MakeEngine, NewRun, status_is, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the toy tasks use POSIX signals")


def pids(engine: Engine) -> list[int | None]:
    return [worker.pid for worker in engine.status().workers]


def gone(pid: int | None) -> bool:
    """Whether the process has ended and was waited for."""
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_nothing_is_started_before_it_is_needed(engine: Engine) -> None:
    status = engine.status()
    assert status.workers == ()
    assert not status.ready


def test_warming_waits_for_no_worker_and_one_gets_ready(engine: Engine) -> None:
    with engine._reception._lock:  # no worker can arrive, so whoever waited for one would stay here
        engine.warm()
        assert not engine.status().ready
    wait_for(lambda: engine.status().ready, "a warm worker")
    assert [worker.state for worker in engine.status().workers] == ["idle"]


def test_a_question_is_answered_by_another_process(engine: Engine) -> None:
    assert engine.ask("echo", value={"a": [1, 2]}) == {"a": [1, 2]}
    assert engine.ask("pid") == pids(engine)[0] != os.getpid()


def test_one_worker_answers_one_question_after_the_other(engine: Engine) -> None:
    assert len({engine.ask("pid") for _ in range(5)}) == 1


def test_questions_from_many_threads_get_their_own_answers(engine: Engine) -> None:
    answers: dict[int, int] = {}
    threads = [
        threading.Thread(target=lambda n=n: answers.update({n: engine.ask("echo", value=n)}))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number for number in range(20)}


def test_a_workers_prints_go_to_its_log_and_disturb_no_answer(engine: Engine, home: Path) -> None:
    engine.ask("say", text="hello from a worker")
    assert engine.ask("echo", value=1) == 1
    assert any("hello from a worker" in log.read_text() for log in (home / "logs").iterdir())


def test_only_the_newest_logs_are_kept(engine: Engine, home: Path) -> None:
    (home / "logs").mkdir(parents=True)
    for number in range(KEPT_LOGS + 5):
        (home / "logs" / f"worker-20200101-0000{number:02d}-abcd.log").touch()
    engine.ask("pid")
    assert len(list((home / "logs").iterdir())) == KEPT_LOGS


def test_a_worker_starts_where_no_log_can_be_written(engine: Engine, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "logs").write_text("a file where the folder should be")
    assert engine.ask("echo", value=1) == 1


def test_a_worker_starts_in_any_folder(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras.py").write_text("raise RuntimeError('the file of a user who names things badly')")
    (tmp_path / "cnnlab").mkdir()
    monkeypatch.chdir(tmp_path)
    assert engine.ask("echo", value=1) == 1


def test_a_relative_home_means_the_same_folder_to_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_engine: MakeEngine
) -> None:
    monkeypatch.setenv("CNNLAB_HOME", "here")
    monkeypatch.chdir(tmp_path)
    settings.get.cache_clear()
    make_engine().ask("die_once")
    assert (tmp_path / "here" / "died").exists()


def test_a_worker_without_backend_tasks_has_no_tensorflow(engine: Engine) -> None:
    assert not {"tensorflow", "keras", "streamlit"} & set(engine.ask("modules"))


def test_the_error_of_a_task_is_told_in_words(engine: Engine) -> None:
    with pytest.raises(TaskFailed, match=r"The task 'fail' failed: KeyError: 'kernel'"):
        engine.ask("fail")
    assert engine.ask("echo", value=1) == 1


def test_an_error_of_ours_comes_back_in_its_own_class(engine: Engine) -> None:
    with pytest.raises(DatasetUnavailable, match=r"^mnist is not here\. Put mnist\.npz there\.$"):
        engine.ask("fail_in_words")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_an_error_comes_back_though_the_log_is_on_a_full_disk(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = io.FileIO("/dev/full", "w")
    full.name = os.devnull  # it is not read again: it has no end
    monkeypatch.setattr(process, "_open_log", lambda: full)
    worker = engine.ask("pid")
    with pytest.raises(DatasetUnavailable, match=r"^mnist is not here\."):
        engine.ask("fail_in_words")
    assert engine.ask("pid") == worker


def test_an_unknown_task_is_refused_in_words(engine: Engine) -> None:
    with pytest.raises(TaskFailed, match=r"There is no task 'sing'; there are die, "):
        engine.ask("sing")


def test_a_result_that_cannot_be_sent_is_told_in_words(engine: Engine) -> None:
    with pytest.raises(TaskFailed, match="cannot be sent"):
        engine.ask("unsendable")
    assert engine.ask("echo", value=1) == 1


def test_a_worker_that_dies_is_replaced_and_the_question_asked_once_more(engine: Engine) -> None:
    before = engine.ask("pid")
    assert engine.ask("die_once") not in (None, before)


def test_a_question_that_kills_two_workers_is_given_up(engine: Engine) -> None:
    with pytest.raises(WorkerLost, match=r"During the task 'die' its process was killed by SIGKILL"):
        engine.ask("die")
    assert engine.ask("echo", value=1) == 1


def test_last_words_are_those_of_the_task_that_died_without_its_traceback(engine: Engine) -> None:
    with pytest.raises(WorkerLost, match=r"It wrote last: KeyError: 'ink' ValueError: out of paper$"):
        engine.ask("die_talking")
    with pytest.raises(TaskFailed):
        engine.ask("fail")  # and the worker's log says so
    with pytest.raises(WorkerLost) as silent:
        engine.ask("die")
    assert "It wrote last" not in str(silent.value)


def test_a_run_that_waited_for_a_worker_lost_twice_is_trained(engine: Engine, new_run: NewRun) -> None:
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            engine.ask("hang")
        except WorkerLost as exc:
            failed.append(exc)

    def asked(*before: int | None) -> int | None:
        """The worker that has the question, if it is not one of those before."""
        busy = [worker.pid for worker in engine.status().workers if worker.state == "asked"]
        return next((pid for pid in busy if pid not in before), None)

    thread = threading.Thread(target=ask)
    thread.start()
    first = wait_for(asked, "the question")
    os.kill(first, signal.SIGKILL)
    second = wait_for(lambda: asked(first), "the question to be asked once more")
    run_id = new_run("quick")
    engine.train(run_id)
    os.kill(second, signal.SIGKILL)
    wait_for(status_is(run_id, "finished"), "the training")
    thread.join()
    assert len(failed) == 1


def test_a_stuck_worker_is_replaced_and_the_question_asked_once_more(engine: Engine) -> None:
    before = engine.ask("pid")
    assert engine.ask("hang_once", timeout=1) not in (None, before)
    assert gone(before)


def test_a_question_that_is_slow_twice_is_given_up(engine: Engine) -> None:
    engine.ask("pid")
    with pytest.raises(
        WorkerLost, match=r"The task 'hang' did not answer within 0\.2 s; its worker was ended\."
    ):
        engine.ask("hang", timeout=0.2)
    assert engine.ask("echo", value=1) == 1


def test_a_stopped_idle_worker_is_found_out_by_the_next_question(engine: Engine) -> None:
    before = engine.ask("pid")
    os.kill(before, signal.SIGSTOP)
    assert engine.ask("pid", timeout=1) != before


def test_an_idle_worker_that_dies_is_replaced_unasked(engine: Engine) -> None:
    engine.warm()
    before = engine.ask("pid")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: pids(engine) not in ([], [before]) and engine.status().ready, "a new worker")


def test_workers_that_keep_dying_are_not_started_for_ever(engine: Engine) -> None:
    seen: set[int | None] = set()
    engine.warm()
    while engine.status().failure is None:
        wait_for(
            lambda: (
                engine.status().failure
                or (engine.status().ready and not seen.issuperset(pids(engine)) and pids(engine))
            ),
            "a worker, or the engine giving up",
        )
        for pid in pids(engine):
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            seen.add(pid)
    assert len(seen) == 3
    assert engine.ask("echo", value=1) == 1  # a new demand is a new chance


def test_a_failed_import_is_told_in_words(make_engine: MakeEngine) -> None:
    engine = make_engine("tests.engine.broken_tasks")
    with pytest.raises(WorkerLost, match=r"could not import its tasks: ImportError: no CUDA today"):
        engine.ask("echo")
    assert "no CUDA today" in (engine.status().failure or "")
    assert not engine.status().workers


def test_a_process_that_ends_in_the_middle_of_its_start_is_told_with_its_last_words(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine("tests.engine.exiting_tasks")
    with pytest.raises(
        WorkerLost,
        match=r"did not start: its process ended with status 7\. It wrote last: illegal instruction",
    ):
        engine.ask("echo")


def test_a_start_that_takes_too_long_is_ended(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_WORKER_START_SECONDS", "0.01")
    settings.get.cache_clear()
    with pytest.raises(WorkerLost, match=r"it was not ready within 0\.01 s and was ended"):
        make_engine().ask("echo")


def test_a_stranger_without_the_key_is_turned_away(engine: Engine) -> None:
    with pytest.raises((AuthenticationError, EOFError, ConnectionError)):
        Client(engine._reception.address, authkey=b"guessed").recv()
    assert engine.ask("echo", value=1) == 1


def test_a_visitor_with_the_key_but_no_token_is_turned_away(engine: Engine) -> None:
    reception = engine._reception
    for hello in ("a token of nobody", {"not": "a token"}):
        with Client(reception.address, authkey=reception.authkey) as visitor:
            visitor.send(hello)
            with pytest.raises(EOFError):
                visitor.recv()
    assert engine.ask("echo", value=1) == 1


def test_closing_ends_all_workers(engine: Engine, new_run: NewRun) -> None:
    engine.warm()
    run_id = new_run()
    engine.train(run_id)
    wait_for(status_is(run_id, "running"), "the training")
    wait_for(lambda: engine.status().ready, "the spare worker")
    workers = pids(engine)
    engine.close()
    assert len(workers) == 2
    assert all(gone(pid) for pid in workers)
    assert status_is(run_id, "interrupted")()


def test_closing_ends_a_worker_that_is_just_starting(engine: Engine) -> None:
    engine.warm()
    engine.close()
    assert all(gone(pid) for pid in pids(engine) if pid)


def test_a_closed_engine_says_so(engine: Engine) -> None:
    engine.close()
    engine.close()
    for use in (engine.warm, lambda: engine.ask("echo"), lambda: engine.train("0123456789")):
        with pytest.raises(EngineError, match="engine is closed"):
            use()


def test_who_waits_for_a_worker_hears_of_the_closing(engine: Engine) -> None:
    heard: list[BaseException] = []

    def ask() -> None:
        try:
            engine.ask("hang")
        except EngineError as exc:
            heard.append(exc)

    engine.ask("pid")
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_for(lambda: any(worker.state == "asked" for worker in engine.status().workers), "a question")
    engine.close()
    for thread in threads:
        thread.join()
    assert len(heard) == 3
