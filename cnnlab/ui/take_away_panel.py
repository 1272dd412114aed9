"""Taking a run away: a card for each form, made in a worker, then downloaded."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnlab import api, datasets
from cnnlab.api import exports
from cnnlab.errors import CNNLabError
from cnnlab.spec import usage
from cnnlab.spec.formats import FORMATS, Format
from cnnlab.spec.usage import About
from cnnlab.ui import frame, words

_GROUPS = (
    (
        "The trained network",
        "network",
        "Pixels from 0 to 255 go in, probabilities come out: the division by 255 and the softmax are inside. "
        "Each file is compared with the network on 100 test images before you get it.",
        3,
    ),
    ("The training", "training", "What happened, and how to do it again.", 4),
)
"""Title, name, words and columns of each group of cards."""


@frame.fragment()
def panel(run: api.Run, step: int) -> None:
    """Draw the cards: one fragment, so that making one leaves the rest of the page alone.

    Args:
        run: the run to take away.
        step: of the weights.
    """
    run_id = run.row.id  # read anew where a moment has passed: it may have been deleted in another tab
    st.subheader("Take it away", anchor=False)
    asked: list[tuple[Format, DeltaGenerator, DeltaGenerator]] = []
    for title, group, text, columns in _GROUPS:
        st.markdown(f"**{title}**  \n{text}")
        with st.grid(columns, min_column_width=240, gap="small"):
            for form in FORMATS:
                if (form.content == "network") == (group == "network"):
                    card = st.container(border=True, height="stretch", gap="small", key=f"w-take-{form.name}")
                    with card:
                        place = _card(run, run_id, step, form)
                    if place is not None:
                        asked.append((form, card, place))
    for form, card, place in asked:  # behind all cards: none of them waits for it
        with card:
            _make(run, step, form, place)


def _card(run: api.Run, run_id: str, step: int, form: Format) -> DeltaGenerator | None:
    """One form; where it is to be made now, the place in which that is said."""
    st.markdown(f"{form.icon} **{form.title}**")
    st.caption(form.purpose)
    lacking = form.missing()
    if lacking is not None:
        st.info(lacking, icon=":material/extension:")
    elif not exports.needs_worker(form):
        _download(form, run, lambda: _written_now(run_id, form))
    elif (ready := exports.made(run_id, form, step)) is not None:
        _offer(run, step, form, ready)
    else:
        return _asked(form)
    return None


def _offer(run: api.Run, step: int, form: Format, ready: exports.Made) -> None:
    """The download, what is known of it, and how to use it."""
    path, report = ready.path, ready.report
    with st.container(horizontal=True, vertical_alignment="center"):
        _download(form, run, path.read_bytes, size=report.bytes)
        _how_to_use(run, form, step)
    if report.words():
        st.caption(report.words())


def _asked(form: Format) -> DeltaGenerator | None:
    """The button that makes it; once it was clicked, its place."""
    place = st.empty()
    clicked = place.button("Make", key=f"w-make-{form.name}", icon=":material/build:")
    return place if clicked or st.session_state.pop(_again(form), False) else None


def _make(run: api.Run, step: int, form: Format, place: DeltaGenerator) -> None:
    """Make it and offer it; where that went wrong, say why and offer to try again."""
    doing = "Writing and checking…" if form.content == "network" else "Writing…"
    try:
        with place.container(), st.spinner(doing, show_time=True):  # for the button: one click is enough
            ready = exports.make(run.id, form, step)
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/error:")
        st.button(
            "Try again",
            key=f"w-again-{form.name}",
            icon=":material/refresh:",
            on_click=st.session_state.update,
            args=({_again(form): True},),
        )
    else:
        _offer(run, step, form, ready)
    finally:
        place.empty()


def _again(form: Format) -> str:
    return f"cnnlab-make-{form.name}"


def _download(form: Format, run: api.Run, content: object, size: int | None = None) -> None:
    """The download; its content is read when it is asked for, and not before."""
    file_name = form.file_name(run.name) + (".zip" if form.folder else "")
    st.download_button(
        "Download" if size is None else f"Download {words.size(size)}",
        data=content,  # type: ignore[arg-type]
        file_name=file_name,
        mime="application/zip" if form.folder else "application/octet-stream",
        key=f"w-download-{form.name}",
        icon=":material/download:",
        on_click="ignore",
    )


def _how_to_use(run: api.Run, form: Format, step: int) -> None:
    info = datasets.info(run.design.dataset)
    about = About(run.name, run.id, info.title, info.image_shape, info.class_names, step)
    code = usage.snippet(form, about, form.file_name(run.name))
    if form.name == "serve":
        code = "pip install -r requirements.txt\nuvicorn app:app --port 8000"
    with st.popover("Use it", key=f"w-use-{form.name}", icon=":material/terminal:", type="tertiary"):
        if form.content == "network" and form.name != "serve":
            st.markdown(usage.contract(form, about))
        st.code(code, language="python" if "import" in code else "sh", wrap_lines=True)


def _written_now(run_id: str, form: Format) -> bytes:
    """A form that takes no worker, written when its download is clicked."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / form.file_name(api.get(run_id).name)
        exports.export(run_id, form.name, place)
        return exports.packed(place).read_bytes()
