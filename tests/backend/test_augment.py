from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlab.analysis import augmentation as shown
from cnnlab.backend import augment as trained
from cnnlab.backend.session import Session
from cnnlab.datasets import Dataset
from cnnlab.spec import presets
from cnnlab.spec.augmentation import (
    AUGMENTATIONS,
    Augmentation,
    Brightness,
    Contrast,
    Cutout,
    Flip,
    Noise,
    Rotate,
    Translate,
    Zoom,
    in_order,
)
from cnnlab.spec.design import Design
from cnnlab.spec.source import keras_source
from tests.spec.strategies import augmentations

SHAPES = [(6, 32, 32, 3), (5, 7, 10, 1)]
STACKS: dict[str, tuple[Augmentation, ...]] = {
    **{name: (kind(),) for name, kind in AUGMENTATIONS.items()},
    "Flip, both": (Flip(direction="both"),),
    "moved, not turned": (Flip(direction="both"), Translate(width=0.3), Zoom(share=0.5), Flip()),
    "moved and turned": (Flip(direction="both"), Translate(width=0.3), Zoom(share=0.5), Rotate()),
    "all": tuple(kind() for kind in AUGMENTATIONS.values()),
    "all, strongly, backwards": (
        Noise(stddev=0.3),
        Cutout(side=0.7),
        Brightness(share=0.9),
        Noise(stddev=0.1),
        Contrast(share=1.0),
        Zoom(share=0.8),
        Translate(height=0.9, width=0.6),
        Rotate(degrees=170.0),
        Flip(direction="vertical"),
        Rotate(degrees=30.0),
    ),
}


def _images(shape: tuple[int, ...], seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def _by_both(stack, images, draws, strength=1.0) -> tuple[np.ndarray, np.ndarray]:
    """What the page shows and what the network is given, with the same random numbers."""
    numbers = trained.Draws(tf.constant(draws.even), tuple(map(tf.constant, draws.normal)))
    given_ = trained.augment(stack, tf.constant(images), numbers, tf.constant(strength, tf.float32))
    return shown.augment(stack, images, draws, strength), given_.numpy()


def _forced(stack, images, value: float) -> np.ndarray:
    """The images where every even random number is this one."""
    even = np.full((len(images), sum(entry.numbers for entry in stack)), value, np.float32)
    on_the_page, in_training = _by_both(stack, images, shown.Draws(even, ()))
    np.testing.assert_allclose(on_the_page, in_training, atol=2e-5)
    return in_training


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_the_page_shows_what_the_network_is_given(stack, strength, shape):
    images = _images(shape)
    draws = shown.draw(stack, shape, np.random.default_rng(7))
    on_the_page, in_training = _by_both(stack, images, draws, strength)
    assert on_the_page.dtype == in_training.dtype == np.float32
    np.testing.assert_allclose(on_the_page, in_training, atol=2e-5)


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_a_strength_of_0_changes_nothing(stack):
    images = _images(SHAPES[0])
    draws = shown.draw(stack, images.shape, np.random.default_rng(7))
    on_the_page, in_training = _by_both(stack, images, draws, strength=0.0)
    np.testing.assert_allclose(on_the_page, images, atol=1e-6)
    np.testing.assert_allclose(in_training, images, atol=1e-6)


@settings(max_examples=25)
@given(stack=augmentations(), strength=st.floats(0, 2), seed=st.integers(0, 2**31 - 1))
def test_whatever_is_drawn_the_values_stay_from_0_to_1(stack, strength, seed):
    augmenter = trained.augmenter(stack)
    if augmenter is None:
        return
    images = augmenter(tf.constant(_images((4, 8, 8, 1))), tf.constant([seed, 1]), tf.constant(strength))
    assert images.shape == (4, 8, 8, 1)
    assert np.isfinite(images).all()
    assert images.numpy().min() >= 0
    assert images.numpy().max() <= 1 + 1e-5


def test_there_is_nothing_to_call_without_a_stack():
    assert trained.augmenter(()) is None


KERAS = {
    "rotate": (Rotate(degrees=40.0), keras.layers.RandomRotation, {"factor": (40 / 360, 40 / 360)}),
    "translate down": (
        Translate(height=0.25, width=0.0),
        keras.layers.RandomTranslation,
        {"height_factor": (0.25, 0.25), "width_factor": (0.0, 0.0)},
    ),
    "translate to a side": (
        Translate(height=0.0, width=0.3),
        keras.layers.RandomTranslation,
        {"height_factor": (0.0, 0.0), "width_factor": (0.3, 0.3)},
    ),
    "zoom": (Zoom(share=0.4), keras.layers.RandomZoom, {"height_factor": (0.4, 0.4)}),
}


@pytest.mark.parametrize(("entry", "layer", "arguments"), KERAS.values(), ids=KERAS)
def test_the_furthest_that_pixels_move_is_as_far_as_keras_moves_them(entry, layer, arguments):
    images = _images((3, 16, 12, 3))
    expected = np.asarray(layer(**arguments, fill_mode="constant")(images, training=True))
    to_one_side, to_the_other = _forced((entry,), images, 1.0), _forced((entry,), images, 0.0)
    nearest = min(np.abs(ours - expected).max() for ours in (to_one_side, to_the_other))
    assert nearest < 1e-4
    assert np.abs(to_one_side - to_the_other).max() > 0.1


def test_the_greatest_brightness_is_keras_s():
    images = _images((3, 8, 8, 3))
    layer = keras.layers.RandomBrightness((0.3, 0.3), value_range=(0, 1))
    expected = np.asarray(layer(images, training=True))
    np.testing.assert_allclose(_forced((Brightness(share=0.3),), images, 1.0), expected, atol=1e-6)


def test_the_least_contrast_leaves_the_mean_of_each_channel():
    images = _images((2, 8, 8, 3))
    flat = _forced((Contrast(share=1.0),), images, 0.0)
    mean = images.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(flat, np.broadcast_to(mean, images.shape), atol=1e-6)


def test_a_flip_mirrors_left_and_right():
    image = np.array([[1, 2, 3], [4, 5, 6]], np.float32).reshape(1, 2, 3, 1) / 6
    assert (_forced((Flip(),), image, 0.49) == image[:, :, ::-1]).all()
    assert (_forced((Flip(),), image, 0.5) == image).all()
    assert (_forced((Flip(direction="vertical"),), image, 0.0) == image[:, ::-1]).all()


def test_a_patch_of_half_the_side_blackens_a_quarter():
    black = _forced((Cutout(side=0.5),), np.ones((1, 8, 8, 1), np.float32), 0.999)[0, :, :, 0] == 0
    assert black.sum() == 16
    rows, columns = np.where(black)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 7, 4, 7)


