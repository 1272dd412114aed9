from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.engine import FairQueue
from cnnlab.engine.queue import REMEMBERED_OWNERS


def filled(*runs: str) -> FairQueue:
    """A queue of runs whose first letter names their owner."""
    queue = FairQueue()
    for run in runs:
        queue.push(run, run[0])
    return queue


def test_one_owners_runs_go_in_the_order_in_which_they_came() -> None:
    assert filled("a1", "a2", "a3").order() == ["a1", "a2", "a3"]


def test_owners_take_turns() -> None:
    assert filled("a1", "a2", "a3", "b1", "b2", "c1").order() == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_an_owner_who_just_had_a_turn_waits_for_a_newcomer() -> None:
    queue = filled("a1")
    queue.pop()
    queue.push("a2", "a")
    queue.push("b1", "b")
    assert queue.order() == ["b1", "a2"]


def test_a_run_is_queued_once() -> None:
    queue = filled("a1")
    assert not queue.push("a1", "a")
    assert len(queue) == 1


def test_position_counts_the_runs_before() -> None:
    queue = filled("a1", "a2", "b1")
    assert [queue.position(run) for run in ("a1", "a2", "b1", "z")] == [0, 2, 1, None]


def test_a_removed_run_is_gone_and_costs_its_owner_no_turn() -> None:
    queue = filled("a1", "b1", "a2")
    assert queue.remove("a1")
    assert not queue.remove("a1")
    assert queue.order() == ["b1", "a2"]


def test_an_empty_queue_has_no_next_run() -> None:
    with pytest.raises(LookupError, match="No run waits"):
        FairQueue().pop()


def test_the_memory_of_owners_is_bounded() -> None:
    queue = FairQueue()
    for number in range(REMEMBERED_OWNERS + 50):
        queue.push(f"run {number}", f"owner {number}")
        queue.pop()
    assert len(queue._last_turn) == REMEMBERED_OWNERS


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=40))
def test_each_waiting_owner_gets_one_of_the_next_turns(moves: list[tuple[str, bool]]) -> None:
    queue = FairQueue()
    for number, (owner, take) in enumerate(moves):
        queue.push(f"{owner}{number}", owner)
        if take:
            expected = queue.order()[0]
            assert queue.pop() == expected
        order = [run[0] for run in queue.order()]
        owners = len(set(order))
        assert len(set(order[:owners])) == owners
