"""The shelf of own data sets: to look at, train on, rename, take away and delete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import streamlit as st

from cnnlab import datasets
from cnnlab.datasets.own import shelf as store
from cnnlab.datasets.own.shelf import MAX_TITLE, SHARED_OWNER, Card
from cnnlab.datasets.own.sources import Skipped
from cnnlab.errors import CNNLabError, DatasetError
from cnnlab.spec import starter
from cnnlab.ui import navigation, state, words
from cnnlab.ui.components.images import Picture, images
from cnnlab.ui.frame import owner

SAMPLES = 6
NAMED = 5
"""Files that were left out and are named; the others are counted."""

_MENU = {
    "show": "Show its images",
    "design": "Use it in Design",
    "away": "Take it away",
    "rename": "Rename",
    "delete": "Delete",
}
_OWNERS_ONLY = ("rename", "delete")


def names() -> list[str]:
    """The data sets that this browser may choose, the newest first."""
    return [card.name for card in store.cards(owner())]


def find(name: str) -> Card | None:
    """The card of a data set that is still there."""
    try:
        card = store.card(name)
    except DatasetError:
        return None
    return None if card.deleted else card


def design_for(card: Card) -> None:
    """Begin a design for these images."""
    design = starter.starter(card.name, card.preparation.image_shape, len(card.class_names), card.images)
    state.keep(state.editor().load(design))


def shelf() -> None:
    """All of them, a box each."""
    st.markdown("#### Your data sets")
    cards = store.cards(owner())
    if not cards:
        st.caption(
            "None yet. What you make here stays on this server, for you alone, until you delete it. "
            "Two classes with 15 photos each are enough to begin."
        )
    for card in cards:
        with st.container(border=True, gap=None):
            _card(card)


def _card(card: Card) -> None:
    head, menu = st.columns([6, 1], vertical_alignment="center")
    head.markdown(
        f"**{words.plain(card.title)}**" + (" :gray-badge[shared]" if card.owner == SHARED_OWNER else "")
    )
    own = card.owner == owner()
    with menu:
        chosen = st.menu_button(
            "",
            [action for action in _MENU if own or action not in _OWNERS_ONLY],
            key=f"w-own-menu-{card.name}",
            icon=":material/more_vert:",
            format_func=lambda action: _MENU[action],
            type="tertiary",
            help="What to do with this data set",
        )
    made = words.ago(datetime.fromisoformat(card.created_at))
    side = card.preparation.side
    missing = f" · {card.skipped_count:,} left out" if card.skipped_count else ""
    st.caption(
        f"{card.images:,} images · {len(card.class_names)} classes · {side}×{side} "
        f"{'colour' if card.preparation.colour else 'grey'}{missing} · {made}"
    )
    _samples(card)
    if chosen:
        _ACTIONS[chosen](card)


def _samples(card: Card) -> None:
    """A few images, of each class in turn."""
    try:
        data = datasets.load(card.name, validation_share=0.0)
    except CNNLabError as exc:  # its files were damaged from outside
        st.error(str(exc), icon=":material/folder_off:")
        return
    of_each = [np.flatnonzero(data.labels == label)[:SAMPLES] for label in range(data.classes)]
    turns = [int(found[at]) for at in range(SAMPLES) for found in of_each if at < len(found)]
    images(
        [
            Picture(id=str(at), pixels=data.images[at], title=card.class_names[data.labels[at]])
            for at in turns[:SAMPLES]
        ],
        key=f"w-own-samples-{card.name}",
        label=f"Images of {card.title}",
        across=SAMPLES,
        captions=False,
    )


def left_out(card: Card) -> None:
    """The files that were left out when it was made."""
    skipped_words(card.skipped, card.skipped_count)


def skipped_words(skipped: Sequence[Skipped], count: int, *, opened: bool = False) -> None:
    """Files that are left out, counted and named, each with its reason; `opened`: without a click."""
    if not count:
        return
    with st.expander(f"{count:,} {'file was' if count == 1 else 'files were'} left out", expanded=opened):
        lines = [f"{each.path}: {each.reason}" for each in skipped[:NAMED]]
        if count > NAMED:
            lines.append(f"and {count - NAMED:,} more")
        st.text("\n".join(lines))


def _show(card: Card) -> None:
    navigation.go("data", set=card.name)


def _design(card: Card) -> None:
    design_for(card)
    navigation.go("design")


@st.dialog("Rename this data set")
def _rename(card: Card) -> None:
    with st.form("w-own-rename", border=False):  # Enter renames too
        title = st.text_input("Name", card.title, max_chars=MAX_TITLE, key=f"w-own-rename-{card.name}")
        renamed = st.form_submit_button("Rename", type="primary", key="w-own-rename-now")
    if renamed:
        try:
            store.rename(card.name, title)
        except CNNLabError as exc:
            st.error(str(exc), icon=":material/error:")
            return
        st.rerun()


@st.dialog("Delete this data set?")
def _delete(card: Card) -> None:
    st.markdown(
        f"**{words.plain(card.title)}**: its {card.images:,} images will be gone for good. Runs that learnt "
        "from them keep their curves and weights, but cannot be evaluated any more."
    )
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="w-own-delete-now"):
            store.delete(card.name)
            if state.design().dataset == card.name:
                state.use_first()
            st.rerun()
        if st.button("Keep it", key="w-own-keep"):
            st.rerun()


@st.dialog("Take it away")
def _away(card: Card) -> None:
    st.caption("The images as the network sees them, whole and unchanged.")
    for form, label, icon in (
        ("zip", "Zip with a folder a class (PNG)", ":material/folder_zip:"),
        ("npz", "NumPy file: x, y, class_names", ":material/data_array:"),
    ):
        st.link_button(
            label, navigation.served(f"cnnlab/own/{card.name}/images.{form}"), icon=icon, width="stretch"
        )


_ACTIONS = {"show": _show, "design": _design, "away": _away, "rename": _rename, "delete": _delete}
