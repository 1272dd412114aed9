"""A small sheet of paper to draw on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

import streamlit as st

from cnnlab.ui.components._source import component

_MOUNT = component("sketch", '<div class="root"></div>')

_HEAD = "data:image/png;base64,"
_MAX_CHARACTERS = 400_000
"""A full sheet takes a tenth of it."""


def sketch(*, key: str, label: str, on_drawn: Callable[[bytes], None]) -> None:
    """Show a sheet of paper, 256×256 pixels, black on white.

    Args:
        key: Of this component on the page.
        label: What to draw, for screen readers.
        on_drawn: Called with a drawing's PNG before the page reruns for it.
    """

    def report() -> None:
        content = decoded((st.session_state[key].drawn or {}).get("picture"))
        if content is not None:
            on_drawn(content)

    _MOUNT(key=key, data={"label": label}, on_drawn_change=report)


def decoded(text: object) -> bytes | None:
    """The bytes of a PNG that came as a data URI; None for anything else."""
    if not isinstance(text, str) or not text.startswith(_HEAD) or len(text) > _MAX_CHARACTERS:
        return None
    try:
        return base64.b64decode(text[len(_HEAD) :], validate=True)
    except binascii.Error:
        return None
