"""Named starting points: the tutorials' networks, two classics, and the two that train in seconds.

`get("fashion_mnist")` is the architecture, `preset("fashion_mnist")` all that is known of it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from cnnlab.errors import SpecError
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.augmentation import Flip
from cnnlab.spec.design import Design
from cnnlab.spec.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
)
from cnnlab.spec.training import TrainingConfig

DEFAULT = "digits"

RecipeName = Literal["published", "fast", "short"]
RECIPES: tuple[RecipeName, ...] = ("published", "fast", "short")
"""How a tutorial's network can be trained: as the tutorial does, to the same accuracy in less time, or for a
first look, in few epochs of an ordinary training; the last is what its card opens with."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A named design.

    Attributes:
        name: as the command line and a link know it.
        title: heading of its card.
        description: what it is and what to expect, in a sentence or two.
        tutorial: the tutorial that it is from, if it is.
        reports: what that tutorial says of its result; goes on where its name ends.
        design: data set, architecture and training.
        published: how the tutorial trains it, if it is a tutorial's. Those validate on the test images; here
            a tenth of the training images is kept apart for that.
        fast: the same network trained to the accuracy that the tutorial reports, in a fraction of the time.
    """

    name: str
    title: str
    description: str
    tutorial: str | None
    reports: str | None
    design: Design
    published: TrainingConfig | None = None
    fast: TrainingConfig | None = None

    def recipe(self, name: RecipeName, *, bfloat16: bool) -> TrainingConfig:
        """One of the ways to train a tutorial's network.

        Args:
            name: of the recipe.
            bfloat16: whether the processor gains from it (`cnnlab.processor`); the fast recipe computes in
                float32 otherwise.

        Raises:
            SpecError: the preset is no tutorial's.
        """
        found = self.recipes.get(name)
        if found is None:
            tutorials = ", ".join(each.name for each in all() if each.fast)
            raise SpecError(f"The preset {self.name!r} has no recipes. Those with recipes are {tutorials}.")
        return found if bfloat16 else found.replace(precision="float32")

    def recipe_of(self, training: TrainingConfig) -> RecipeName | None:
        """The recipe by which a training goes, whatever its seed and precision; None for any other."""
        for name, found in self.recipes.items():
            if found.replace(seed=training.seed, precision=training.precision) == training:
                return name
        return None

    @property
    def recipes(self) -> dict[RecipeName, TrainingConfig]:
        """The ways to train a tutorial's network; empty for any other."""
        if self.published is None or self.fast is None:
            return {}
        return {"published": self.published, "fast": self.fast, "short": self.design.training}

    @property
    def dataset(self) -> str:
        """Name of its data set."""
        return self.design.dataset

    @property
    def architecture(self) -> Architecture:
        """Its network."""
        return self.design.architecture


def get(name: str) -> Architecture:
    """The architecture of a preset.

    Raises:
        SpecError: there is no preset of this name.
    """
    return preset(name).architecture


def preset(name: str) -> Preset:
    """A preset by its name.

    Raises:
        SpecError: there is no preset of this name.
    """
    found = _by_name().get(name)
    if found is None:
        raise SpecError(f"There is no preset {name!r:.60}. Known are {', '.join(names())}.")
    return found


def names() -> list[str]:
    """Names of all presets, in the order of their cards."""
    return list(_by_name())


def all() -> list[Preset]:
    """All presets, in the order of their cards."""
    return list(_by_name().values())


def default_for(dataset: str) -> Preset | None:
    """The first preset for a data set or a variant of it (`shapes-64-hard`); None where there is none."""
    own = [preset for preset in all() if f"{dataset}-".startswith(f"{preset.dataset}-")]
    return max(own, key=lambda preset: len(preset.dataset), default=None)


def of(design: Design) -> Preset | None:
    """The preset whose network on whose data a design still is, however it is trained; None for any other."""
    known = _by_name().get(design.preset or "")
    if known is None or (design.dataset, design.architecture) != (known.dataset, known.architecture):
        return None
    return known


@functools.cache
def _by_name() -> dict[str, Preset]:
    return {preset.name: preset for preset in (*_quick(), *_tutorials(), *_classics())}


