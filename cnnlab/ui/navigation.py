"""Going from page to page with parameters in the address, so that it can be shared and Back works."""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import urlsplit

import streamlit as st

from cnnlab.ui.frame import PAGES


def go(key: str, **query: str) -> NoReturn:
    """Switch to a page with these parameters in its address."""
    st.switch_page(PAGES[key].page, query_params=query)


def link(key: str, label: str, *, icon: str | None = None, help: str = "", **query: str) -> None:
    """A link to a page with these parameters in its address."""
    st.page_link(PAGES[key].page, label=label, icon=icon, help=help, query_params=query or None)


def leads_nowhere(what: str, why: str) -> None:
    """Say that what the address asks for is not there.

    Args:
        what: What it asks for: "run", "data set", "card".
        why: What is wrong with it, and what is there instead.
    """
    st.error(why, title=f"This link leads to no {what}", icon=":material/link_off:")


def served(path: str) -> str:
    """The whole address of what a route of the app serves; `path` is relative to the app's root."""
    here = urlsplit(st.context.url or "")
    return f"{here.scheme}://{here.netloc}{here.path.rsplit('/', 1)[0]}/{path}"


def address(key: str, **query: str) -> str:
    """The whole address of a page, for a user to copy: the parameters' values must be safe in an address."""
    here = urlsplit(st.context.url or "")
    base = here.path.rsplit("/", 1)[0]
    parameters = "&".join(f"{name}={value}" for name, value in query.items())
    return f"{here.scheme}://{here.netloc}{base}/{key}?{parameters}"
