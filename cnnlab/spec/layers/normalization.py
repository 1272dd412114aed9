"""Kinds that bring values to mean 0 and variance 1, then scale and shift them as learned."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from cnnlab.spec.fields import switch
from cnnlab.spec.layers.base import Layer, Shape
from cnnlab.spec.layers.common import epsilon_field, momentum_field


def _center() -> Any:
    return switch(True, label="Center", help="Adds a learned shift (beta) to each channel.", advanced=True)


def _scale() -> Any:
    return switch(
        True, label="Scale", help="Multiplies each channel by a learned factor (gamma).", advanced=True
    )


class BatchNormalization(Layer):
    """Batch normalization: brings each channel to mean 0 and variance 1, then scales and shifts it."""

    kind: Literal["BatchNormalization"] = "BatchNormalization"
    momentum: float = momentum_field()
    epsilon: float = epsilon_field()
    center: bool = _center()
    scale: bool = _scale()

    title = "Batch normalization"
    summary = "Normalises each channel: over the batch while training, by moving averages in prediction."
    family = "norm"
    not_trainable = frozenset({"moving_mean", "moving_variance"})
    keras_defaults: ClassVar[dict[str, Any]] = {
        "momentum": 0.99,
        "epsilon": 1e-3,
        "center": True,
        "scale": True,
    }

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """One gamma, beta, moving mean and moving variance a channel."""
        learned = [name for name, present in (("gamma", self.scale), ("beta", self.center)) if present]
        return dict.fromkeys([*learned, "moving_mean", "moving_variance"], (shape[-1],))


class LayerNormalization(Layer):
    """Layer normalization: brings the channels of each pixel, or a vector, to mean 0 and variance 1."""

    kind: Literal["LayerNormalization"] = "LayerNormalization"
    epsilon: float = epsilon_field()
    center: bool = _center()
    scale: bool = _scale()

    title = "Layer normalization"
    summary = (
        "Normalises over the channels of each pixel, image by image: the same in training and prediction."
    )
    family = "norm"
    keras_defaults: ClassVar[dict[str, Any]] = {"epsilon": 1e-3, "center": True, "scale": True}

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        """One gamma and beta a channel."""
        learned = [name for name, present in (("gamma", self.scale), ("beta", self.center)) if present]
        return dict.fromkeys(learned, (shape[-1],))
