"""Whether a browser opens its webcam for this page."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

CAMERA_WIDTH = 320
"""Pixels: as wide as the page, a camera's button would lie below the first screen."""


def camera_here() -> bool:
    """Whether the page may ask for the webcam; where browsers refuse it, the page says why and what to do."""
    where = urlsplit(st.context.url or "")
    if where.scheme == "http" and where.hostname not in ("localhost", "127.0.0.1", None):
        st.warning(
            "Browsers open the webcam only for pages with HTTPS, or on the machine itself. Ask whoever runs "
            "this server for an address with https://.",
            icon=":material/no_photography:",
        )
        return False
    return True
