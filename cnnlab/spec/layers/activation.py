"""Activation as a layer of its own: between a convolution and its normalization, for example."""

from __future__ import annotations

from typing import Literal

from cnnlab.spec.layers.base import Fault, Layer, Shape
from cnnlab.spec.layers.common import ActivationName, activation_field


class Activation(Layer):
    """An activation: applies a function to each value."""

    kind: Literal["Activation"] = "Activation"
    activation: Literal[ActivationName, "softmax"] = activation_field(
        "Function applied to each value; softmax over the channels of each pixel, or over the vector."
    )

    title = "Activation"
    summary = "Applies a function to each value, as a layer of its own: behind a normalization, for example."

    def fault(self, shape: Shape) -> Fault | None:
        """A softmax over a single value says nothing."""
        if self.activation != "softmax" or shape[-1] > 1:
            return None
        what = "channel" if len(shape) == 3 else "value"
        return Fault(
            "softmax",
            f"the softmax of a single {what} is always 1. Use sigmoid.",
            (("Use sigmoid", (self.replace(activation="sigmoid"),)),),
        )
