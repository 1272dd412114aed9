from __future__ import annotations

import pytest

from cnnlab.errors import SpecError
from cnnlab.spec import presets
from cnnlab.spec.layers import Conv2D, Flatten
from cnnlab.spec.source import keras_source
from cnnlab.spec.training import TrainingConfig


def test_the_source_reads_as_a_student_would_write_it():
    design = presets.preset("fashion_mnist").design
    assert (
        keras_source(design)
        == """\
import keras
from keras import layers

model = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, 3, padding="same", activation="relu", name="conv2d"),
        layers.MaxPooling2D(2, name="max_pooling2d"),
        layers.Conv2D(64, 3, padding="same", activation="relu", name="conv2d_1"),
        layers.MaxPooling2D(2, name="max_pooling2d_1"),
        layers.Conv2D(64, 3, padding="same", activation="relu", name="conv2d_2"),
        layers.Flatten(name="flatten"),
        layers.Dense(64, activation="relu", name="dense"),
        layers.Dense(10, name="dense_1"),  # logits: the loss applies the softmax
    ]
)

learning_rate = 0.001
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=learning_rate),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)

# keras.utils.set_random_seed(0)  # before the model is built
# (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
# x_train = x_train.reshape(-1, 28, 28, 1) / 255
# model.fit(x_train, y_train, batch_size=32, epochs=10, validation_split=0.1)
"""
    )


def test_an_architecture_alone_gives_the_model_alone():
    source = keras_source(presets.get("cifar10"))
    assert source.endswith("    ]\n)\n")
    assert "compile" not in source


def test_a_schedule_counts_its_steps_from_the_images():
    design = presets.preset("cifar10").design
    assert "steps_per_epoch = 352  # 45000 training images in batches of 128" in keras_source(design)
    assert "steps_per_epoch = 8  # 1000 training images" in keras_source(design, train_images=1000)


def test_each_schedule_is_keras_own():
    design = presets.preset("cifar10").design
    without_warmup = design.replace(training=TrainingConfig(schedule="cosine", warmup=0.0))
    assert "CosineDecay(\n    0.001,\n    decay_steps=5 * steps_per_epoch,\n)" in keras_source(without_warmup)
    dropping = design.replace(training=TrainingConfig(schedule="step", drop_every=2))
    assert "ExponentialDecay(\n    0.001,\n    decay_steps=2 * steps_per_epoch," in keras_source(dropping)


def test_other_data_comes_from_cnnlab():
    source = keras_source(presets.preset("digits").design)
    assert '# data = cnnlab.datasets.load("digits", seed=0, validation_share=0.1)\n' in source
    assert "validation_data=(x_val, y_val))" in source
    unvalidated = presets.preset("digits").design.replace(training=TrainingConfig(validation_share=0.0))
    assert "x_val" not in keras_source(unvalidated)


def test_a_long_call_is_broken_into_lines():
    layer = Conv2D(
        filters=1000, kernel_size=11, strides=3, padding="same", activation="leaky_relu", use_bias=False
    )
    source = keras_source(presets.get("cifar10").with_layers((layer, Flatten())))
    assert "        layers.Conv2D(\n            1000,\n" in source
    assert max(map(len, source.splitlines())) <= 96


def test_a_network_with_a_problem_has_no_source():
    with pytest.raises(SpecError, match=r"^Output \(Dense\): it takes a vector and gets a map"):
        keras_source(presets.get("cifar10").with_layers(()))