def test_noise_has_the_spread_that_was_asked_for():
    grey = np.full((64, 16, 16, 3), 0.5, np.float32)
    noisy = trained.augmenter((Noise(stddev=0.1),))(
        tf.constant(grey), tf.constant([1, 2]), tf.constant(1.0)
    ).numpy()
    assert noisy.std() == pytest.approx(0.1, rel=0.02)
    assert noisy.mean() == pytest.approx(0.5, abs=0.002)


def test_what_moves_pixels_takes_effect_first():
    stack = (Noise(), Rotate(), Cutout(), Flip())
    assert [entry.kind for entry in in_order(stack)] == ["Rotate", "Flip", "Noise", "Cutout"]


def _compiled(stack):
    augmenter = trained.augmenter(stack)
    signature = [
        tf.TensorSpec([None, 8, 8, 1], tf.float32),
        tf.TensorSpec([2], tf.int32),
        tf.TensorSpec([], tf.float32),
    ]
    return tf.function(augmenter, input_signature=signature, autograph=False)


def test_each_image_has_numbers_of_its_own_and_they_follow_from_seed_and_step():
    compiled = _compiled(STACKS["all"])
    same = np.repeat(_images((1, 8, 8, 1)), 4, axis=0)

    def given_(seed: int, step: int) -> np.ndarray:
        return compiled(tf.constant(same), tf.constant([seed, step]), tf.constant(1.0)).numpy()

    first = given_(5, 1)
    assert len(np.unique(first.reshape(4, -1), axis=0)) == 4
    assert (given_(5, 1) == first).all()
    assert (given_(5, 2) != first).any()
    assert (given_(6, 1) != first).any()


def test_the_last_batch_may_be_smaller_and_the_strength_may_change_without_a_new_graph():
    compiled = _compiled(STACKS["all"])
    for count, strength in ((4, 1.0), (3, 0.0), (1, 2.0)):
        images = compiled(tf.constant(_images((count, 8, 8, 1))), tf.constant([1, 1]), tf.constant(strength))
        assert images.shape == (count, 8, 8, 1)
    assert compiled.experimental_get_tracing_count() == 1


@pytest.mark.slow
def test_the_exported_source_trains_with_the_stack_before_the_network():
    design = presets.preset("digits").design
    stack = (Rotate(), Translate(), Noise())
    design = design.replace(training=design.training.replace(epochs=1, augmentation=stack))
    names: dict[str, Any] = {}
    exec(compile(keras_source(design), "exported", "exec"), names)
    augmentation, network = names["model"].layers
    assert [type(layer).__name__ for layer in augmentation.layers] == [
        "RandomRotation", "RandomTranslation", "GaussianNoise"
    ]  # fmt: skip
    assert network.count_params() == design.architecture.trace().total_parameters
    assert len(names["model"].history.history["loss"]) == 1


def test_training_images_alone_are_changed(design: Design, data: Dataset) -> None:
    plain = Session(design, data)
    augmented = Session(design.replace(training=design.training.replace(augmentation=STACKS["all"])), data)
    for split in (data.validation, data.test):
        np.testing.assert_array_equal(augmented.logits(split), plain.logits(split))
    assert (augmented.advance(1).losses != plain.advance(1).losses).all()


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_a_network_is_built_on_what_any_stack_gives(stack):
    compiled = _compiled(stack)
    assert compiled.get_concrete_function().structured_outputs.shape.as_list()[1:] == [8, 8, 1]
