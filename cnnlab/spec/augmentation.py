"""Every kind of augmentation, one class each, declared like the kinds of layers.

An augmentation changes the training images anew at each step, so that the network never sees the same one
twice. Each image draws its own numbers, evenly between the bounds that the fields say. A value of 0 changes
nothing, and a strength (0: off, 1: as declared, up to 2) scales every field, never beyond its hard bound.
Each kind says which Keras layer does the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union

from pydantic import Field

from cnnlab.spec.fields import Control, Spec, choice, controls, real

MAX_AUGMENTATIONS = 16
"""More can only undo each other, and each costs time at every step."""
MAX_STRENGTH = 2.0
"""Twice what was declared: enough to see where it becomes too much."""

_BLACK: dict[str, Any] = {"fill_mode": "constant"}
"""What comes in from outside an image is 0: as the ground of digits is, and twice as quick as a mirror."""

AUGMENTATIONS: dict[str, type[Augmentation]] = {}
"""Every kind of augmentation by its class name, in the order in which a page offers them."""


class Augmentation(Spec):
    """Base of every kind of augmentation. A subclass declares its fields and what is said below."""

    kind: str = Field(default="", frozen=True)

    title: ClassVar[str]
    """What a textbook calls it."""
    summary: ClassVar[str]
    """One line of help."""
    moves_pixels: ClassVar[bool] = False
    """Whether it moves pixels. These come first and as one, so that an image is interpolated only once."""
    numbers: ClassVar[int] = 1
    """How many even random numbers an image needs."""
    keras_approximates: ClassVar[str] = ""
    """In what the Keras layer differs, if it does: a comment in the exported source."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__name__ == cls.model_fields["kind"].default:
            AUGMENTATIONS[cls.__name__] = cls

    @classmethod
    def controls(cls) -> dict[str, Control]:
        """The controls of this kind's fields, in their order."""
        return controls(cls)

    def magnitude(self, name: str) -> tuple[float, float]:
        """A field's value and its hard bound, which no strength exceeds."""
        high = self.controls()[name].high
        assert high is not None
        return getattr(self, name), float(high)

    def keras_layer(self) -> tuple[str, dict[str, Any]]:
        """The Keras layer that does the same, and its keyword arguments for images of 0–1."""
        raise NotImplementedError


class Flip(Augmentation):
    """Mirrors an image with a chance of one half."""

    kind: Literal["Flip"] = "Flip"
    direction: Literal["horizontal", "vertical", "both"] = choice(
        "horizontal",
        label="Direction",
        help="horizontal: left and right change places; vertical: top and bottom; both: each by itself.",
    )

    title = "Flip"
    summary = "Mirrors every second image. Not for digits and letters, whose mirror image means nothing."
    moves_pixels = True
    numbers = 2

    def keras_layer(self) -> tuple[str, dict[str, Any]]:
        """`RandomFlip`."""
        mode = "horizontal_and_vertical" if self.direction == "both" else self.direction
        return "RandomFlip", {"mode": mode}


class Rotate(Augmentation):
    """Turns an image about its centre."""

    kind: Literal["Rotate"] = "Rotate"
    degrees: float = real(
        15.0,
        low=0.0,
        high=180.0,
        slider=(0.0, 60.0),
        step=1.0,
        label="Angle",
        help="Greatest angle in degrees, to either side.",
        format="%.0f°",
    )

    title = "Rotate"
    summary = "Turns each image about its centre; what comes in from outside is black."
    moves_pixels = True

    def keras_layer(self) -> tuple[str, dict[str, Any]]:
        """`RandomRotation`, whose factor is a share of a whole turn."""
        return "RandomRotation", {"factor": self.degrees / 360} | _BLACK


class Translate(Augmentation):
    """Moves an image up or down and to a side."""

    kind: Literal["Translate"] = "Translate"
    height: float = real(
        0.1,
        low=0.0,
        high=1.0,
        slider=(0.0, 0.5),
        step=0.01,
        label="Up and down",
        help="Greatest shift upwards or downwards, as a share of the height.",
    )
    width: float = real(
        0.1,
        low=0.0,
        high=1.0,
        slider=(0.0, 0.5),
        step=0.01,
        label="Left and right",
        help="Greatest shift to the left or right, as a share of the width.",
    )

    title = "Translate"
    summary = "Moves each image a little: where the object stands should not matter."
    moves_pixels = True
    numbers = 2

    def keras_layer(self) -> tuple[str, dict[str, Any]]:
        """`RandomTranslation`."""
        return "RandomTranslation", {"height_factor": self.height, "width_factor": self.width} | _BLACK


