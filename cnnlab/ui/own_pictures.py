"""Putting own pictures together: a zip or folders, or class by class from files, webcam and drawings."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cnnlab.datasets.own import drafts
from cnnlab.datasets.own.pictures import Unreadable, thumbnail
from cnnlab.errors import CNNLabError
from cnnlab.live.owner import OWNER_COOKIE
from cnnlab.ui import words
from cnnlab.ui.camera import CAMERA_WIDTH, camera_here
from cnnlab.ui.components.images import Picture, images
from cnnlab.ui.components.sketch import sketch
from cnnlab.ui.components.upload import upload
from cnnlab.ui.frame import owner

SHOWN = 8
"""Pictures of a class that are shown, the newest first; a click removes one."""

_THUMB = 64
_MISSING, _SHOTS, _TAKEN = "cnnlab-uploads-missing", "cnnlab-shots", "cnnlab-taken"
_WAYS = {
    "files": ("Files", ":material/upload:"),
    "camera": ("Webcam", ":material/photo_camera:"),
    "sketch": ("Draw", ":material/draw:"),
}


def collect() -> None:
    """Two ways to bring pictures: all at once, or class by class."""
    st.markdown("#### Make a data set of your pictures")
    draft = drafts.draft(owner())
    begun = draft.classes() and not draft.zip_title
    way = st.segmented_control(
        "How the pictures come",
        ["A zip or folders", "Class by class"],
        default="Class by class" if begun else "A zip or folders",
        required=True,
        key="w-own-way",
        label_visibility="collapsed",
    )
    if way == "A zip or folders":
        _all_at_once(draft)
    else:
        _class_by_class(draft)


def _all_at_once(draft: drafts.Draft) -> None:
    """A place for a zip or folders; once a zip is here its name instead, to leave room for what it holds."""
    title = draft.zip_title
    if title:
        st.markdown(f":material/folder_zip: **{words.plain(title)}**")
        return
    _files(draft, "", "Drop a zip or a folder here, with a folder of pictures for each class.")


def _class_by_class(draft: drafts.Draft) -> None:
    """Classes to choose from, and ways to fill the one that is chosen."""
    names = draft.classes()
    with (
        st.form("w-own-new-class", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        text = st.text_input("New class", max_chars=60, placeholder="red mug", width=260, key="w-own-new")
        if st.form_submit_button("Add class", icon=":material/add:") and text.strip():
            _attempt(lambda: st.session_state.update({"w-own-class": draft.add_class(text)}))
            st.rerun()
    if not names:
        st.caption("Name at least two classes, then give each some pictures: 15 of each are a good start.")
        return
    if st.session_state.get("w-own-class") not in names:
        st.session_state["w-own-class"] = names[0]
    counts = {name: len(draft.pictures(name)) for name in names}
    chosen = st.segmented_control(
        "Class",
        names,
        required=True,
        format_func=lambda name: f"{words.plain(name)} · {counts[name]}",
        key="w-own-class",
        label_visibility="collapsed",
    )
    _fill(draft, str(chosen))
    _pictures(draft, str(chosen))


def _fill(draft: drafts.Draft, name: str) -> None:
    way = st.segmented_control(
        "Where from",
        list(_WAYS),
        default="files",
        required=True,
        format_func=lambda key: f"{_WAYS[key][1]} {_WAYS[key][0]}",
        key="w-own-from",
        label_visibility="collapsed",
    )
    if way == "files":
        _files(draft, name, f"Drop pictures of “{name}” here.")
    elif way == "camera":
        _camera(draft, name)
    else:
        sketch(
            key="w-own-sketch",
            label=f"A drawing of {name}",
            on_drawn=lambda content: _attempt(lambda: draft.add_picture(name, content, "drawing.png")),
        )


def _files(draft: drafts.Draft, into: str, label: str) -> None:
    """Files by the app's own route; by Streamlit's own upload where the host does not serve it."""
    if OWNER_COOKIE in st.context.cookies and not st.session_state.get(_MISSING):
        ended = upload(key=f"w-upload-{into}", label=label, room=draft.room(), into=into)
        if ended == "missing":
            st.session_state[_MISSING] = True
            st.rerun()
        return
    kinds = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"] if into else ["zip"]
    given = st.file_uploader(label, kinds, accept_multiple_files=bool(into), key=f"w-files-{into}")
    st.caption("This host keeps an upload in memory: up to about 100 MB at a time.")
    for file in given if isinstance(given, list) else [given] if given else []:
        _take_once(draft, into, file.name, file)


def _camera(draft: drafts.Draft, name: str) -> None:
    if not camera_here():
        return
    # A new widget for each shot: the camera is live again at once, and no shot is given twice.
    shots = st.session_state.setdefault(_SHOTS, 0)
    shot = st.camera_input(f"A picture of “{name}”", key=f"w-own-camera-{shots}", width=CAMERA_WIDTH)
    if shot is not None:
        st.session_state[_SHOTS] = shots + 1
        _take_once(draft, name, "webcam.jpg", shot)
    st.caption("Each shot goes into the class at once.")


def _take_once(draft: drafts.Draft, into: str, name: str, given: UploadedFile) -> None:
    """Put a file into the draft, once: a widget gives it again at every rerun, under the same id."""
    taken: set[str] = st.session_state.setdefault(_TAKEN, set())
    if given.file_id in taken:
        return
    taken.add(given.file_id)
    content = given.getvalue()

    def take() -> None:
        with draft.receiving(draft.target(name, into), len(content)) as received:
            received.write(content)

    _attempt(take)
    st.rerun()


def _pictures(draft: drafts.Draft, name: str) -> None:
    """The newest pictures of a class, each of which can be removed, and the class itself."""
    paths = draft.pictures(name)
    shown = {path.name: _thumb(str(path), path.stat().st_mtime_ns) for path in paths[:SHOWN] if path.exists()}
    images(
        [Picture(id=file, pixels=pixels, title=file) for file, pixels in shown.items()],
        key=f"w-own-pictures-{name}",
        label=f"Pictures of {name}",
        on_click=functools.partial(draft.remove_picture, name),
        action="Remove this picture",
        size=64,
        captions=False,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        more = f"; the newest {SHOWN} are shown" if len(paths) > SHOWN else ""
        remove = " A click removes one." if paths else ""
        st.caption(f"{len(paths):,} {'picture' if len(paths) == 1 else 'pictures'}{more}.{remove}")
        st.button(
            "Remove the class",
            key=f"w-own-remove-{name}",
            type="tertiary",
            icon=":material/delete:",
            on_click=draft.remove_class,
            args=(name,),
        )


@st.cache_data(max_entries=400, show_spinner=False)
def _thumb(path: str, changed: int) -> NDArray[np.uint8]:
    """(64, 64, 3) uint8, 0–255: the picture inside a grey square; all grey where it cannot be read."""
    square = np.full((_THUMB, _THUMB, 3), 128, np.uint8)
    try:
        pixels = thumbnail(io.BytesIO(Path(path).read_bytes()), _THUMB)
    except (Unreadable, OSError):
        return square
    height, width = pixels.shape[:2]
    top, left = (_THUMB - height) // 2, (_THUMB - width) // 2
    square[top : top + height, left : left + width] = pixels
    return square


def _attempt(action: Callable[[], object]) -> None:
    try:
        action()
    except CNNLabError as exc:
        st.toast(str(exc), icon=":material/error:", duration="long")
