from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab.runs.events import Epoch, Started, Steps
from cnnlab.runs.store import Store, get_store
from cnnlab.spec import presets
from cnnlab.ui.components.live_chart import RETRY_SECONDS, SNAPSHOT_POINTS, snapshot, thin

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store() -> Store:
    return get_store()


def recorded(store: Store, losses: list[float]) -> str:
    """A run whose batches had these losses; half of them are an epoch."""
    run_id = store.create_run(presets.preset("digits").design, owner="a").id
    store.set_status(run_id, "running")
    count = len(losses)
    half = count // 2
    store.append(
        run_id,
        [
            Started(
                total_steps=2 * half, steps_per_epoch=half, epochs=2, batch_size=8, train_images=8 * half
            ),
            Steps(
                first_step=1, loss=losses, accuracy=[0.1] * count, learning_rate=0.001, images_per_second=99.0
            ),
            Epoch(epoch=1, step=half, loss=1.0, accuracy=0.5, seconds=1.0, images_per_second=99.0),
        ],
    )
    return run_id


def _page(run_id: str, lost: bool) -> None:
    import time

    import streamlit as st

    from cnnlab.ui.components.live_chart import live_chart

    if lost:
        st.session_state["cnnlab-stream-lost"] = {"run": run_id, "at": time.time()}
    live_chart(run_id)


def shown(run_id: str, *, lost: bool = False) -> dict[str, object]:
    """What the page gives to the browser's half."""
    app = AppTest.from_function(_page, args=(run_id, lost)).run()
    assert not app.exception
    return json.loads(app.get("bidi_component")[0].proto.json)  # type: ignore[no-any-return]


def test_the_browser_is_told_where_the_stream_is_and_what_the_page_believes(store: Store) -> None:
    run_id = recorded(store, [2.0, 1.0])
    data = shown(run_id)
    assert data["url"] == f"cnnlab/runs/{run_id}/events"
    assert data["status"] == "running"
    assert data["snapshot"] is None


def test_where_no_stream_gets_through_the_page_gives_what_the_record_says(store: Store) -> None:
    data = shown(recorded(store, [2.0, 1.0]), lost=True)
    assert data["snapshot"][0]["loss"] == [2.0, 1.0]  # type: ignore[index]


@pytest.mark.parametrize("mark", ["another run", "a while ago"])
def test_a_lost_stream_is_tried_again_after_a_while_and_for_another_run(mark: str, store: Store) -> None:
    run_id = recorded(store, [2.0, 1.0])
    ago = RETRY_SECONDS + 1 if mark == "a while ago" else 0.0
    app = AppTest.from_function(_page, args=(run_id, False))
    lost_run = run_id if mark == "a while ago" else "0123456789"
    app.session_state["cnnlab-stream-lost"] = {"run": lost_run, "at": time.time() - ago}
    app.run()
    assert not app.exception
    assert json.loads(app.get("bidi_component")[0].proto.json)["snapshot"] is None


def test_the_words_on_the_run_come_with_the_chart(store: Store) -> None:
    data = shown(recorded(store, [2.3026] * 200))
    assert [word["title"] for word in data["words"]] == ["Not learning: loss flat at ln 10"]  # type: ignore[attr-defined]
    assert str(data["wordsUrl"]).endswith("/words")


def test_an_earlier_run_is_the_ghost_of_the_one_that_repeats_it(store: Store) -> None:
    parent = recorded(store, [2.0, 1.0])
    row = store.create_run(store.run(parent).design, owner="a", parent=parent)
    assert shown(row.id)["ghost"] == [{"name": store.run(parent).name, "url": f"cnnlab/runs/{parent}/events"}]
    assert shown(parent)["ghost"] is None


def test_a_snapshot_has_the_fields_of_the_browsers_history(store: Store) -> None:
    found = snapshot(recorded(store, [2.0, float("nan")]))
    assert found["step"] == [1.0, 2]
    assert found["loss"] == [2.0, None]
    assert (found["totalSteps"], found["stepsPerEpoch"], found["totalEpochs"]) == (2, 1, 2)
    assert found["status"] == "running"
    assert [epoch["epoch"] for epoch in found["epochs"]] == [1]


def test_a_snapshot_of_a_long_run_is_thinned_and_keeps_its_last_step(store: Store) -> None:
    found = snapshot(recorded(store, [1.0] * 5000))
    assert len(found["loss"]) <= SNAPSHOT_POINTS
    assert found["step"][-1] == 5000


@pytest.mark.parametrize("count", [0, 1, 599, 600, 601, 10_000])
def test_thinning_gives_means_of_at_most_as_many_groups(count: int) -> None:
    values = np.arange(count, dtype=np.float64)
    thinned = thin(values, 600)
    assert len(thinned) <= 600
    if count:
        width = -(-count // 600)
        assert thinned[0] == pytest.approx(values[:width].mean())


def test_the_chart_does_not_make_streamlit_import_pandas(tmp_path: Path) -> None:
    """Streamlit imports pandas, 70 MB, to look at a bare list or dict among a component's data."""
    code = """
import sys
import time
from streamlit.testing.v1 import AppTest
from cnnlab.runs.store import get_store
from cnnlab.spec import presets

PAGE = '''
import streamlit as st
from cnnlab.ui.components.live_chart import live_chart

live_chart(st.session_state["run"])
'''
for lost in (False, True):
    app = AppTest.from_string(PAGE, default_timeout=60)
    app.session_state["run"] = get_store().create_run(presets.preset("digits").design, owner="a").id
    if lost:
        app.session_state["cnnlab-stream-lost"] = {"run": app.session_state["run"], "at": time.time()}
    assert not app.run().exception
assert "pandas" not in sys.modules
"""
    environment = {**os.environ, "CNNLAB_HOME": str(tmp_path)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    subprocess.run(command, check=True, env=environment, cwd=ROOT, timeout=120)
