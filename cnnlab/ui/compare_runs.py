"""Which runs the Compare page shows: those of its address, or two that suit each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from cnnlab import api, datasets
from cnnlab.errors import CNNLabError, RunNotFound
from cnnlab.spec.design import Design
from cnnlab.ui import navigation, run_view, state, words
from cnnlab.ui.frame import owner

MOST = 8
"""More curves than there are colours are not told apart."""
_PARAMETER = "runs"
_WIDGET = "w-compare-runs"
_KEPT = "cnnlab-compared"


@dataclass(frozen=True)
class Compared:
    """One of the runs that are compared.

    Attributes:
        run: The run.
        name: What the page calls it, unlike every other.
        design: What was trained.
    """

    run: api.Run
    name: str
    design: Design

    @property
    def has_result(self) -> bool:
        """Whether it was asked about its test set."""
        return self.run.row.result.get("test_accuracy") is not None

    @property
    def data_title(self) -> str:
        """The data set's title, or its name where it is gone."""
        try:
            return datasets.info(self.design.dataset).title
        except CNNLabError:
            return self.design.dataset


def require() -> list[Compared]:
    """The runs to compare, below the choice of them; ends the page in a sentence where there are none."""
    own = api.runs(owner())
    asked = _asked()
    linked, problems = _found(asked or ())
    options = {run.id: run for run in (*linked, *own)}
    if not options and not problems:
        run_view.nothing_yet("There are no runs to compare yet.")
    chosen = [run.id for run in linked] if asked is not None else _suggested(own)
    if len(chosen) > MOST:
        problems.append(f"At most {MOST} runs are shown side by side: the first {MOST} of {len(chosen)} are.")
        chosen = chosen[:MOST]
    if asked is not None and len(chosen) > 1:
        st.session_state[_KEPT] = chosen
    names = _names(options.values())
    st.session_state[_WIDGET] = chosen
    st.multiselect(
        "Runs to compare",
        list(options),
        key=_WIDGET,
        format_func=names.__getitem__,
        max_selections=MOST,
        placeholder="Choose two runs or more",
        on_change=lambda: st.query_params.update({_PARAMETER: ",".join(st.session_state[_WIDGET])}),
    )
    compared = []
    for run_id in chosen:
        try:
            compared.append(Compared(options[run_id], names[run_id], options[run_id].design))
        except CNNLabError as exc:
            problems.append(
                f"'{words.plain(names[run_id])}' was made by another version and cannot be read: {exc}"
            )
    if problems:
        st.error("  \n".join(problems), icon=":material/error:")
    if len(compared) < 2:
        _too_few(len(compared), len(options))
    return compared


def _asked() -> list[str] | None:
    """The ids of the address, each once, in its order; None where the address names none."""
    text = st.query_params.get(_PARAMETER)
    if text is None:
        return None
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _found(ids: Iterable[str]) -> tuple[list[api.Run], list[str]]:
    """The runs of these ids, and what is to say of those that are not there."""
    runs, missing = [], []
    for run_id in ids:
        try:
            runs.append(api.get(run_id))
        except RunNotFound as exc:
            missing.append(str(exc))
    if len(missing) > 1:
        more = len(missing) - 1
        others = "is there another" if more == 1 else f"are there {more} more"
        missing = [f"{missing[0]} Nor {others} of the runs in the address."]
    return runs, missing


def _suggested(own: list[api.Run]) -> list[str]:
    """The runs that were compared last, where the chosen run is among them; else that run and what suits it.

    What suits it is the run that it repeats with something changed, else the newest one of the same data set
    with a result. Without a chosen run it is the newest.
    """
    try:
        first = state.chosen_run()
    except RunNotFound:
        first = next(iter(own), None)
    if first is None:
        return []
    there = {run.id for run in own}
    kept = [run_id for run_id in st.session_state.get(_KEPT, ()) if run_id in there]
    if len(kept) > 1 and first.id in kept:
        return kept
    others = [run for run in own if run.id != first.id]
    parent = [run for run in others if run.id == first.row.parent]
    alike = [run for run in others if _dataset(run) == _dataset(first)]
    tested = [run for run in alike if run.row.result.get("test_accuracy") is not None]
    return [run.id for run in (first, *(parent or tested or alike or others)[:1])]


def _dataset(run: api.Run) -> str | None:
    try:
        return run.design.dataset
    except CNNLabError:
        return None


def _names(runs: Iterable[api.Run]) -> dict[str, str]:
    """Each run's name, with its id where another has the same: widgets and tables tell them apart by it."""
    listed = {run.id: run.name for run in runs}
    taken = list(listed.values())
    return {
        run_id: name if taken.count(name) == 1 else f"{name} ({run_id})" for run_id, name in listed.items()
    }


def _too_few(chosen: int, available: int) -> None:
    """Say what is missing for a comparison, and end the page."""
    if available >= 2:
        text = "Choose a second run to compare it with." if chosen else "Choose two runs or more."
        st.info(text, icon=":material/compare_arrows:")
    elif available:
        st.info(
            "One run has nothing to be compared with yet: train another, with one thing changed.",
            icon=":material/compare_arrows:",
        )
        navigation.link("train", "Train another", icon=":material/model_training:")
    else:  # those of the address are gone, and there is none of one's own
        run_view.nothing_yet("You have no runs to compare yet.")
    st.stop()