_DATA: dict[str, tuple[tuple[int, int, int], int]] = {
    "digits": ((8, 8, 1), 10),
    "shapes": ((32, 32, 3), 8),
    "shapes-64": ((64, 64, 3), 8),
    "mnist": ((28, 28, 1), 10),
    "fashion_mnist": ((28, 28, 1), 10),
    "cifar10": ((32, 32, 3), 10),
}
"""Image shape and classes of each data set, as `cnnlab.datasets` declares them (a test compares the two)."""


def _make(
    name: str,
    title: str,
    dataset: str,
    layers: tuple[Layer, ...],
    training: TrainingConfig,
    description: str,
    tutorial: str | None = None,
    reports: str | None = None,
) -> Preset:
    input_shape, classes = _DATA[dataset]
    architecture = Architecture(input_shape=input_shape, classes=classes, layers=layers)
    design = Design(dataset=dataset, architecture=architecture, training=training, preset=name)
    return Preset(name, title, description, tutorial, reports, design, *_recipes().get(name, ()))


def _quick() -> tuple[Preset, ...]:
    digits = (
        Conv2D(filters=32, padding="same"),
        Conv2D(filters=32, padding="same"),
        MaxPooling2D(),
        Flatten(),
        Dropout(rate=0.3),
        Dense(units=64),
    )
    # Some 4,000 images are few: a like stack without batch normalization stayed at 88 %. The moving averages
    # have to follow within a few hundred steps, hence the momentum.
    normalized = BatchNormalization(momentum=0.9)
    blocks = [(Conv2D(filters=n, padding="same"), normalized) for n in (16, 32, 64, 64)]
    shapes: tuple[Layer, ...] = (
        *(*blocks[0], MaxPooling2D()),
        *(*blocks[1], MaxPooling2D()),
        *(*blocks[2], MaxPooling2D()),
        *(*blocks[3], AveragePooling2D(pool_size=4)),
        Flatten(),
    )
    return (
        _make(
            "digits",
            "Handwritten digits, small",
            "digits",
            digits,
            TrainingConfig(epochs=20, batch_size=64, learning_rate=3e-3, schedule="cosine"),
            "8×8 digits that come with scikit-learn: trained in seconds, nearly 99 % right.",
        ),
        _make(
            "shapes",
            "Coloured shapes",
            "shapes",
            shapes,
            TrainingConfig(epochs=8, batch_size=64, learning_rate=4e-3, schedule="cosine"),
            "Drawn from a seed; only the form tells the class. Hard for a linear classifier, 99 % here.",
        ),
    )


def _recipes() -> dict[str, tuple[TrainingConfig, TrainingConfig]]:
    """As published, and fast. The fast ones were chosen on a validation part of the training images alone."""
    grey = TrainingConfig(
        batch_size=64,
        learning_rate=2e-3,
        schedule="cosine",
        warmup=0.3,
        precision="mixed_bfloat16",
    )
    fast = grey.replace(
        epochs=2,
        batch_size=128,
        optimizer="Muon",
        learning_rate=6e-3,
        warmup=0.2,
        augmentation=(Flip(),),
    )
    two_dense = TrainingConfig(epochs=500, batch_size=32), fast
    return {
        "fashion_mnist": (TrainingConfig(epochs=10, batch_size=32), grey.replace(epochs=6)),
        "mnist_5x5": (
            TrainingConfig(epochs=10, batch_size=50, learning_rate=1e-4),
            grey.replace(epochs=1),
        ),
        "cifar10": (TrainingConfig(epochs=30, batch_size=32), fast),
        "cifar10_two_dense": two_dense,
        "cifar10_two_dense_dropout": two_dense,
        "cifar10_two_dense_batchnorm": two_dense,
    }


def _tutorials() -> tuple[Preset, ...]:
    fast = TrainingConfig(epochs=5, batch_size=128, learning_rate=3e-3, schedule="cosine", warmup=0.2)
    return (_clothes(), _wide_kernels(fast.replace(epochs=2)), _photographs(fast), *_two_dense(fast))


