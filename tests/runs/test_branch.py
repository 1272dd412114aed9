"""A run that goes on from an earlier state of another: with its patience anew, and no weights it lacks."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab.runs import Store
from cnnlab.runs.branch import branch
from cnnlab.spec.design import Design

WEIGHTS = {"dense/bias": np.zeros(3, np.float32)}


@pytest.mark.parametrize(("kept", "expected"), [(10, {"step": 10, "stale": 0}), (5, None)])
def test_the_best_epoch_goes_along_where_its_weights_do(
    kept: int, expected: dict[str, int] | None, store: Store, design: Design
) -> None:
    run = store.create_run(design, "ada")
    files = store.files(run.id)
    files.write_weights(kept, kept / 10, WEIGHTS)
    files.write_weights(20, 2.0, WEIGHTS)
    files.write_state(20, WEIGHTS, {"epoch": 2.0, "best": {"step": 10, "stale": 7}})
    child = branch(store, run.id, 20, "ada")
    _, meta = store.files(child.id).read_state(20)
    assert meta["best"] == expected
    assert (child.parent, child.parent_step) == (run.id, 20)
