"""A slider along a sweep: the changed image, the answers to it and their curve move along in the browser."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.analysis.answer import role
from cnnlab.analysis.invariance import CHANGES, Kind, amount_words, neutral_index, stretches
from cnnlab.ui.components._source import component

SHOWN = 5
"""Classes with a bar, the most probable."""
LARGEST_SIDE = 64
"""Of an image as the browser gets it: every second, third … pixel of a larger one."""

_MOUNT = component("invariance", '<div class="root"></div>')


def invariance(
    kind: Kind,
    amounts: NDArray[np.float64],
    images: NDArray[np.uint8],
    probabilities: NDArray[np.float32],
    names: Sequence[str],
    *,
    actual: int | None,
    words: str,
    key: str,
) -> None:
    """Show a sweep; the slider needs no rerun.

    Args:
        kind: A key of `CHANGES`.
        amounts: `(n,)` rising.
        images: `(n, height, width, 1 or 3) uint8`, 0–255.
        probabilities: `(n, classes)`, 0–1.
        names: One a class.
        actual: The image's class, where it is known.
        words: What the curve says, for who cannot see it.
        key: Of this component on the page.
    """
    _MOUNT(key=key, data=payload(kind, amounts, images, probabilities, names, actual) | {"words": words})


def payload(
    kind: Kind,
    amounts: NDArray[np.float64],
    images: NDArray[np.uint8],
    probabilities: NDArray[np.float32],
    names: Sequence[str],
    actual: int | None,
) -> dict[str, Any]:
    """What the browser is given; it grows with the images, not with the number of classes."""
    neutral = neutral_index(kind, amounts)
    called = int(probabilities[neutral].argmax())
    step = -(-max(images.shape[1:3]) // LARGEST_SIDE)
    small = np.ascontiguousarray(images[:, ::step, ::step])
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :SHOWN]
    curves = [called] if actual in (None, called) else [called, actual]
    return {
        "title": CHANGES[kind].title,
        "labels": [amount_words(kind, amount) for amount in amounts],
        "neutral": neutral,
        "pixels": base64.b64encode(small.tobytes()).decode("ascii"),
        "height": small.shape[1],
        "width": small.shape[2],
        "channels": small.shape[3],
        "top": [
            [[names[k], float(row[k]), role(int(k), called, actual)] for k in best]
            for row, best in zip(probabilities, order, strict=True)
        ],
        "curves": [
            [names[k], role(k, called, actual), probabilities[:, k].round(4).tolist()] for k in curves
        ],
        "stretches": [[each.first, each.last, names[each.called]] for each in stretches(probabilities)],
        "right": names[called if actual is None else actual],
    }