def _clothes() -> Preset:
    return _make(
        "fashion_mnist",
        "Fashion-MNIST",
        "fashion_mnist",
        (
            Conv2D(filters=32, padding="same"),
            MaxPooling2D(),
            Conv2D(filters=64, padding="same"),
            MaxPooling2D(),
            Conv2D(filters=64, padding="same"),
            Flatten(),
            Dense(units=64),
        ),
        TrainingConfig(epochs=10, batch_size=32),
        "Three convolutions on clothes in grey.",
        "T2 · Fashion-MNIST, theory and code",
        "reports 92.25 % on the test images (loss 0.3055) after 10 epochs, and 97.21 % on the training "
        "images: it overfits.",
    )


def _wide_kernels(training: TrainingConfig) -> Preset:
    return _make(
        "mnist_5x5",
        "MNIST with 5×5 kernels",
        "mnist",
        (
            Conv2D(filters=32, kernel_size=5, padding="same"),
            MaxPooling2D(),
            Conv2D(filters=64, kernel_size=5, padding="same"),
            MaxPooling2D(),
            Flatten(),
            Dense(units=1000),
        ),
        training,
        "Two 5×5 convolutions and a dense layer of 1000.",
        "T3 · MNIST, low-level TensorFlow",
        "reports 99 % on the test images after 10 epochs.",
    )


def _photographs(training: TrainingConfig) -> Preset:
    return _make(
        "cifar10",
        "CIFAR-10",
        "cifar10",
        (
            Conv2D(filters=32),
            MaxPooling2D(),
            Conv2D(filters=64),
            MaxPooling2D(),
            Flatten(),
            Dense(units=128),
        ),
        training,
        "Two 3×3 convolutions on small photographs.",
        "T1 · CIFAR-10 with TensorFlow",
        "reports 67.09 % accuracy and 76.55 % precision (Keras's), where its training and validation curves "
        "first meet; then it overfits.",
    )


def _two_dense(training: TrainingConfig) -> tuple[Preset, ...]:
    base = (
        Conv2D(filters=32, padding="same"),
        MaxPooling2D(strides=2),
        Conv2D(filters=64, padding="same"),
        MaxPooling2D(strides=2),
        Flatten(),
        Dense(units=200),
        Dense(units=200),
    )
    variants: tuple[tuple[str, str, tuple[Layer, ...], str], ...] = (
        (
            "",
            "Two dense layers",
            (),
            "Two convolutions and two dense layers of 200: overfits within a few epochs.",
        ),
        ("_dropout", "Two dense + dropout", (Dropout(rate=0.25),), "With dropout of 0.25 before the output."),
        (
            "_batchnorm",
            "Two dense + batch norm",
            (BatchNormalization(),),
            "With batch normalization before the output.",
        ),
    )
    return tuple(
        _make(
            f"cifar10_two_dense{suffix}",
            title,
            "cifar10",
            base + extra,
            training,
            description,
            "T4 · CIFAR-10, notebook",
            "states no result. It trains for up to 500 epochs, and its loss takes the softmax's output for "
            "logits: “Softmax and loss” on the page Convolution shows what that does.",
        )
        for suffix, title, extra, description in variants
    )


def _classics() -> tuple[Preset, ...]:
    lenet = (
        Conv2D(filters=6, kernel_size=5, padding="same", activation="tanh"),
        AveragePooling2D(),
        Conv2D(filters=16, kernel_size=5, activation="tanh"),
        AveragePooling2D(),
        Flatten(),
        Dense(units=120, activation="tanh"),
        Dense(units=84, activation="tanh"),
    )
    block = (Conv2D(filters=10), Conv2D(filters=10), MaxPooling2D())
    return (
        _make(
            "lenet5",
            "LeNet-5",
            "mnist",
            lenet,
            TrainingConfig(epochs=6, batch_size=64, learning_rate=4e-3, schedule="cosine"),
            "The classic of 1998: tanh, average pooling, 61,706 parameters, and nearly 99 % on MNIST.",
        ),
        _make(
            "tiny_vgg",
            "TinyVGG",
            "shapes-64",
            (*block, *block, Flatten()),
            TrainingConfig(epochs=8, batch_size=32, learning_rate=2e-3, schedule="cosine"),
            "Two blocks of two 3×3 convolutions and a 2×2 max pooling: small, and about 75 % right.",
        ),
    )
