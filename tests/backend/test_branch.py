"""A run that goes on from an earlier state of another one."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab.errors import RunStateError
from cnnlab.runs import RunFiles, Store
from cnnlab.runs.branch import branch
from cnnlab.spec.design import Design
from tests.backend.telling import STEPS, Hook, history_of
from tests.backend.test_orders import Script


def test_a_rewound_run_that_changes_nothing_repeats_the_other(
    train_run, design: Design, store: Store
) -> None:
    parent = train_run(design)
    before = store.events(parent.id)
    child = branch(store, parent.id, 42, "ada", "from the second epoch")
    assert (child.parent, child.parent_step, child.status) == (parent.id, 42, "queued")
    so_far = history_of(store, child)
    assert so_far.step.tolist() == list(range(1, 43))
    assert [epoch["step"] for epoch in so_far.epochs] == [21, 42]
    assert so_far.tested is None
    ended = train_run(child)
    assert ended.status == "finished"
    expected, found = history_of(store, parent), history_of(store, ended)
    np.testing.assert_array_equal(found.loss, expected.loss)
    assert found.tested == expected.tested
    one, two = (RunFiles(run.id).read_state(STEPS)[0] for run in (parent, ended))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    kept = [[kept.step for kept in RunFiles(run.id).checkpoints()] for run in (parent, ended)]
    assert kept[0] == kept[1] == [0, 21, 42, 63]
    assert store.events(parent.id) == before


def test_changes_up_to_the_step_come_along_and_later_ones_do_not(
    train_run, design: Design, store: Store
) -> None:
    first = {"name": "dropout", "value": 0.1}
    script = Script(store, ("running", 5, "set", first), ("running", 45, "set", first | {"value": 0.9}))
    parent = train_run(design, Hook(store, script))
    assert len(history_of(store, parent).changes) == 2
    child = train_run(branch(store, parent.id, 42, "ada"))
    assert [change["value"] for change in history_of(store, child).changes] == [0.1]


def test_a_step_whose_state_is_not_kept_is_said_with_those_that_are(
    train_run, design: Design, store: Store
) -> None:
    parent = train_run(design)
    with pytest.raises(RunStateError, match=r"from step 40: .* Kept are those of steps: 21, 42, 63\."):
        branch(store, parent.id, 40, "ada")
    assert len(store.runs()) == 1
