"""An architecture and its trace: every shape, count and problem of a stack of layers, without TensorFlow.

architecture = Architecture(input_shape=(28, 28, 1), classes=10, layers=(Conv2D(), Flatten()))
architecture.trace().rows[0].output_shape  # (26, 26, 32)
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cnnlab.spec import mends, walk
from cnnlab.spec.fields import Spec
from cnnlab.spec.layers import AnyLayer, Layer
from cnnlab.spec.walk import (
    MAX_ACTIVATION_BYTES,
    MAX_CHANNELS,
    MAX_CLASSES,
    MAX_LAYERS,
    MAX_PARAMETERS,
    MAX_SIDE,
    Mend,
    Problem,
    Row,
    Trace,
)

__all__ = [
    "MAX_ACTIVATION_BYTES",
    "MAX_CHANNELS",
    "MAX_CLASSES",
    "MAX_LAYERS",
    "MAX_PARAMETERS",
    "MAX_SIDE",
    "Architecture",
    "Mend",
    "Problem",
    "Row",
    "Trace",
]

_MOST_LAYERS_READ = 256
"""More layers than this are refused when read; between this and `MAX_LAYERS` they are a problem in words."""

Side = Annotated[int, Field(strict=True, ge=1, le=MAX_SIDE)]
Channels = Annotated[int, Field(strict=True, ge=1, le=MAX_CHANNELS)]


class Architecture(Spec):
    """A stack of layers between an image and its classes.

    Attributes:
        input_shape: (height, width, channels) of one image.
        classes: number of classes: units of the output row, which is always last and not part of `layers`.
        layers: the stack.
    """

    input_shape: tuple[Side, Side, Channels] = Field(
        description=f"height and width from 1 to {MAX_SIDE} and 1 to {MAX_CHANNELS} channels"
    )
    classes: int = Field(strict=True, ge=2, le=MAX_CLASSES, description=f"2 to {MAX_CLASSES}")
    layers: tuple[AnyLayer, ...] = Field(
        default=(), max_length=_MOST_LAYERS_READ, description=f"a list of at most {MAX_LAYERS} layers"
    )

    def with_data(self, input_shape: tuple[int, int, int], classes: int) -> Architecture:
        """The same layers for images of another shape or another number of classes.

        Raises:
            SpecError: the shape or the number is not accepted.
        """
        return self.replace(input_shape=tuple(input_shape), classes=classes)

    def with_layers(self, layers: tuple[Layer, ...]) -> Architecture:
        """The same data with another stack, as a `Mend` carries it.

        Raises:
            SpecError: there are more layers than can be meant.
        """
        return self.replace(layers=tuple(layers))

    def trace(self) -> Trace:
        """Every row of the stack with its shape, counts and problem, and the mends that work.

        Never raises, whatever the fields hold: what cannot be used is a problem of its row.
        """
        # Read with a default: `model_construct` makes an architecture without any of them.
        parts = (
            getattr(self, "input_shape", None),
            getattr(self, "classes", None),
            getattr(self, "layers", ()),
        )
        found = walk.walk(*parts)
        return found if found.ok else mends.with_mends(found, *parts)
