"""Every layer kind, one class each, one file a family: the only folder that a new kind touches.

Class names and field names are Keras's own, so that the class is at once the form, the check, the Keras
layer, the exported source and the JSON. Sizes are single numbers: windows and strides are square. Shapes
leave out the batch axis: a map is `(height, width, channels)`, a vector `(n,)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from cnnlab.spec.layers.base import (
    FAMILIES,
    KINDS,
    Fault,
    KerasObject,
    Layer,
    Part,
    Shape,
    Window,
    numbered,
)

# isort: off
# The order of these lines is the order in which a page offers the kinds.
from cnnlab.spec.layers.convolution import Conv2D, DepthwiseConv2D, SeparableConv2D
from cnnlab.spec.layers.pooling import (
    MaxPooling2D,
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
)
from cnnlab.spec.layers.dense import Flatten, Dense
from cnnlab.spec.layers.activation import Activation
from cnnlab.spec.layers.regularization import Dropout, SpatialDropout2D, GaussianNoise
from cnnlab.spec.layers.normalization import BatchNormalization, LayerNormalization
from cnnlab.spec.layers.blocks import Add, Composite, ResidualBlock
# isort: on

__all__ = [
    "FAMILIES",
    "KINDS",
    "Activation",
    "Add",
    "AnyLayer",
    "AveragePooling2D",
    "BatchNormalization",
    "Composite",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Fault",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "KerasObject",
    "Layer",
    "LayerNormalization",
    "MaxPooling2D",
    "Part",
    "ResidualBlock",
    "SeparableConv2D",
    "Shape",
    "SpatialDropout2D",
    "Window",
    "numbered",
]

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = Annotated[Union[tuple(KINDS.values())], Field(discriminator="kind")]  # noqa: UP007
