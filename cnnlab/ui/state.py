"""What the pages of a session share: the design, the chosen run, a notice.

What is kept is plain data (JSON text, ids): Streamlit reloads edited modules, and values of a reloaded class
are no longer of that class. Widgets have keys of their own, which begin with `w-`.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from cnnlab import api, datasets
from cnnlab.errors import CNNLabError, LinkError, RunNotFound, SpecError
from cnnlab.spec import links, presets
from cnnlab.spec.design import Design
from cnnlab.ui import editor as editing
from cnnlab.ui.editor import Editor, Snapshot
from cnnlab.ui.frame import owner

_EDITOR = "cnnlab-editor"
_RUN = "cnnlab-run"
_LINK = "cnnlab-link"
_NOTICE = "cnnlab-notice"

_MOST_DRAFTS = 200
"""Browsers whose last design is kept for a reload; one with a full history takes under half a megabyte."""

_Packed = tuple[editing.Packed, tuple[editing.Packed, ...], tuple[editing.Packed, ...]]


def editor() -> Editor:
    """The session's design with its history.

    In a new session, after a reload or in another tab, it is what this browser designed last; where nothing
    was designed yet, the first preset.
    """
    kept = st.session_state.get(_EDITOR) or _drafts().get(owner())
    if kept is None:
        return Editor.open(presets.preset(presets.DEFAULT).design)
    now, past, future = kept
    return Editor(Snapshot.unpack(now), past, future)


def keep(new: Editor) -> None:
    """Keep an edited design."""
    packed = (new.now.pack(), new.past, new.future)
    st.session_state[_EDITOR] = packed
    drafts = _drafts()
    drafts.pop(owner(), None)  # the newest last: the oldest makes room
    drafts[owner()] = packed
    while len(drafts) > _MOST_DRAFTS:
        drafts.pop(list(drafts)[0], None)  # noqa: RUF015 - other sessions change it meanwhile


@st.cache_resource
def _drafts() -> dict[str, _Packed]:
    """The last design of each browser, by its owner, with what can be undone: a reload must not lose it."""
    return {}


def design() -> Design:
    """The design that the session works on."""
    return editor().now.design


def edit(method: str, *arguments: Any, **fields: Any) -> None:
    """Apply one of the editor's methods and keep the result: the callback of every widget that edits."""
    try:
        keep(getattr(editor(), method)(*arguments, **fields))
    except SpecError as exc:  # more layers than can be meant, say
        complain(str(exc))


def use_dataset(name: str) -> None:
    """Design for another data set: the same layers, its image shape and its classes."""
    info = datasets.info(name)
    current = editor()
    architecture = current.now.design.architecture.with_data(info.image_shape, len(info.class_names))
    keep(current.with_design(dataset=name, architecture=architecture))


def use_first() -> None:
    """Design the first preset: what was designed is for images that are gone."""
    keep(editor().load(presets.preset(presets.DEFAULT).design))


def open_link() -> str | None:
    """Take over the design of a `?lab=` link, once; the current design stays where it cannot be read.

    Returns:
        What is wrong with the link, in words, or None.
    """
    text = st.query_params.get("lab")
    if text is None or text == st.session_state.get(_LINK):
        return None
    try:
        linked = links.decode(text)
        _check_data(linked)
    except CNNLabError as exc:
        return str(exc)
    st.session_state[_LINK] = text
    keep(editor().load(linked))
    return None


def _check_data(linked: Design) -> None:
    """Refuse a design for images that are not here: it could be neither shown nor trained.

    Raises:
        DatasetError: there is no such data set.
        LinkError: the network is not made for the images of its data set.
    """
    network = linked.architecture
    mismatch = datasets.info(linked.dataset).mismatch(network.input_shape, network.classes)
    if mismatch is not None:
        raise LinkError(f"{mismatch} Copy the link again on the page Design where it was made.")


def choose_run(run_id: str | None) -> None:
    """Make a run the one that Train, Inspect and Evaluate show."""
    st.session_state[_RUN] = run_id


def chosen_run() -> api.Run | None:
    """The run to show: that of the link, else the session's, else the owner's newest.

    Raises:
        RunNotFound: the link names a run that the record does not have.
    """
    linked = st.query_params.get("run")
    if linked:
        run = api.get(linked)
        choose_run(run.id)
        return run
    kept = st.session_state.get(_RUN)
    if kept:
        try:
            return api.get(kept)
        except RunNotFound:  # it was deleted meanwhile, here or in another tab
            choose_run(None)
    return next(iter(api.runs(owner())), None)


def complain(text: str) -> None:
    """Say what went wrong until the user closes it: such a message has two sentences and more."""
    st.toast(text, icon=":material/error:", duration="infinite")


def notify(text: str) -> None:
    """Say what went wrong on the next page that is shown, after a switch or a rerun."""
    st.session_state[_NOTICE] = text


def show_notice() -> None:
    """Show what `notify` was told, once."""
    text = st.session_state.pop(_NOTICE, None)
    if text:
        complain(text)
