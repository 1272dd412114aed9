"""A grid of small pictures with captions, each of which can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab.analysis.maps import sprite
from cnnlab.ui.components._source import component

_MOUNT = component("images", '<div class="root"></div>')


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of the grid.

    Attributes:
        id: Comes back when it is clicked.
        pixels: ``(height, width, 1 or 3) uint8``, 0–255; all pictures of a grid have one shape.
        title: The caption's first line, set strong.
        caption: Its second line.
        short: The only line written where pictures are small; a screen reader hears the others all the same.
        right: Frames it as a right or a wrong answer; None gives no frame.
    """

    id: str
    pixels: npt.NDArray[np.uint8]
    title: str
    caption: str = ""
    short: str = ""
    right: bool | None = None


def images(
    pictures: Sequence[Picture],
    *,
    key: str,
    label: str,
    on_click: Callable[[str], None] | None = None,
    action: str = "",
    size: int = 96,
    across: int = 0,
    captions: bool = True,
) -> str | None:
    """Show pictures as a grid.

    Args:
        pictures: At most about 60: they travel as one sprite.
        key: Of this component on the page.
        label: What the pictures are, for screen readers.
        on_click: Called with a picture's id before the page reruns for a click.
        action: What a click does, said when the pointer rests on a picture: "Open in Inspect". Without it
            pictures cannot be clicked.
        size: The side of a picture in pixels, about.
        across: Pictures in a row, as large as the page lets them be; 0 for as many of `size` as fit.
        captions: Whether titles and captions are shown; they are read out by a screen reader all the same.

    Returns:
        The id that was clicked just now; None in every other rerun.
    """
    if not pictures:
        return None
    sheet = sprite([picture.pixels for picture in pictures])
    ids = [picture.id for picture in pictures]

    def report() -> None:
        clicked = st.session_state[key].clicked
        if on_click is not None and clicked in ids:
            on_click(clicked)

    result = _MOUNT(
        key=key,
        data={
            "uri": sheet.uri,
            "columns": sheet.columns,
            "height": sheet.tile_height,
            "width": sheet.tile_width,
            "pictures": [
                {
                    "id": each.id,
                    "title": each.title,
                    "caption": each.caption,
                    "short": each.short,
                    "right": each.right,
                }
                for each in pictures
            ],
            "label": label,
            "action": action,
            "size": size,
            "across": across,
            "captions": captions,
        },
        on_clicked_change=report,
    )
    return result.clicked if result.clicked in ids else None
