"""Reads the browser's half of a component and makes one inline module of it.

The `.mjs` files are ordinary modules, which `node --test` imports as they stand. Streamlit's inline
components are single modules without relative imports, so helpers that a file imports from beside it are
joined in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import\s*\{[^}]*\}\s*from\s*"\./(?P<name>[\w.-]+\.mjs)";?\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def script(name: str) -> str:
    """Return a module's text with the helpers it imports, each once, in front of it.

    Args:
        name: A file of this folder, for example ``"network.mjs"``.
    """
    return _joined(name, set())


def _joined(name: str, seen: set[str]) -> str:
    if name in seen:
        return ""
    seen.add(name)
    text = (_FOLDER / name).read_text(encoding="utf-8")
    helpers = [_joined(match["name"], seen) for match in _IMPORT.finditer(text)]
    # Only the default export is of use to Streamlit; the named ones are for the tests.
    return "".join(helpers) + _EXPORT.sub("", _IMPORT.sub("", text))


def style(name: str) -> str:
    """Return the component's own rules behind those that all share."""
    return "\n".join((_FOLDER / file).read_text(encoding="utf-8") for file in ("shared.css", name))


def component(name: str, html: str) -> Callable[..., Any]:
    """Register the component whose files are ``name.mjs`` and ``name.css``; returns what mounts it.

    Its ``data`` may hold lists. Streamlit imports pandas and pyarrow (70 MB) to look whether a list at the
    first level is a table, but not for a tuple, and the browser gets an array either way. A dict at the first
    level costs them too: the components of the first pages do without.

    Args:
        name: The files' name.
        html: What the component starts from; its script fills it.
    """
    renderer = st.components.v2.component(
        f"cnnlab_{name}", html=html, css=style(f"{name}.css"), js=script(f"{name}.mjs")
    )

    def mount(*, data: dict[str, Any], **options: Any) -> Any:
        plain = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        return renderer(data=plain, **options)

    return mount
