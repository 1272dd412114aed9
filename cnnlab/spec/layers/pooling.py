"""Kinds that sum a map up, without weights."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from cnnlab.spec.fields import choice, integer
from cnnlab.spec.layers.base import Layer, Shape, Window
from cnnlab.spec.layers.common import Padding


class _Pooling(Layer):
    """What both poolings share: a window that keeps the channels apart and has no weights."""

    pool_size: int = integer(
        2, low=1, high=64, slider=(1, 8), label="Pool size", help="Side of the square window in pixels."
    )
    strides: int | None = integer(
        None,
        low=1,
        high=64,
        slider=(1, 8),
        label="Stride",
        help="Pixels from one window to the next; without a value, the pool size: windows side by side.",
        none="same as pool size",
    )
    padding: Padding = choice(
        "valid",
        label="Padding",
        help="valid: windows stay inside the map; same: the last one may reach over its edge.",
    )

    rank = 3
    family = "pool"
    keras_defaults: ClassVar[dict[str, Any]] = {"strides": None, "padding": "valid"}

    def output_shape(self, shape: Shape) -> Shape:
        """Height and width shrink by the window, channels stay."""
        window = self.window()
        return (window.output_size(shape[0]), window.output_size(shape[1]), shape[2])

    def window(self) -> Window:
        """The pooling window."""
        return Window(self.pool_size, self.strides or self.pool_size, self.padding)


class MaxPooling2D(_Pooling):
    """Max pooling: keeps the greatest value of each window."""

    kind: Literal["MaxPooling2D"] = "MaxPooling2D"

    title = "Max pooling"
    summary = "Keeps the greatest value of each window: smaller maps, and small shifts matter less."


class AveragePooling2D(_Pooling):
    """Average pooling: keeps the mean of each window."""

    kind: Literal["AveragePooling2D"] = "AveragePooling2D"

    title = "Average pooling"
    summary = "Keeps the mean of each window: smaller, smoother maps."


class _GlobalPooling(Layer):
    """What both global poolings share: a whole map becomes one number."""

    rank = 3
    family = "pool"
    mixes_everything = True

    def output_shape(self, shape: Shape) -> Shape:
        """One value a channel."""
        return (shape[2],)


class GlobalAveragePooling2D(_GlobalPooling):
    """Global average pooling: keeps the mean of each feature map, as one vector."""

    kind: Literal["GlobalAveragePooling2D"] = "GlobalAveragePooling2D"

    title = "Global average pooling"
    summary = (
        "Keeps the mean of each feature map: a short vector in place of Flatten, with few weights behind it."
    )


class GlobalMaxPooling2D(_GlobalPooling):
    """Global max pooling: keeps the greatest value of each feature map, as one vector."""

    kind: Literal["GlobalMaxPooling2D"] = "GlobalMaxPooling2D"

    title = "Global max pooling"
    summary = "Keeps the greatest value of each feature map: whether a pattern is anywhere at all."
