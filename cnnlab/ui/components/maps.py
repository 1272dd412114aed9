"""A grid of feature maps or kernels; a click or an arrow key enlarges one, in the browser itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cnnlab.analysis.maps import Tiles
from cnnlab.ui.components._source import component

_MOUNT = component("maps", '<div class="root"></div>')


def maps(
    tiles: Tiles,
    *,
    key: str,
    label: str,
    noun: str = "map",
    selected: int | None = None,
    on_select: Callable[[int], None] | None = None,
) -> int:
    """Show painted tiles as a grid beside one of them enlarged.

    Enlarging needs no rerun. The page reruns for a selection only where ``on_select`` asks for it.

    Args:
        tiles: From `cnnlab.analysis.maps`.
        key: Of this component on the page.
        label: What the tiles are, for screen readers: "Feature maps of conv2d".
        noun: What one tile is: "map", "filter", "unit".
        selected: The tile that is enlarged at first; None takes the one with the largest value. What the user
            chose stays while the picture under it changes, until ``label`` or this does.
        on_select: Called with a tile's index before the page reruns for a selection.

    Returns:
        The tile that was chosen just now, where ``on_select`` asks for it; else the one enlarged at first.
    """
    count = tiles.sprite.count
    initial = selected if selected is not None else _strongest(tiles)

    def report() -> None:
        index = st.session_state[key].selected
        if on_select is not None and isinstance(index, int) and 0 <= index < count:
            on_select(index)

    result = _MOUNT(
        key=key,
        data=_data(tiles, label, noun)
        | {"initial": initial, "asked": selected, "report": on_select is not None},
        on_selected_change=report,
    )
    index = result.selected
    return index if isinstance(index, int) and 0 <= index < count else initial


def _data(tiles: Tiles, label: str, noun: str) -> dict[str, Any]:
    sprite = tiles.sprite
    return {
        "uri": sprite.uri,
        "count": sprite.count,
        "columns": sprite.columns,
        "height": sprite.tile_height,
        "width": sprite.tile_width,
        "palette": list(tiles.palette),
        "statistics": [[each.minimum, each.maximum, each.zeros] for each in tiles.statistics],
        "ranges": [list(ends) for ends in tiles.ranges],
        "leftOut": tiles.left_out,
        "label": label,
        "noun": noun,
    }


def _strongest(tiles: Tiles) -> int:
    return max(range(tiles.sprite.count), key=lambda index: tiles.statistics[index].maximum)
