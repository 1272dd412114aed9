"""The frame around every page: the table of pages, the bar at the top, and whose browser this is.

The launcher calls `run()`; each page calls `page(key)` first.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import streamlit as st

from cnnlab.errors import CNNLabError
from cnnlab.live.owner import OWNER_COOKIE, OWNER_PATTERN

_FOLDER = Path(__file__).resolve().parents[2] / "pages"
_ICON = Path(__file__).with_name("icon.svg")
_LOGO = Path(__file__).with_name("logo.svg")
_CARRIED = ("run",)
_ASKED = "cnnlab-frame-asked"
_Draws = TypeVar("_Draws", bound=Callable[..., Any])
_framed: ContextVar[dict[str, st.Page] | None] = ContextVar("framed", default=None)
"""Inside the frame, each page as the navigation of this script run has it."""


@dataclass(frozen=True)
class PageEntry:
    """One page: its key is its file's name and its address."""

    key: str
    title: str
    icon: str
    help: str

    @property
    def page(self) -> st.Page:
        """The page as Streamlit's navigation takes it."""
        return st.Page(
            _FOLDER / f"{self.key}.py",
            title=self.title,
            help=self.help,
            url_path=self.key,
            default=self.key == "home",
        )


PAGES: dict[str, PageEntry] = {
    entry.key: entry
    for entry in (
        PageEntry(
            "home", "Home", ":material/home:", "Start here: train a first network, or choose a preset."
        ),
        PageEntry(
            "design", "Design", ":material/layers:", "Stack layers and see every shape change at once."
        ),
        PageEntry("data", "Data", ":material/photo_library:", "Images, classes, licence and the split."),
        PageEntry(
            "convolution",
            "Convolution",
            ":material/filter_center_focus:",
            "A window slides over an image: every product, sum and size by hand.",
        ),
        PageEntry("train", "Train", ":material/model_training:", "Train the network and watch it learn."),
        PageEntry("inspect", "Inspect", ":material/visibility:", "Kernels and feature maps on a real image."),
        PageEntry("evaluate", "Evaluate", ":material/grid_on:", "Which images went wrong, and for what."),
        PageEntry(
            "compare",
            "Compare",
            ":material/compare_arrows:",
            "Runs side by side: what differs, and what it brought.",
        ),
        PageEntry("runs", "Runs", ":material/history:", "Every training of yours: open, compare, repeat."),
    )
}


def run() -> None:
    """Draw the page that the address asks for, inside the frame. Called by the launcher alone."""
    pages = {key: entry.page for key, entry in PAGES.items()}
    chosen = _navigation(pages)
    st.session_state[_ASKED] = True  # from here on a page that asked again would lose a user's click
    token = _framed.set(pages)
    try:
        with _said():
            chosen.run()
    finally:
        _framed.reset(token)


def fragment(run_every: float | None = None) -> Callable[[_Draws], _Draws]:
    """`st.fragment` for our pages: what cannot be shown is said in words, as on the rest of the page.

    Streamlit shows what a fragment raises by itself, as an error's type with its words redacted.

    Args:
        run_every: seconds between two reruns of the fragment by itself; None: there are none.
    """

    def decorate(draw: _Draws) -> _Draws:
        @functools.wraps(draw)
        def told(*arguments: Any, **named: Any) -> Any:
            with _said():
                return draw(*arguments, **named)

        return cast("_Draws", st.fragment(told, run_every=run_every))

    return decorate


@contextmanager
def _said() -> Iterator[None]:
    """A setting, the record, a design of another version: their words, not the error's type."""
    try:
        yield
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/error:")


def page(key: str) -> None:
    """Begin a page: make sure of the frame, name the browser's tab, draw the bar at the top.

    Args:
        key: the page's key in `PAGES`.
    """
    _ensure_frame()
    entry = PAGES[key]
    st.set_page_config(
        page_title=f"{entry.title} · CNN Lab" if key != "home" else "CNN Lab",
        page_icon=str(_ICON),
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    _bar()


def owner() -> str:
    """Whose runs these are: the browser's cookie, or this session where no cookie came (32 hex digits)."""
    cookie = st.context.cookies.get(OWNER_COOKIE)
    if isinstance(cookie, str) and OWNER_PATTERN.fullmatch(cookie):
        return cookie
    if "cnnlab-owner" not in st.session_state:
        st.session_state["cnnlab-owner"] = secrets.token_hex(16)
    return str(st.session_state["cnnlab-owner"])


def _navigation(pages: dict[str, st.Page]) -> st.Page:
    return st.navigation(list(pages.values()), position="hidden")


def _ensure_frame() -> None:
    """Bring the frame to a page that Streamlit ran without the launcher.

    With a `pages` folder, the first address opened on a fresh server runs that page's script alone, until
    `st.navigation` was called once in the process. A rerun then comes through the launcher. Where it does not
    (a test that runs one page by itself), the page goes on alone.
    """
    if _framed.get() is not None:
        return
    _navigation({key: entry.page for key, entry in PAGES.items()})
    if not st.session_state.get(_ASKED):
        st.session_state[_ASKED] = True
        st.rerun()


def _bar() -> None:
    """The bar at the top: the product's name and a link to each page, which keeps the chosen run."""
    carried = {name: st.query_params[name] for name in _CARRIED if name in st.query_params}
    pages = _framed.get() or {key: entry.page for key, entry in PAGES.items()}
    st.logo(str(_LOGO), size="large")
    with st.container(horizontal=True, vertical_alignment="center", gap=None):
        for page in pages.values():
            st.page_link(page, query_params=carried or None, icon="", help="")
