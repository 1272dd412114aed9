"""The colours that stand for numbers, once for painted arrays and Plotly figures alike.

Okabe and Ito's eight colours (https://jfly.uni-koeln.de/color/) tell classes and curves apart for every kind
of colour vision. Viridis (https://bids.github.io/colormap/) grows evenly in lightness and stands for
magnitudes. The diverging scale runs from Okabe–Ito blue through near-white to vermilion and is always centred
on zero.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#7F8790"

OKABE_ITO = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW, GREY)
"""In an order in which neighbours differ most; the black of the original gives way to a grey for dark
pages."""

VIRIDIS = (
    "#440154", "#481467", "#482576", "#453781", "#404688", "#39558C", "#33638D", "#2D718E", "#287D8E",
    "#238A8D", "#1F968B", "#20A386", "#29AF7F", "#3CBC75", "#56C667", "#74D055", "#94D840", "#B8DE29",
    "#DCE318", "#FDE725",
)  # fmt: skip
DIVERGING = ("#063A5E", "#0072B2", "#7DB6D8", "#F6F6F4", "#F0AD82", "#D55E00", "#6E2F00")


@lru_cache(maxsize=8)
def lookup(anchors: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Return 256 colours on the straight lines between evenly spaced anchors, ``(256, 3) uint8``."""
    stops = np.array([[int(anchor[k : k + 2], 16) for k in (1, 3, 5)] for anchor in anchors], np.float64)
    at = np.linspace(0, len(anchors) - 1, 256)
    mixed = np.stack([np.interp(at, np.arange(len(anchors)), stops[:, k]) for k in range(3)], axis=1)
    table = mixed.round().astype(np.uint8)
    table.flags.writeable = False
    return table


def colourscale(anchors: tuple[str, ...]) -> list[list[float | str]]:
    """Return anchors as a Plotly colour scale."""
    return [[k / (len(anchors) - 1), anchor] for k, anchor in enumerate(anchors)]
