from __future__ import annotations

import pytest

from cnnlab import datasets
from cnnlab.errors import SpecError
from cnnlab.spec import presets
from cnnlab.spec.layers import BatchNormalization, Conv2D, Dropout
from cnnlab.spec.training import TrainingConfig

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


TUTORIALS = [preset.name for preset in presets.all() if preset.tutorial]


def test_every_tutorials_preset_has_two_recipes_and_no_other_has():
    assert len(TUTORIALS) == 6
    for preset in presets.all():
        assert (preset.published is not None, preset.fast is not None) == (preset.name in TUTORIALS,) * 2


@pytest.mark.parametrize(
    ("name", "epochs", "batch_size", "rate"),
    [
        ("cifar10", 30, 32, 1e-3),
        ("fashion_mnist", 10, 32, 1e-3),
        ("mnist_5x5", 10, 50, 1e-4),
        ("cifar10_two_dense", 500, 32, 1e-3),
    ],
)
def test_the_published_recipes_are_the_tutorials_own(name, epochs, batch_size, rate):
    expected = TrainingConfig(epochs=epochs, batch_size=batch_size, learning_rate=rate)
    assert presets.preset(name).recipe("published", bfloat16=True) == expected


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("cifar10", ("67.09 %", "76.55 %")),
        ("fashion_mnist", ("92.25 %", "0.3055", "97.21 %")),
        ("mnist_5x5", ("99 %", "10 epochs")),
        ("cifar10_two_dense", ("no result", "500 epochs")),
    ],
)
def test_what_a_tutorial_reports_is_known(name, numbers):
    assert all(number in presets.preset(name).reports for number in numbers)


def test_nothing_but_a_tutorials_preset_reports_anything():
    assert [preset.name for preset in presets.all() if preset.reports] == TUTORIALS


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_fast_recipe_uses_bfloat16_only_where_the_processor_gains(name):
    preset = presets.preset(name)
    with_it, without = (preset.recipe("fast", bfloat16=gains) for gains in (True, False))
    assert (with_it.precision, without.precision) == ("mixed_bfloat16", "float32")
    assert with_it.replace(precision="float32") == without
    assert with_it.schedule == "cosine"
    assert with_it.epochs < preset.published.epochs


def test_a_training_is_recognized_as_a_recipe_whatever_its_seed_and_precision():
    preset = presets.preset("cifar10")
    assert preset.recipe_of(preset.published.replace(seed=7)) == "published"
    assert preset.recipe_of(preset.fast.replace(precision="float32")) == "fast"
    assert preset.recipe_of(preset.design.training.replace(seed=7)) == "short"
    assert preset.recipe_of(preset.fast.replace(epochs=40)) is None
    assert presets.preset("digits").recipe_of(TrainingConfig()) is None


def test_a_preset_without_recipes_names_those_that_have_them():
    with pytest.raises(
        SpecError, match=r"^The preset 'digits' has no recipes. Those with recipes are fashion_mnist, mnist"
    ):
        presets.preset("digits").recipe("fast", bfloat16=True)