class Zoom(Augmentation):
    """Enlarges or shrinks an image about its centre."""

    kind: Literal["Zoom"] = "Zoom"
    share: float = real(
        0.1,
        low=0.0,
        high=0.9,
        slider=(0.0, 0.5),
        step=0.01,
        label="Zoom",
        help="Greatest change of what is seen: 0.2 shows from 80 to 120 % of the image's width.",
    )

    title = "Zoom"
    summary = "Goes nearer to each image or further away: the object's size should not matter."
    moves_pixels = True

    def keras_layer(self) -> tuple[str, dict[str, Any]]:
        """`RandomZoom`; without a width factor it keeps the proportions."""
        return "RandomZoom", {"height_factor": self.share} | _BLACK


class Contrast(Augmentation):
    """Moves the values of each channel away from their mean or towards it."""

    kind: Literal["Contrast"] = "Contrast"
    share: float = real(
        0.2,
        low=0.0,
        high=1.0,
        slider=(0.0, 1.0),
        step=0.01,
        label="Contrast",
        help="Greatest change of the contrast: 0.2 multiplies it by 0.8 to 1.2.",
    )

    title = "Contrast"
    summary = "Makes each image flatter or harder, as other cameras and weather do."

    def keras_layer(self) -> tuple[str, dict[str, Any]]:
        """`RandomContrast`."""
        return "RandomContrast", {"factor": self.share, "value_range": (0, 1)}


class Brightness(Augmentation):
    """Adds one number to all values of an image."""

    kind: Literal["Brightness"] = "Brightness"
    share: float = real(
        0.2,
        low=0.0,
        high=1.0,
        slider=(0.0, 1.0),
        step=0.01,
        label="Brightness",
        help="Greatest number added to every value or taken from it, where 1 is white.",
    )

    title = "Brightness"
    summary = "Makes each image lighter or darker."

    def keras_layer(self) -> tuple[str, dict[str, Any]]:
        """`RandomBrightness`."""
        return "RandomBrightness", {"factor": self.share, "value_range": (0, 1)}


class Noise(Augmentation):
    """Adds a number of its own to every value of an image, from a normal distribution."""

    kind: Literal["Noise"] = "Noise"
    stddev: float = real(
        0.05,
        low=0.0,
        high=1.0,
        slider=(0.0, 0.5),
        step=0.01,
        label="Standard deviation",
        help="Spread of the noise, where 1 is the distance from black to white.",
    )

    title = "Noise"
    summary = "Adds grain, so that the network cannot learn single pixels by heart."
    numbers = 0
    keras_approximates = "lets values pass below 0 and above 1"

    def keras_layer(self) -> tuple[str, dict[str, Any]]:
        """`GaussianNoise`."""
        return "GaussianNoise", {"stddev": self.stddev}


class Cutout(Augmentation):
    """Blackens a rectangle of the image's proportions at a random place.

    Source: DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017.
    """

    kind: Literal["Cutout"] = "Cutout"
    side: float = real(
        0.3,
        low=0.0,
        high=1.0,
        slider=(0.0, 0.8),
        step=0.01,
        label="Side",
        help="Side of the black patch, as a share of the image's.",
    )

    title = "Cutout"
    summary = "Blackens a patch, so that the network learns to go by more than one part of the object."
    numbers = 2

    def keras_layer(self) -> tuple[str, dict[str, Any]]:
        """`RandomErasing` of one size, whose scale is a share of the area."""
        area = math.pow(self.side, 2)
        arguments = {"factor": (1.0, 1.0), "scale": (area, area), "fill_value": 0.0, "value_range": (0, 1)}
        return "RandomErasing", arguments


def in_order(stack: Iterable[Augmentation]) -> tuple[Augmentation, ...]:
    """The stack as it takes effect: what moves pixels first, then the others, each in the stack's order."""
    return tuple(sorted(stack, key=lambda entry: not entry.moves_pixels))


if TYPE_CHECKING:
    AnyAugmentation = Augmentation
else:
    AnyAugmentation = Annotated[
        Union[tuple(AUGMENTATIONS.values())],  # noqa: UP007
        Field(discriminator="kind"),
    ]
