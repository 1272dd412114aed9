from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.errors import SpecError
from cnnlab.spec import links
from cnnlab.spec.augmentation import AUGMENTATIONS, Cutout, Flip, Noise, Rotate
from cnnlab.spec.augmentation_source import augmentation_source
from cnnlab.spec.presets import preset
from cnnlab.spec.training import TrainingConfig
from tests.spec.strategies import augmentations, specs

KNOWN = "Flip, Rotate, Translate, Zoom, Contrast, Brightness, Noise, Cutout"


@given(augmentations())
def test_a_link_and_json_bring_back_the_same_stack(stack):
    design = preset("cifar10").design
    design = design.replace(training=design.training.replace(augmentation=stack))
    assert links.decode(links.encode(design)) == design
    assert TrainingConfig.from_json(design.training.to_json()).augmentation == stack


def test_a_training_saved_before_there_was_augmentation_has_none():
    assert TrainingConfig.from_json('{"epochs": 3}').augmentation == ()


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        (
            [{"kind": "Flip"}, {"kind": "Rotate", "degrees": 500.0}],
            "Augmentation 2 (Rotate), degrees: expected a number from 0.0 to 180.0. Received 500.0.",
        ),
        (
            [{"kind": "Flip", "direction": "sideways"}],
            "Augmentation 1 (Flip), direction: expected one of horizontal, vertical, both. "
            "Received 'sideways'.",
        ),
        (
            [{"kind": "Flip", "x": 1}],
            "Augmentation 1 (Flip): 'x' is not one of its fields (direction).",
        ),
        ([{"kind": "Spin"}], f"Augmentation 1: 'Spin' is not a kind of augmentation. Known are {KNOWN}."),
        (
            [{"kind": "Conv2D"}],
            f"Augmentation 1: 'Conv2D' is not a kind of augmentation. Known are {KNOWN}.",
        ),
        ([3], "Augmentation 1: expected an augmentation with its kind. Received 3."),
        ([{}], "Augmentation 1: expected an augmentation with its kind. Received {}."),
        (
            [{"kind": "Flip"}] * 17,
            "TrainingConfig, augmentation: expected a list of at most 16 augmentations. Received 17.",
        ),
        (
            "Flip",
            "TrainingConfig, augmentation: expected a list of at most 16 augmentations. Received 'Flip'.",
        ),
    ],
)
def test_a_stack_that_is_not_accepted_is_named_in_one_message(stack, message):
    with pytest.raises(SpecError) as caught:
        TrainingConfig.from_json({"augmentation": stack})
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_every_kind_says_what_it_is(kind):
    assert kind.title
    assert kind.summary.endswith(".")


@pytest.mark.parametrize("kind", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
@given(data=st.data())
def test_keras_takes_the_arguments_of_its_layer(kind, data):
    name, arguments = data.draw(specs(kind)).keras_layer()
    assert getattr(keras.layers, name)(**arguments)


def test_the_same_is_said_in_keras_own_units():
    assert Flip(direction="both").keras_layer() == ("RandomFlip", {"mode": "horizontal_and_vertical"})
    assert Rotate(degrees=90.0).keras_layer()[1]["factor"] == 0.25
    assert Cutout(side=0.5).keras_layer()[1]["scale"] == (0.25, 0.25)


def test_the_source_is_keras_own_layers_in_the_order_of_effect():
    lines = augmentation_source(
        (Noise(stddev=0.1), Flip(), Rotate(degrees=36.0), Cutout(side=0.2)), (8, 8, 1)
    )
    assert (
        "\n".join(lines)
        == """\
# These layers work while training; in prediction they pass the images on as they are.
augmentation = keras.Sequential(
    [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1, fill_mode="constant"),
        layers.GaussianNoise(0.1),  # lets values pass below 0 and above 1
        layers.RandomErasing((1.0, 1.0), scale=(0.04, 0.04), fill_value=0.0, value_range=(0, 1)),
    ],
    name="augmentation",
)
model = keras.Sequential([keras.Input(shape=(8, 8, 1)), augmentation, model])"""
    )
    assert max(map(len, lines)) <= 110
    assert augmentation_source((), (8, 8, 1)) == []


@pytest.mark.parametrize("channels", [1, 3])
def test_the_executed_source_changes_images_in_training_alone(channels):
    shape = (8, 8, channels)
    stack = tuple(kind() for kind in AUGMENTATIONS.values())
    names = {"keras": keras, "layers": keras.layers, "model": keras.Sequential([keras.layers.Flatten()])}
    exec("\n".join(augmentation_source(stack, shape)), names)
    images = np.random.default_rng(0).random((4, *shape), dtype=np.float32)
    flat = images.reshape(4, -1)
    assert (np.asarray(names["model"](images, training=False)) == flat).all()
    assert np.abs(np.asarray(names["model"](images, training=True)) - flat).max() > 0.05
