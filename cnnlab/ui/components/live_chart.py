"""The live chart of a run: its numbers and curves, several times a second, without a rerun of the page.

The browser reads the run's event stream by itself. Where no stream gets through (a proxy that holds it back,
a host that runs the app without its routes), the page sends what the record says every few seconds instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab.live.assets import PLOTLY_URL
from cnnlab.ui.components._source import component

FALLBACK_SECONDS = 2.0
"""Between two looks at the record where no stream gets through; one costs a hundred times an event."""

SNAPSHOT_POINTS = 600
_STREAM_LOST = "cnnlab-stream-lost"
_MOUNT = component("live_chart", '<div class="root"></div>')


def live_chart(
    run_id: str,
    *,
    active: bool,
    key: str = "live-chart",
    on_ended: Callable[[], None] | None = None,
) -> str | None:
    """Show a run's chart: live while it is active, the whole of it once it has ended.

    Args:
        run_id: The run.
        active: Whether the page takes the run to be queued, running or paused.
        key: Of this component on the page.
        on_ended: Called before the page reruns because a run that was active has ended.

    Returns:
        The status with which the run has just ended; None in every other rerun.
    """
    lost = bool(st.session_state.get(_STREAM_LOST))

    def report() -> None:
        if st.session_state[key].get("stream") == "unavailable":
            st.session_state[_STREAM_LOST] = True

    def mount(snapshot: dict[str, Any] | None = None) -> Any:
        return _MOUNT(
            key=key,
            data={
                "run": run_id,
                "url": f"cnnlab/runs/{run_id}/events",
                "plotly": PLOTLY_URL,
                "active": active,
                "snapshot": snapshot,
            },
            on_ended_change=on_ended or _nothing,
            on_stream_change=report,
        )

    if not lost:
        return _text(mount().ended)

    @st.fragment(run_every=FALLBACK_SECONDS if active else None)
    def look() -> None:
        found = snapshot(run_id)
        mount(found)
        if active and found["ended"]:
            if on_ended is not None:
                on_ended()
            st.rerun()

    look()
    return None


def snapshot(run_id: str) -> dict[str, Any]:
    """The run as the browser's half keeps it, its batches thinned to at most `SNAPSHOT_POINTS` means.

    Args:
        run_id: The run.

    Returns:
        The fields of a history in `live_history.mjs`, and `ended`: whether the run has ended.
    """
    from cnnlab.runs.events import ENDED
    from cnnlab.runs.history import History
    from cnnlab.runs.store import get_store

    history = History.fold(get_store().events(run_id))
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
        "ended": history.status in ENDED,
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


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _nothing() -> None:
    """A callback that lets the component's value exist."""
