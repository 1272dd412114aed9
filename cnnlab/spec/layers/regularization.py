"""Kinds that disturb the values while training, against overfitting; in prediction they do nothing."""

from __future__ import annotations

from typing import Any, Literal

from cnnlab.spec.fields import real
from cnnlab.spec.layers.base import Layer


def _rate(what: str) -> Any:
    return real(
        0.25,
        low=0.0,
        high=0.95,
        slider=(0.0, 0.8),
        step=0.05,
        label="Rate",
        help=f"Share of {what} set to zero in training.",
    )


class Dropout(Layer):
    """Dropout: switches a random share of the values off while training."""

    kind: Literal["Dropout"] = "Dropout"
    rate: float = _rate("values")

    title = "Dropout"
    summary = (
        "Sets a random share of values to zero while training, against overfitting; nothing in prediction."
    )
    family = "drop"


class SpatialDropout2D(Layer):
    """Spatial dropout: switches a random share of whole feature maps off while training."""

    kind: Literal["SpatialDropout2D"] = "SpatialDropout2D"
    rate: float = _rate("feature maps")

    title = "Spatial dropout"
    summary = "Sets whole feature maps to zero while training: neighbouring pixels would tell what one hides."
    rank = 3
    family = "drop"


class GaussianNoise(Layer):
    """Gaussian noise: adds a random number to each value while training."""

    kind: Literal["GaussianNoise"] = "GaussianNoise"
    stddev: float = real(
        0.1,
        low=0.0,
        high=1.0,
        slider=(0.0, 0.5),
        step=0.01,
        label="Standard deviation",
        help="Spread of the random numbers that are added in training.",
    )

    title = "Gaussian noise"
    summary = "Adds a random number to each value while training, against overfitting; nothing in prediction."
    family = "drop"
