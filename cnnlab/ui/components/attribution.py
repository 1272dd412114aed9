"""Maps of what speaks for a class over their image; how strongly they cover it is chosen in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.attribution import levels, strongest
from cnnlab.analysis.maps import sprite
from cnnlab.analysis.palettes import DIVERGING, VIRIDIS
from cnnlab.ui.components._source import component

_SIGNED = DIVERGING[1:-1]
"""Without the scale's dark ends: over the black of an image they would look like nothing."""

_MOUNT = component("attribution", '<div class="root"></div>')


@dataclass(frozen=True, eq=False)
class Panel:
    """One map.

    Attributes:
        heat: ``(height, width) float``, of the image's size.
        title: What it explains: "8 · predicted".
        words: What it shows, in one line.
        right: Marks the title as that of a right or a wrong class; None does not.
    """

    heat: npt.NDArray[np.floating]
    title: str
    words: str
    right: bool | None = None


def attribution(
    panels: Sequence[Panel], pixels: npt.NDArray[np.uint8], *, key: str, label: str, signed: bool
) -> None:
    """Show maps over an image, side by side, in the colours of one scale.

    Args:
        panels: At least one.
        pixels: ``(height, width, 1 or 3) uint8``, 0–255, the image.
        key: Of this component on the page.
        label: What the maps are, for screen readers: "Grad-CAM of conv2d".
        signed: Whether what is below 0 speaks against the class.
    """
    tiles, extreme = levels([panel.heat for panel in panels], signed=signed)
    sheet = sprite(tiles)
    _MOUNT(
        key=key,
        data={
            "picture": sprite(pixels[np.newaxis]).uri,
            "sheet": sheet.uri,
            "columns": sheet.columns,
            "height": sheet.tile_height,
            "width": sheet.tile_width,
            "palette": list(_SIGNED if signed else VIRIDIS),
            "signed": signed,
            "extreme": extreme,
            "panels": [_panel(panel) for panel in panels],
            "label": label,
        },
    )


def _panel(panel: Panel) -> dict[str, str | int | bool | None]:
    row, column = strongest(panel.heat)
    place = row * panel.heat.shape[1] + column
    return {"title": panel.title, "words": panel.words, "right": panel.right, "strongest": place}
