"""A network's answer to one image: a bar a class. Drawn by the browser in a millisecond, unlike a chart."""

from __future__ import annotations

from collections.abc import Sequence

from cnnlab.analysis.answer import Share
from cnnlab.ui.components._source import component

_MOUNT = component("answer", '<div class="root"></div>')


def answer(rows: Sequence[Share], *, key: str, label: str) -> None:
    """Draw bars: the actual class blue, an answer that is another vermilion, the rest grey.

    Args:
        rows: From `cnnlab.analysis.answer.shares`.
        key: Of this component on the page.
        label: The answer in words, for screen readers.
    """
    _MOUNT(key=key, data={"rows": [list(row) for row in rows], "label": label})
