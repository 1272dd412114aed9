"""The live chart of a run: its numbers and curves, several times a second, without a rerun of the page.

The browser reads the run's event stream by itself. Where no stream gets through (a proxy that holds it back,
a host that runs the app without its routes), the page sends what the record says every few seconds instead.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab.errors import RunNotFound
from cnnlab.live.assets import PLOTLY_URL
from cnnlab.live.words import shared_interpreter
from cnnlab.runs.events import ACTIVE
from cnnlab.runs.store import get_store
from cnnlab.ui.components._source import component

FALLBACK_SECONDS = 2.0
"""Between two looks at the record where no stream gets through; one costs a hundred times an event."""

RETRY_SECONDS = 60.0
"""After this a stream is tried again where none got through: a server may have been busy, a network away."""

SNAPSHOT_POINTS = 600
SNAPSHOT_LOOKS = 5
"""Looks at the layers' health in a snapshot: the panel shows the last."""

_STREAM_LOST = "cnnlab-stream-lost"
_COMPONENT = component("live_chart", '<div class="root"></div>')


def live_chart(run_id: str, *, key: str = "live-chart", status: str | None = None) -> None:
    """Show a run's chart: live while it is active, the whole of it once it has ended.

    A run that repeats another one, or goes on from it, has that one's curves faintly beneath. The page reruns
    when the run's status changes, and only then.

    Args:
        run_id: The run.
        key: Of this component on the page.
        status: The run's status that the rest of the page was drawn for; None: that of now.

    Raises:
        RunNotFound: there is no such run.
    """
    drawn_for = _status(run_id) if status is None else status
    lost = _lost(run_id)

    # A fragment: what the browser's half tells then waits for a user's click that is on its way. The whole
    # page asked for at such a moment would take the place of the click's own rerun before its callback ran.
    @st.fragment(run_every=FALLBACK_SECONDS if lost and drawn_for in ACTIVE else None)
    def show() -> None:
        if lost:
            _look(run_id, key, drawn_for)
        else:
            _mount(run_id, drawn_for, key)

    show()


def events_url(run_id: str) -> str:
    """Address of a run's event stream, relative to the app's root."""
    return f"cnnlab/runs/{run_id}/events"


def _lost(run_id: str) -> bool:
    """Whether no stream of this run got through, a short while ago."""
    lost = st.session_state.get(_STREAM_LOST)
    return lost is not None and lost["run"] == run_id and time.time() - lost["at"] < RETRY_SECONDS


def _look(run_id: str, key: str, drawn_for: str) -> None:
    """The chart without a stream: what the record says now, every few seconds while the run is active."""
    found = snapshot(run_id)
    if found["status"] != drawn_for or not _lost(run_id):
        st.rerun()
    if _mount(run_id, drawn_for, key, snapshot=found).plotly == "unavailable":
        _draw_curves(found["epochs"], key)


def _draw_curves(epochs: list[dict[str, Any]], key: str) -> None:
    """The curves as ordinary charts, for a host that does not serve Plotly to the component."""
    # Imported here: hardly any host needs it, and every Train page would wait for it.
    from cnnlab.figures.curves import curve, describe_curve
    from cnnlab.figures.theme import CONFIG

    for metric in ("loss", "accuracy"):
        st.plotly_chart(
            curve(epochs, metric), config=CONFIG, alt=describe_curve(epochs, metric), key=f"{key}-{metric}"
        )


def _mount(run_id: str, status: str, key: str, *, snapshot: dict[str, Any] | None = None) -> Any:
    def look_often() -> None:
        st.session_state[_STREAM_LOST] = {"run": run_id, "at": time.time()}
        st.rerun()

    return _COMPONENT(
        key=key,
        data={
            "run": run_id,
            "url": events_url(run_id),
            "words": shared_interpreter().words(run_id),
            "wordsUrl": f"cnnlab/runs/{run_id}/words",
            "ghost": _ghost(run_id),
            "plotly": PLOTLY_URL,
            "status": status,
            # In a tuple, because Streamlit imports pandas to find out whether a bare dict is a table.
            "snapshot": None if snapshot is None else (snapshot,),
        },
        on_ended_change=st.rerun,
        on_status_change=st.rerun,
        on_stream_change=look_often,
        on_plotly_change=_nothing,
    )


def _ghost(run_id: str) -> tuple[dict[str, str], ...] | None:
    """Name and stream of the run that this one repeats or goes on from; in a tuple, as the snapshot is."""
    parent = get_store().run(run_id).parent
    try:
        row = get_store().run(parent) if parent else None
    except RunNotFound:  # deleted a moment ago
        return None
    return None if row is None else ({"name": row.name, "url": events_url(row.id)},)


def _status(run_id: str) -> str:
    return get_store().run(run_id).status


def snapshot(run_id: str) -> dict[str, Any]:
    """The run as the browser's half keeps it, its batches thinned to at most `SNAPSHOT_POINTS` means.

    Args:
        run_id: The run.

    Returns:
        The fields of a history in `live_history.mjs`.
    """
    history = shared_interpreter().history(run_id)
    step, loss, accuracy = (
        thin(values, SNAPSHOT_POINTS) for values in (history.step, history.loss, history.accuracy)
    )
    if step:
        step[-1] = history.last_step  # progress is read from the last step
    return {
        "seq": history.seq,
        "step": step,
        "loss": loss,
        "accuracy": accuracy,
        "epochs": history.epochs,
        "tested": history.tested,
        "status": history.status,
        "message": history.message,
        "totalSteps": history.total_steps,
        "stepsPerEpoch": history.steps_per_epoch,
        "totalEpochs": history.total_epochs,
        "batchSize": history.batch_size,
        "trainImages": history.train_images,
        "imagesPerSecond": history.images_per_second,
        "learningRate": history.learning_rate,
        "changes": history.changes,
        "health": history.health[-SNAPSHOT_LOOKS:],
        "snapshotStep": history.snapshot_step,
    }


def thin(values: npt.NDArray[Any], limit: int) -> list[float | None]:
    """Means of groups of neighbours, at most `limit`; None for a mean that is not finite.

    Args:
        values: `(n,)` numbers.
        limit: The most points to keep.
    """
    width = max(1, -(-len(values) // limit))
    means = [float(np.mean(values[start : start + width])) for start in range(0, len(values), width)]
    return [value if np.isfinite(value) else None for value in means]


def _nothing() -> None:
    """A callback that lets the component's value exist."""
