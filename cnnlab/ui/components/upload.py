"""A place to drop files and folders, which go to the app's own route without ever lying in memory whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from cnnlab.live.uploads import UPLOAD_HEADER, UPLOAD_URL
from cnnlab.ui.components._source import component

_MOUNT = component("upload", '<div class="root"></div>')

Ended = Literal["finished", "missing"]


def upload(
    *,
    key: str,
    label: str,
    room: int,
    into: str = "",
    on_end: Callable[[], None] | None = None,
) -> Ended | None:
    """Take files from the browser.

    Args:
        key: Of this component on the page.
        label: What to drop here.
        room: Bytes that may be sent in all.
        into: The class that pictures are put into; without it a zip, or folders with a folder a class, are
            taken.
        on_end: Called before the page reruns for an upload that has ended.

    Returns:
        "finished" when an upload has just ended; "missing" where the host does not serve the app's routes;
        None in every other rerun.
    """

    def report() -> None:
        if on_end is not None:
            on_end()

    result = _MOUNT(
        key=key,
        data={"label": label, "room": room, "into": into, "url": UPLOAD_URL, "header": UPLOAD_HEADER},
        on_finished_change=report,
        on_missing_change=report,
    )
    if result.finished is not None:
        return "finished"
    return "missing" if result.missing is not None else None
