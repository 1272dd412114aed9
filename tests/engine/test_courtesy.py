"""Trainings stand still for a moment when somebody acts, and always go on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnlab import settings
from cnnlab.engine import Engine, courtesy
from cnnlab.engine.courtesy import HOLD_SECONDS, SHARE, Courtesy
from cnnlab.runs.store import get_store
from tests.engine.conftest import MakeEngine, NewRun, stands_still, status_is, wait_for


class Training:
    """Counts how long it stands still, by the clock of the test."""

    def __init__(self, clock: Callable[[], float], *, can: bool = True) -> None:
        self.still, self.seconds = False, 0.0
        self._clock, self._can, self._since = clock, can, 0.0

    def hold(self) -> bool:
        self.still, self._since = self._can, self._clock()
        return self._can

    def go_on(self) -> None:
        assert self.still, "only what stands still goes on"
        self.still = False
        self.seconds += self._clock() - self._since


class Moment:
    """A clock that the test sets; what is due at a moment happens on the way to it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def training(moment: Moment) -> Training:
    return Training(moment)


def goes_on(training: Training) -> None:
    """The thread that sees to it waits in real time; the test's clock says what time it finds."""
    wait_for(lambda: not training.still, "the training to go on")


def test_a_training_stands_still_until_the_page_is_redrawn(moment: Moment, training: Training) -> None:
    gives = Courtesy(lambda: [training], cores=2, clock=moment)
    gives.give_way()
    assert training.still
    moment.now += HOLD_SECONDS
    goes_on(training)
    assert training.seconds == pytest.approx(HOLD_SECONDS)


def test_a_second_action_prolongs_it(moment: Moment, training: Training) -> None:
    gives = Courtesy(lambda: [training], cores=2, clock=moment)
    gives.give_way()
    moment.now += HOLD_SECONDS / 2
    gives.give_way()
    moment.now += HOLD_SECONDS
    goes_on(training)
    assert training.seconds == pytest.approx(1.5 * HOLD_SECONDS)


def test_who_acts_all_the_time_leaves_a_training_its_share(
    monkeypatch: pytest.MonkeyPatch, moment: Moment, training: Training
) -> None:
    hold, saved, ticks, tick = 0.02, 0.2, 1000, 0.005
    monkeypatch.setattr(courtesy, "HOLD_SECONDS", hold)
    monkeypatch.setattr(courtesy, "SAVED_SECONDS", saved)
    gives = Courtesy(lambda: [training], cores=2, clock=moment)
    for _ in range(ticks):
        gives.give_way()
        moment.now += tick
        if training.still and moment.now >= gives._until:
            goes_on(training)
    gives.end()
    assert SHARE * ticks * tick / 2 <= training.seconds <= saved + SHARE * ticks * tick + hold


def test_a_longer_wait_is_not_cut_short_by_a_page(moment: Moment, training: Training) -> None:
    gives = Courtesy(lambda: [training], cores=2, clock=moment)
    gives.give_way(1.5)
    moment.now += 0.1
    gives.give_way()
    moment.now += HOLD_SECONDS
    assert training.still
    moment.now += 1.5
    goes_on(training)


def test_a_command_ends_it_and_keeps_it_away(moment: Moment, training: Training) -> None:
    gives = Courtesy(lambda: [training], cores=2, clock=moment)
    gives.give_way()
    gives.end(1.0)
    assert not training.still
    moment.now += 0.9
    gives.give_way()
    assert not training.still
    moment.now += 0.2
    gives.give_way()
    assert training.still


def test_where_there_are_many_cores_nothing_stands_still(moment: Moment, training: Training) -> None:
    Courtesy(lambda: [training], cores=courtesy.FEW_CORES + 1, clock=moment).give_way()
    assert not training.still


def test_what_cannot_stand_still_is_left_alone(moment: Moment) -> None:
    training = Training(moment, can=False)
    gives = Courtesy(lambda: [training], cores=2, clock=moment)
    gives.give_way()
    gives.end()
    assert training.seconds == 0


# With real processes

posix = pytest.mark.skipif(sys.platform == "win32", reason="nothing stands still on Windows")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, engine: Engine, new_run: NewRun) -> tuple[str, int]:
    """A training that has begun a while ago, on a machine of few cores: its run and its process."""
    monkeypatch.setattr("cnnlab.engine.engine.BEGINNING_SECONDS", 0.0)
    monkeypatch.setattr(engine._courtesy, "_wanted", True)
    run_id = new_run()
    engine.train(run_id)
    wait_for(status_is(run_id, "running"), "the training to run")
    return run_id, engine.status().workers[0].pid or 0


def last_long(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    """What stands still goes on only when something else than time makes it."""
    monkeypatch.setattr(courtesy, "HOLD_SECONDS", 600.0)
    monkeypatch.setattr(courtesy, "SAVED_SECONDS", 600.0)
    monkeypatch.setattr(engine._courtesy, "_saved", 600.0)


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch, engine: Engine, begun: tuple[str, int]) -> str:
    """The run of a training that stands still, and would for long."""
    run_id, pid = begun
    last_long(monkeypatch, engine)
    engine.give_way()
    wait_for(lambda: stands_still(pid), "the worker to stand still")
    return run_id


@posix
def test_a_process_stands_still_and_goes_on(engine: Engine, begun: tuple[str, int]) -> None:
    run_id, pid = begun
    engine.give_way()
    wait_for(lambda: stands_still(pid), "the worker to stand still")
    wait_for(lambda: not stands_still(pid), "the worker to go on")
    get_store().send_command(run_id, "stop")
    wait_for(status_is(run_id, "stopped"), "the training to stop")


@posix
def test_a_training_stands_still_while_another_begins(
    monkeypatch: pytest.MonkeyPatch, home: Path, make_engine: MakeEngine, new_run: NewRun
) -> None:
    monkeypatch.setenv("CNNLAB_TRAININGS", "2")
    settings.get.cache_clear()
    engine = make_engine()
    monkeypatch.setattr(engine._courtesy, "_wanted", True)
    last_long(monkeypatch, engine)
    monkeypatch.setattr("cnnlab.engine.engine.FIRST_POINT_SECONDS", 600.0)
    first, second = new_run(), new_run("endless too")
    engine.train(first)
    wait_for(status_is(first, "running"), "the first training to run")
    engine._training[first].since -= 10  # it has begun a while ago
    pid = engine.status().workers[0].pid or 0
    engine.train(second)
    wait_for(status_is(second, "running"), "the second training to run")
    assert stands_still(pid)
    engine.attend()
    wait_for(lambda: not stands_still(pid), "the first training to go on")


@posix
def test_a_command_wakes_a_training(engine: Engine, still: str) -> None:
    get_store().send_command(still, "stop")
    engine.attend()
    wait_for(status_is(still, "stopped"), "the training to stop")


@posix
def test_an_engine_that_closes_wakes_a_training(engine: Engine, still: str) -> None:
    engine.close()
    row = get_store().run(still)
    assert (row.status, row.message) == ("interrupted", "The state was written.")


@posix
def test_a_training_that_has_just_begun_gives_way_to_nobody(engine: Engine, new_run: NewRun) -> None:
    run_id = new_run()
    engine.train(run_id)
    wait_for(status_is(run_id, "running"), "the training to run")
    assert engine._patient_trainings() == []
