"""Images to slide a window over: two photographs and digits, any data set's, an upload, a shot, a drawing."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cnnlab import datasets
from cnnlab.datasets.own.pictures import Unreadable, thumbnail
from cnnlab.errors import CNNLabError
from cnnlab.ui import own_images_shelf, state, words
from cnnlab.ui.camera import CAMERA_WIDTH, camera_here
from cnnlab.ui.components.sketch import sketch

Image = NDArray[np.uint8]

PHOTOGRAPHS = {"china": "china.jpg", "flower": "flower.jpg"}
SIDES = (32, 64, 128, 224)
"""Longer side of a photograph, in pixels: 64 shows single pixels, 224 is what ImageNet's networks see."""

UPLOAD_MB = 40
_SUFFIXES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "ppm"]
_DRAWING = "cnnlab-convolution-drawing"
_MOST_DIGITS = 9


def image(source: str, side: int) -> Image | None:
    """The image of a source, with the widgets that choose it; None where there is none yet.

    Args:
        source: a key of `PHOTOGRAPHS`, "data", "upload", "camera" or "draw".
        side: of the longer side of a photograph, upload or drawing, in pixels.

    Returns:
        (height, width, channels) uint8, 0–255, one or three channels.
    """
    if source in PHOTOGRAPHS:
        return _photograph(PHOTOGRAPHS[source], side)
    if source == "data":
        return _of_a_data_set()
    if source == "draw":
        return _drawn(side)
    return _given(source, side)


def _photograph(name: str, side: int) -> Image | None:
    try:
        return photograph(name, side)
    except (Unreadable, OSError) as exc:
        st.error(f"{name} of scikit-learn cannot be read: {exc}. Choose another image.")
        return None


@st.cache_data(max_entries=8, show_spinner=False)
def photograph(name: str, side: int) -> Image:
    """A photograph that ships with scikit-learn: (height, width, 3) uint8, 0–255.

    Found without importing scikit-learn, which would cost the page half a second.
    """
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        raise Unreadable("scikit-learn is not installed")
    path = Path(found.origin).parent / "datasets" / "images" / name
    return thumbnail(io.BytesIO(path.read_bytes()), side)


def _of_a_data_set() -> Image | None:
    """An image of an installed data set by its number."""
    current = state.design().dataset
    listed = words.dataset_choice(current, own_images_shelf.names())
    names = [name for name in dict.fromkeys((current, *listed)) if _installed(name)]
    with st.container(horizontal=True, vertical_alignment="center"):
        name = st.selectbox(
            "Data set",
            names,
            format_func=lambda each: words.plain(datasets.info(each).title),
            key="w-cv-data",
            label_visibility="collapsed",
            width=220,
        )
        try:
            data = datasets.load(name)
        except CNNLabError as exc:
            st.error(str(exc), icon=":material/folder_off:")
            return None
        most = len(data.images) - 1
        if st.session_state.get("w-cv-index", 0) > most:
            st.session_state["w-cv-index"] = 0
        index = st.number_input(
            "Number of the image", 0, most, key="w-cv-index", label_visibility="collapsed", width=180
        )
        st.button(
            "Any",
            icon=":material/casino:",
            key="w-cv-any",
            on_click=lambda: st.session_state.update(
                {"w-cv-index": int(np.random.default_rng().integers(most + 1))}
            ),
        )
        st.caption(f"Class {words.plain(data.class_names[int(data.labels[int(index)])])}")
    return np.asarray(data.images[int(index)])


def _installed(name: str) -> bool:
    try:
        return datasets.is_installed(name)
    except CNNLabError:  # own images that were deleted meanwhile
        return False


def _given(source: str, side: int) -> Image | None:
    """An uploaded picture or a webcam's shot."""
    if source == "camera":
        if not camera_here():
            return None
        file = st.camera_input("A shot of whatever you like", key="w-cv-camera", width=CAMERA_WIDTH)
    else:
        file = st.file_uploader("A picture of yours", _SUFFIXES, max_upload_size=UPLOAD_MB, key="w-cv-upload")
    return None if file is None else opened(file.getvalue(), file.name, side)


def _drawn(side: int) -> Image | None:
    content = st.session_state.get(_DRAWING)
    # Once there is a drawing it takes the screen; the sheet waits behind a button.
    with st.container() if content is None else st.popover("Draw another", icon=":material/draw:"):
        sketch(
            key="w-cv-draw",
            label="A drawing to slide the window over",
            on_drawn=lambda content: st.session_state.update({_DRAWING: content}),
        )
    return None if content is None else opened(content, "the drawing", side)


def opened(content: bytes, name: str, side: int) -> Image | None:
    """A picture's file made small: upright, 8 bits, (height, width, 3) uint8; else an error in one line."""
    try:
        return thumbnail(io.BytesIO(content), side)
    except Unreadable as exc:
        st.error(f"{words.plain(name[:80])}: {exc}. Choose another picture.", icon=":material/broken_image:")
        return None
