"""Own images: pictures put together, seen as the network will see them, made a data set, trained on."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from cnnlab.datasets.own import drafts, jobs
from cnnlab.datasets.own.pictures import SIDES, Preparation, Unreadable, prepare, thumbnail
from cnnlab.datasets.own.shelf import MAX_TITLE
from cnnlab.datasets.own.sources import Listing
from cnnlab.errors import DatasetError
from cnnlab.spec import starter
from cnnlab.ui import actions, frame, navigation, own_images_shelf, own_pictures, state, words
from cnnlab.ui.components.images import Picture, images
from cnnlab.ui.frame import owner

PREVIEWS = 6
CLASSES_SHOWN = 12
_BEFORE_SIDE = 128
_MADE, _FAILED = "cnnlab-own-made", "cnnlab-own-failed"


class _Pair(NamedTuple):
    """A picture before and after, (height, width, channels) uint8, 0–255, and its class."""

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    name: str


def panel() -> None:
    """Everything about own images, from the first photograph to a training."""
    left, right = st.columns([7, 4], gap="large")
    with right:
        place = st.container()
        own_images_shelf.shelf()
    with left:
        job = jobs.current(owner())
        if job is not None:
            _under_way()
            return
        _made()
        own_pictures.collect()
        draft = drafts.draft(owner())
        if not draft.empty:
            _make(draft, place)


@frame.fragment(run_every=1.0)
def _under_way() -> None:
    """The import that is under way; the page comes again when it has ended."""
    job = jobs.current(owner())
    if job is None or not job.active:
        if job is not None:
            jobs.forget(owner())
            st.session_state[_MADE] = job.name
            st.session_state[_FAILED] = job.error
        st.rerun()
    share = job.done / job.total if job.total else 0.0
    far = f"{job.done:,} of {job.total:,} pictures" if job.total else "Looking through the pictures…"
    st.progress(share, text=f"**{words.plain(job.title)}** · {far}")
    st.button("Cancel", key="w-import-cancel", on_click=job.cancel)
    st.caption("You may go to other pages meanwhile.")


def _made() -> None:
    """The data set that was made last, ready to be trained on."""
    error = st.session_state.get(_FAILED)
    if error:
        st.error(error, icon=":material/error:")
    name = st.session_state.get(_MADE)
    card = own_images_shelf.find(name) if name else None
    if card is None:
        return
    with st.container(border=True):
        st.markdown(
            f":green[:material/check_circle:] **{words.plain(card.title)}** is ready: "
            f"{card.images:,} images in {len(card.class_names)} classes."
        )
        with st.container(horizontal=True):
            if st.button("Train on it", key="w-made-train", type="primary", icon=":material/play_arrow:"):
                design = starter.starter(
                    card.name, card.preparation.image_shape, len(card.class_names), card.images
                )
                state.keep(state.editor().load(design))
                actions.start_and_show(design)
            if st.button("Design a network", key="w-made-design", icon=":material/layers:"):
                own_images_shelf.design_for(card)
                navigation.go("design")
        own_images_shelf.left_out(card)


def _make(draft: drafts.Draft, place: DeltaGenerator) -> None:
    """What the pictures become and, in `place`, what there is of each class and the button that makes it."""
    st.markdown("#### As the network will see them")
    preparation = _preparation()
    try:
        listing = _listing(str(draft.folder), draft.changes, draft)
        pairs = _pairs(str(draft.folder), draft.changes, draft, _examples(listing), preparation)
    except DatasetError as exc:
        st.error(str(exc), icon=":material/folder_off:")
        st.button("Remove it", key="w-draft-clear", icon=":material/delete:", on_click=draft.clear)
        return
    _preview(pairs, preparation)
    with place, st.container(border=True):
        _counts(listing)
        _button(draft, listing.problem(), preparation)


def _counts(listing: Listing) -> None:
    """Pictures of each class, and what is left out."""
    counts = listing.counts
    if counts:
        shown = [f"{words.plain(name)} **{count:,}**" for name, count in counts.items()]
        more = f" · and {len(counts) - CLASSES_SHOWN} more classes" if len(counts) > CLASSES_SHOWN else ""
        st.markdown(" · ".join(shown[:CLASSES_SHOWN]) + more)
    own_images_shelf.skipped_words(listing.skipped, len(listing.skipped), opened=not counts)


def _button(draft: drafts.Draft, trouble: str | None, preparation: Preparation) -> None:
    """The name and the button that starts the import; what stands in the way, where something does."""
    if trouble:
        st.info(trouble, icon=":material/info:")
    title = st.text_input(
        "Name of the data set", _suggested(draft), max_chars=MAX_TITLE, key=f"w-own-title-{draft.zip_title}"
    )
    with st.container(horizontal=True):
        if st.button(
            "Make the data set",
            key="w-own-make",
            type="primary",
            icon=":material/photo_library:",
            disabled=trouble is not None or not title.strip(),
            help=trouble,
        ):
            st.session_state[_MADE] = st.session_state[_FAILED] = None
            jobs.start(owner(), title, preparation)
            st.rerun()
        st.button("Start over", key="w-draft-clear", icon=":material/delete:", on_click=draft.clear)


def _preparation() -> Preparation:
    """Side, colour and crop, as chosen."""
    with st.container(horizontal=True, vertical_alignment="top"):
        side = st.select_slider(
            "Size",
            SIDES,
            value=Preparation.side,
            format_func=lambda value: f"{value}×{value}",
            key="w-own-side",
            width=240,
            help="Larger images show more and take longer to train on. 64×64 is enough for most objects.",
        )
        colour = st.segmented_control(
            "Channels", ["Colour", "Grey"], default="Colour", required=True, key="w-own-colour"
        )
        crop = st.segmented_control(
            "Shape",
            ["Crop the middle", "Whole picture"],
            default="Crop the middle",
            required=True,
            key="w-own-crop",
            help="A network takes squares: cut from the middle, or the whole picture with black bars.",
        )
    return Preparation(side=side, colour=colour == "Colour", crop=crop == "Crop the middle")


@st.cache_data(max_entries=20, show_spinner=False)
def _listing(folder: str, changes: int, _draft: drafts.Draft) -> Listing:
    """What a draft holds; read again whenever it has changed."""
    return _draft.source().listing()


def _preview(pairs: list[_Pair], preparation: Preparation) -> None:
    """Some pictures, before and after."""
    if not pairs:
        return
    before = [Picture(id=str(at), pixels=pair.before, title=pair.name) for at, pair in enumerate(pairs)]
    after = [Picture(id=str(at), pixels=pair.after, title=pair.name) for at, pair in enumerate(pairs)]
    st.caption("Before")
    images(before, key="w-own-before", label="Pictures before", across=PREVIEWS, captions=False)
    st.caption(f"After: {preparation.in_words()}")
    images(after, key="w-own-after", label="Pictures after", across=PREVIEWS)


def _examples(listing: Listing) -> tuple[tuple[str, str], ...]:
    """Path and class of a few pictures: one of each class in turn."""
    by_class: dict[str, list[str]] = {}
    for item in listing.items:
        by_class.setdefault(item.class_name, []).append(item.path)
    rounds = max(map(len, by_class.values()), default=0)
    found = [
        (paths[at], name)
        for at in range(min(rounds, PREVIEWS))
        for name, paths in by_class.items()
        if at < len(paths)
    ]
    return tuple(found[:PREVIEWS])


@st.cache_data(max_entries=12, show_spinner=False)
def _pairs(
    folder: str,
    changes: int,
    _draft: drafts.Draft,
    paths: tuple[tuple[str, str], ...],
    preparation: Preparation,
) -> list[_Pair]:
    """Before, after and class of each picture that can be read."""
    pairs = []
    reader = _draft.source().reader()
    try:
        for path, name in paths:
            try:
                content = reader.read(path)
                before = _squared(thumbnail(io.BytesIO(content), _BEFORE_SIDE), preparation.crop)
                pairs.append(_Pair(before, prepare(io.BytesIO(content), preparation), name))
            except Unreadable:
                continue  # it will be counted and named when the data set is made
    finally:
        reader.close()
    return pairs


def _squared(pixels: NDArray[np.uint8], crop: bool) -> NDArray[np.uint8]:
    """A picture in the middle of a grey square; what cropping takes away is pale.

    Args:
        pixels: (height, width, 3) uint8, 0–255, no side above `_BEFORE_SIDE`.
        crop: whether the largest square in the middle is all that is kept.
    """
    height, width = pixels.shape[:2]
    shown = pixels
    if crop:
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        shown = (pixels // 3 + 150).astype(np.uint8)
        shown[top : top + side, left : left + side] = pixels[top : top + side, left : left + side]
    square = np.full((_BEFORE_SIDE, _BEFORE_SIDE, 3), 128, np.uint8)
    top, left = (_BEFORE_SIDE - height) // 2, (_BEFORE_SIDE - width) // 2
    square[top : top + height, left : left + width] = shown
    return square


def _suggested(draft: drafts.Draft) -> str:
    title = (draft.zip_title or "").removesuffix(".zip") or " and ".join(draft.classes()[:2])
    return title[:MAX_TITLE] or "My images"
