"""A stack of augmentations as Keras source, between the network and its training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cnnlab.spec.augmentation import Augmentation, in_order


def augmentation_source(stack: Sequence[Augmentation], input_shape: Sequence[int]) -> list[str]:
    """Lines that put the Keras layers of a stack before `model`; none for an empty stack.

    Each layer draws for itself and interpolates for itself, so that the images are alike, not the same.

    Args:
        stack: the augmentations, in any order.
        input_shape: (height, width, channels) of an image.
    """
    if not stack:
        return []
    calls = [_call(entry) for entry in in_order(stack)]
    return [
        "# These layers work while training; in prediction they pass the images on as they are.",
        "augmentation = keras.Sequential(",
        "    [",
        *(f"        {line}" for line in calls),
        "    ],",
        '    name="augmentation",',
        ")",
        f"model = keras.Sequential([keras.Input(shape={tuple(input_shape)}), augmentation, model])",
    ]


def _call(entry: Augmentation) -> str:
    """One layer: its first argument by position, the others by name."""
    name, arguments = entry.keras_layer()
    (_, first), *others = arguments.items()
    given = ", ".join([_literal(first), *(f"{key}={_literal(value)}" for key, value in others)])
    comment = f"  # {entry.keras_approximates}" if entry.keras_approximates else ""
    return f"layers.{name}({given}),{comment}"


def _literal(value: Any) -> str:
    """A value as source: strings in double quotes, numbers without digits that say nothing."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))})"
    return repr(round(value, 6))
