from __future__ import annotations

import pytest

from cnnlab import datasets
from cnnlab.errors import SpecError
from cnnlab.spec import presets
from cnnlab.spec.layers import BatchNormalization, Conv2D, Dropout

PARAMETERS = {
    "digits": None,
    "shapes": None,
    "fashion_mnist": 257_162,
    "mnist_5x5": 3_199_106,
    "cifar10": 315_722,
    "cifar10_two_dense": 881_002,
    "cifar10_two_dense_dropout": 881_002,
    "cifar10_two_dense_batchnorm": 881_002 + 4 * 200,
    "lenet5": 61_706,
    # By hand: 280 + 3 · 910 in the convolutions, 13·13·10 · 8 + 8 in the output.
    "tiny_vgg": 280 + 3 * 910 + 13 * 13 * 10 * 8 + 8,
}


def test_the_presets_are_those_of_the_contract():
    assert presets.names() == list(PARAMETERS)
    assert [preset.name for preset in presets.all()] == presets.names()
    assert presets.names()[0] == presets.DEFAULT


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_preset_works_and_has_the_tutorials_parameters(name):
    trace = presets.get(name).trace()
    assert trace.ok
    assert PARAMETERS[name] in (None, trace.total_parameters)
    assert presets.preset(name).design.obstacle() is None


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_preset_fits_its_data_set(name):
    preset = presets.preset(name)
    info = datasets.info(preset.dataset)
    assert preset.architecture.input_shape == info.image_shape
    assert preset.architecture.classes == len(info.class_names)
    assert (preset.design.preset, preset.design.dataset) == (name, preset.dataset)


def test_the_variants_of_the_fourth_tutorial_stand_before_the_output():
    base = presets.get("cifar10_two_dense").layers
    assert presets.get("cifar10_two_dense_dropout").layers == (*base, Dropout(rate=0.25))
    assert presets.get("cifar10_two_dense_batchnorm").layers == (*base, BatchNormalization())


def test_tiny_vgg_has_two_blocks_of_two_convolutions():
    convolutions = [layer for layer in presets.get("tiny_vgg").layers if isinstance(layer, Conv2D)]
    assert convolutions == [Conv2D(filters=10, kernel_size=3)] * 4
    assert [row.output_shape for row in presets.get("tiny_vgg").trace().rows][-2:] == [(13 * 13 * 10,), (8,)]


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("digits", "digits"),
        ("mnist", "mnist_5x5"),
        ("cifar10", "cifar10"),
        ("shapes-hard", "shapes"),
        ("shapes-64-hard", "tiny_vgg"),
    ],
)
def test_each_data_set_has_a_preset_to_start_with(dataset, name):
    assert presets.default_for(dataset).name == name


def test_a_data_set_of_ones_own_has_no_preset():
    assert presets.default_for("my-images") is None


def test_an_unknown_preset_is_answered_with_the_known_ones():
    with pytest.raises(
        SpecError, match=r"^There is no preset 'vgg'. Known are digits, shapes, .*tiny_vgg\.$"
    ):
        presets.get("vgg")
