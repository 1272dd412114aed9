"""The session's edits of a run's kernels, with what they were before: plain data, kept by the run's id."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cnnlab.errors import SpecError
from cnnlab.spec.edits import MAX_EDITS, Edit, read

_KEPT = "cnnlab-surgery"
_MOST_PAST = 50

Plain = list[dict[str, Any]]


def of(run_id: str) -> tuple[Edit, ...]:
    """The edits of a run, in the order in which they take effect."""
    try:
        return read(_kept(run_id)["edits"])
    except SpecError:  # kept by another version of the application
        clear(run_id)
        return ()


def plain(run_id: str) -> Plain:
    """The same as plain data: equal where the edits are."""
    return list(_kept(run_id)["edits"])


def put(run_id: str, edits: tuple[Edit, ...]) -> None:
    """Keep another list; one click undoes it.

    Raises:
        SpecError: it has too many edits.
    """
    if len(edits) > MAX_EDITS:
        raise SpecError(f"There are {MAX_EDITS} edits already. Undo some, or clear them.")
    now = [edit.model_dump() for edit in edits]
    kept = _kept(run_id)
    if now != kept["edits"]:
        kept["past"] = [*kept["past"], kept["edits"]][-_MOST_PAST:]
        kept["edits"] = now


def undo(run_id: str) -> None:
    """Go back to the list before the last change; a cleared list comes back too."""
    kept = _kept(run_id)
    if kept["past"]:
        kept["edits"] = kept["past"].pop()


def clear(run_id: str) -> None:
    """Keep none: the network is as trained."""
    kept = _kept(run_id)
    kept["past"] = [*kept["past"], kept["edits"]][-_MOST_PAST:]
    kept["edits"] = []


def can_undo(run_id: str) -> bool:
    """Whether there is a list to go back to."""
    return bool(_kept(run_id)["past"])


def _kept(run_id: str) -> dict[str, list[Any]]:
    everything: dict[str, dict[str, list[Any]]] = st.session_state.setdefault(_KEPT, {})
    return everything.setdefault(run_id, {"edits": [], "past": []})
