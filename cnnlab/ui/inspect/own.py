"""Own images in Inspect: uploads, webcam shots and drawings, each turned into the network's input."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TypedDict

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cnnlab.datasets import Dataset
from cnnlab.datasets.own.network_input import (
    SAMPLE,
    Layout,
    NetworkInput,
    layout_of,
    network_input,
    read,
)
from cnnlab.datasets.own.pictures import Preparation, Unreadable, finish
from cnnlab.ui import words
from cnnlab.ui.camera import camera_here
from cnnlab.ui.components.images import Picture, images
from cnnlab.ui.components.sketch import sketch
from cnnlab.ui.enlarged import enlarged

TEST = "Test set"
ADDING = {
    "Upload": ("Add pictures", ":material/upload:"),
    "Webcam": ("Another shot", ":material/photo_camera:"),
    "Draw": ("Draw another", ":material/draw:"),
}
"""Where own images come from → the words and the icon of the button that brings more."""

KEPT = 12
"""Pictures kept of each source in a session, the newest: about 300 kB each."""

UPLOAD_MB = 20
"""Of one file: an upload lies in the server's memory until it is read."""

_SUFFIXES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif", "ppm"]
_THUMB = 48
_SOURCE, _PICTURES, _CHOSEN = "cnnlab-inspect-source", "cnnlab-inspect-pictures", "cnnlab-inspect-chosen"
_REFUSED, _ROUND = "cnnlab-inspect-refused", "cnnlab-inspect-round"


class _Own(TypedDict):
    """A picture as the session keeps it: `(height, width, 3) uint8`, 0–255, and what it is called."""

    id: str
    name: str
    pixels: NDArray[np.uint8]


def chosen(data: Dataset, shape: tuple[int, int, int]) -> tuple[str, NetworkInput] | None:
    """The own picture to look at, with the widgets that choose it; None for the test image.

    Args:
        data: What the network learnt from.
        shape: (height, width, channels) that the network takes.

    Returns:
        The picture's name, and the picture as the network takes it.
    """
    source = _source()
    if source == TEST:
        return None
    pictures: list[_Own] = st.session_state.get(_PICTURES, {}).get(source, [])
    for line in st.session_state.get(_REFUSED, []):
        st.error(line, icon=":material/broken_image:")
    if not pictures:
        _adding(source)
        st.caption("Until then, this is an image of the test set:")
        return None
    _shelf(source, pictures)
    # Another key each time: it closes over a picture that has come.
    more = f"w-inspect-more-{st.session_state.get(_ROUND, 0)}"
    with st.popover(ADDING[source][0], icon=ADDING[source][1], key=more):
        _adding(source)
    wanted = st.session_state.get(_CHOSEN, {}).get(source)
    picture = next((each for each in pictures if each["id"] == wanted), pictures[-1])
    return picture["name"], network_input(picture["pixels"], shape, _layout(data.name, data))


def draw(name: str, given: NetworkInput) -> None:
    """Show what the network sees, and how the picture was turned into it."""
    picture, told = st.columns(2, vertical_alignment="center")
    with picture:
        enlarged(given.pixels, f"What the network sees of {name}")
    with told:
        st.markdown(f"What the network sees of **{words.plain(name)}**")
        st.caption(f"{given.how}.")


def _source() -> str:
    """Where the image comes from; an address that names a test image asks for the test set."""
    if "image" in st.query_params:
        st.session_state[_SOURCE] = TEST
    st.session_state["w-inspect-source"] = st.session_state.setdefault(_SOURCE, TEST)
    st.segmented_control(
        "Where the image comes from",
        [TEST, *ADDING],
        required=True,
        key="w-inspect-source",
        on_change=_choose_source,
        label_visibility="collapsed",
    )
    return str(st.session_state[_SOURCE])


def _choose_source() -> None:
    st.session_state[_SOURCE] = st.session_state["w-inspect-source"]
    st.session_state[_REFUSED] = []
    st.query_params.pop("image", None)


def _shelf(source: str, pictures: list[_Own]) -> None:
    """The pictures of a source; a click looks at one."""
    images(
        [Picture(each["id"], _thumb(each["pixels"]), each["name"]) for each in pictures],
        key=f"w-inspect-shelf-{source}",
        label="Your pictures",
        on_click=partial(_choose, source),
        action="Show it to the network",
        size=_THUMB,
        captions=False,
    )


def _choose(source: str, picture: str) -> None:
    st.session_state.setdefault(_CHOSEN, {})[source] = picture


def _adding(source: str) -> None:
    """The widget that brings another picture; a new one each time, so that no picture is given twice."""
    key = f"w-inspect-{source}-{st.session_state.setdefault(_ROUND, 0)}"
    if source == "Draw":
        sketch(
            key="w-inspect-draw",
            label="A drawing for the network",
            on_drawn=lambda content: _take(source, [("your drawing", content)]),
        )
    elif source == "Upload":
        st.file_uploader(
            "Pictures of yours: PNG, JPEG, WebP, GIF and others",
            _SUFFIXES,
            accept_multiple_files=True,
            max_upload_size=UPLOAD_MB,
            key=key,
            on_change=lambda: _take(source, [(each.name, each.getvalue()) for each in st.session_state[key]]),
        )
    elif camera_here():
        st.camera_input(
            "A shot for the network",
            key=key,
            on_change=lambda: _take(source, [("your shot", st.session_state[key].getvalue())]),
        )
        st.caption("Browsers open the webcam only over HTTPS or on localhost, and only if you allow it.")


def _take(source: str, files: list[tuple[str, bytes]]) -> None:
    """Keep the pictures that can be read, made small, and say of each other why it cannot."""
    refused = []
    for name, content in files:
        name = name[:80]
        try:
            picture = _Own(id=secrets.token_hex(4), name=name, pixels=read(content))
        except Unreadable as exc:
            refused.append(f"{words.plain(name)}: {exc}. Choose another picture.")
            continue
        kept = st.session_state.setdefault(_PICTURES, {})
        kept[source] = [*kept.get(source, []), picture][-KEPT:]
        _choose(source, picture["id"])
    st.session_state[_REFUSED] = refused
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _thumb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    return finish(Image.fromarray(pixels), Preparation(side=_THUMB))


@st.cache_data(max_entries=16, show_spinner=False)
def _layout(name: str, _data: Dataset) -> Layout | None:
    """How the images of the data set of this name are laid out."""
    return layout_of(_data.images[_data.train.indices[:SAMPLE]])
