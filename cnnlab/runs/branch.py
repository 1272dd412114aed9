"""A new run that goes on from a kept state of another: that state, the weights and the events up to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnlab.errors import RunStateError
from cnnlab.runs.events import Changed, Epoch, Health, Payload, Started, Steps
from cnnlab.runs.rows import RunRow

if TYPE_CHECKING:
    from cnnlab.runs.store import Store


def branch(store: Store, run_id: str, step: int, owner: str, name: str | None = None) -> RunRow:
    """Add a queued run that goes on from a kept state of another run; that one stays as it is.

    Args:
        store: The record.
        run_id: The run to go on from, in whatever status.
        step: One of the steps whose full state is kept.
        owner: Whose the new run is.
        name: What to call it; None: after the other run's preset or data set.

    Raises:
        RunNotFound: There is no such run.
        RunStateError: No state of this step is kept.
        StorageError: The state cannot be read, or the disk is full.
    """
    row = store.run(run_id)
    files = store.files(row.id)
    states = files.states()
    if step not in states:
        known = ", ".join(str(state) for state in states) or "none"
        raise RunStateError(
            f"Run {row.id} ({row.name!r}) cannot go on from step {step}: its full state is not kept. "
            f"Kept are those of steps: {known}."
        )
    arrays, meta = files.read_state(step)
    child = store.create_run(row.design, owner, name, parent=row.id, parent_step=step)
    mine = store.files(child.id)
    try:
        for kept in files.checkpoints():
            if kept.step <= step:
                mine.write_weights(kept.step, kept.epoch, files.read_weights(kept.step))
        mine.write_state(
            step, arrays, meta | {"best": _best(meta, {each.step for each in mine.checkpoints()})}
        )
        store.append(child.id, told_until(store, row.id, step))
    except BaseException:  # a run without its state would start from the beginning, unasked
        store.delete(child.id)
        raise
    return child


def _best(meta: dict[str, Any], kept: set[int]) -> dict[str, Any] | None:
    """The best epoch so far, from which patience begins anew: who goes back wishes to go on.

    None where its weights are no longer kept: they could not be gone back to at the end.
    """
    best = meta.get("best")
    return best | {"stale": 0} if best and best["step"] in kept else None


def told_until(store: Store, run_id: str, step: int) -> list[Payload]:
    """What a run's events say about the steps up to this one, in order."""
    told: list[Payload] = []
    for event in store.events(run_id):
        payload = event.parsed()
        if isinstance(payload, Steps):
            first = _until(payload, step)
            told += [] if first is None else [first]
        elif isinstance(payload, Started | Epoch | Changed | Health) and payload.step <= step:
            told.append(payload)
    return told


def _until(steps: Steps, step: int) -> Steps | None:
    """The first of these steps, up to `step`; None where they all come later."""
    count = step + 1 - steps.first_step
    if count <= 0:
        return None
    rows = {
        name: values[:count]
        for name in ("loss", "accuracy", "precision", "recall")
        if (values := getattr(steps, name)) is not None
    }
    return steps.model_copy(update=rows)
