"""The health of each layer while it trains, and one line of advice that names the layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LOOKS = 5
"""So many of the last looks are taken together: one batch may be a strange one."""

DEAD = 0.6
"""Share of ReLUs that give 0 for a whole batch, above which they are a layer's main trouble; a third is
common in a wide dense layer that does well."""
SATURATED = 0.6
"""Share of outputs at the flat ends of a sigmoid or tanh, where hardly any gradient passes."""
LARGE_UPDATE = 0.05
"""A step that changes the weights by more than this share throws away what was learnt."""
TINY_UPDATE = 1e-6
"""A step that changes the weights by less than this share changes nothing; about 1e-3 is healthy."""
VANISHED = 1e-3
"""Gradient of a layer ÷ the greatest of any layer, below which it hardly learns beside the others."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What ails a layer.

    Attributes:
        layer: Its name.
        title: The trouble in a few words, with the layer's name.
        text: What it means and what to do.
    """

    layer: str
    title: str
    text: str


def advice(looks: Sequence[Mapping[str, Any]], *, early: bool = True) -> Advice | None:
    """The most urgent advice on a layer; None where all are well.

    Args:
        looks: One mapping a look at the layers, the fields of `Health`, in order.
        early: Whether the training is far from its end, where a schedule makes updates tiny on purpose.
    """
    layers = _together(looks[-LOOKS:])
    rules = (_large_update, _dead, _saturated, _vanished, *([_tiny_update] if early else []))
    for rule in rules:
        found = rule(layers)
        if found is not None:
            return found
    return None


Layers = Mapping[str, Mapping[str, float]]
"""A layer's name → its measures; one that does not apply to the layer is absent."""


def _together(looks: Sequence[Mapping[str, Any]]) -> Layers:
    """The median of each measure over some looks."""
    values: dict[str, dict[str, list[float]]] = {}
    for look in looks:
        for layer in look["layers"]:
            measures = values.setdefault(layer["name"], {})
            for name in ("dead", "saturated", "gradient", "update"):
                value = layer.get(name)
                if value is not None and math.isfinite(value):
                    measures.setdefault(name, []).append(value)
    return {
        layer: {name: float(np.median(each)) for name, each in measures.items()}
        for layer, measures in values.items()
    }


def _worst(
    layers: Layers, measure: str, better: Callable[[float, float], bool], limit: float
) -> tuple[str, float] | None:
    """The layer whose measure is beyond the limit the furthest."""
    beyond = [
        (name, values[measure])
        for name, values in layers.items()
        if measure in values and not better(values[measure], limit)
    ]
    if not beyond:
        return None
    worst = beyond[0]
    for each in beyond:
        if better(worst[1], each[1]):
            worst = each
    return worst


def _less(value: float, limit: float) -> bool:
    return value < limit


def _more(value: float, limit: float) -> bool:
    return value > limit


def _large_update(layers: Layers) -> Advice | None:
    found = _worst(layers, "update", _less, LARGE_UPDATE)
    if found is None:
        return None
    name, update = found
    return Advice(
        name,
        f"{name}: large updates",
        f"Each step changes its weights by {update:.0%}; about 0.1% is healthy. Use a smaller learning rate.",
    )


def _dead(layers: Layers) -> Advice | None:
    found = _worst(layers, "dead", _less, DEAD)
    if found is None:
        return None
    name, dead = found
    return Advice(
        name,
        f"{name}: {dead:.0%} dead ReLUs",
        "They give 0 for every image of a batch, so no gradient reaches their weights. Use a smaller "
        "learning rate, or an activation that lets negative values through, such as leaky_relu or elu.",
    )


def _saturated(layers: Layers) -> Advice | None:
    found = _worst(layers, "saturated", _less, SATURATED)
    if found is None:
        return None
    name, saturated = found
    return Advice(
        name,
        f"{name}: {saturated:.0%} saturated",
        "These outputs lie on the flat ends of the activation, where hardly any gradient passes. Use relu, "
        "or a BatchNormalization before it.",
    )


def _vanished(layers: Layers) -> Advice | None:
    gradients = {name: values["gradient"] for name, values in layers.items() if "gradient" in values}
    if len(gradients) < 2:
        return None
    name = min(gradients, key=gradients.__getitem__)
    greatest = max(gradients.values())
    if greatest <= 0 or gradients[name] >= VANISHED * greatest:
        return None
    return Advice(
        name,
        f"{name}: hardly any gradient",
        f"Compared with its weights it is {gradients[name] / greatest:.0e} of that of the strongest layer. "
        "Use relu and he_normal, a BatchNormalization, or residual blocks.",
    )


def _tiny_update(layers: Layers) -> Advice | None:
    found = _worst(layers, "update", _more, TINY_UPDATE)
    if found is None:
        return None
    name, update = found
    return Advice(
        name,
        f"{name}: tiny updates",
        f"A step changes its weights by {update:.0e} of their size; about 1e-03 is healthy. Use a larger "
        "learning rate.",
    )
