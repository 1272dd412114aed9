"""A first network for pictures that nobody has made a preset for: small, and trained in a minute or two."""

from __future__ import annotations

import math

from cnnlab.spec.architecture import Architecture
from cnnlab.spec.augmentation import AnyAugmentation, Rotate, Translate, Zoom
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Conv2D, Dropout, Flatten, Layer, MaxPooling2D
from cnnlab.spec.training import TrainingConfig

SMALLEST_SIDE = 8
"""Pooling goes on until the feature maps are about this large."""

FEW_IMAGES = 2_000
"""Below this number a network would learn the pictures by heart, if it saw each always the same."""

STEPS = 300
"""What a small network takes to learn to tell a few classes of photographs apart."""

MAX_EPOCHS = 60


def starter(dataset: str, image_shape: tuple[int, int, int], classes: int, images: int) -> Design:
    """A design to begin with.

    Args:
        dataset: name of the data set.
        image_shape: (height, width, channels) of every image.
        classes: number of classes.
        images: number of images in all.
    """
    batch = 8 if images < 200 else 32
    epochs = min(MAX_EPOCHS, max(5, math.ceil(STEPS / math.ceil(0.72 * images / batch))))
    return Design(
        dataset=dataset,
        architecture=Architecture(
            input_shape=image_shape, classes=classes, layers=_layers(min(image_shape[:2]))
        ),
        training=TrainingConfig(
            epochs=epochs,
            batch_size=batch,
            schedule="cosine",
            augmentation=_augmentation() if images < FEW_IMAGES else (),
        ),
    )


def _layers(side: int) -> tuple[Layer, ...]:
    """Convolution and pooling by turns, twice as many filters each time, up to 64."""
    layers: list[Layer] = []
    filters = 16
    while side >= 2 * SMALLEST_SIDE or not layers:
        layers += [Conv2D(filters=filters, padding="same"), MaxPooling2D()]
        side, filters = side // 2, min(2 * filters, 64)
    return (*layers, Flatten(), Dropout(rate=0.3))


def _augmentation() -> tuple[AnyAugmentation, ...]:
    """What changes no meaning: a digit may be turned a little, but not flipped."""
    return Rotate(degrees=10.0), Translate(height=0.1, width=0.1), Zoom(share=0.1)
