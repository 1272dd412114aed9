from __future__ import annotations

import pytest

from cnnlab.errors import SpecError
from cnnlab.spec import presets
from cnnlab.spec.layers import Conv2D, Dense, Flatten, GlobalAveragePooling2D, ResidualBlock
from cnnlab.spec.source import keras_source
from cnnlab.spec.training import TrainingConfig


def test_the_source_reads_as_a_student_would_write_it():
    design = presets.preset("fashion_mnist").design
    assert (
        keras_source(design)
        == """\
import keras
from keras import layers

keras.utils.set_random_seed(0)

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

(x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255
kept = len(x_train) - round(0.1 * len(x_train))  # the others are for validation
x_val, y_val = x_train[kept:], y_train[kept:]
x_train, y_train = x_train[:kept], y_train[:kept]

epochs = 10
batch_size = 32
learning_rate = 0.001

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=learning_rate),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, validation_data=(x_val, y_val))
model.evaluate(x_test, y_test)
"""
    )


def test_an_architecture_alone_gives_the_model_alone():
    source = keras_source(presets.get("cifar10"))
    assert source.endswith("    ]\n)\n")
    assert "compile" not in source


@pytest.mark.parametrize("name", ["cifar10", "digits", "shapes"])
def test_a_schedule_counts_its_steps_from_the_images_that_the_script_has_loaded(name):
    source = keras_source(presets.preset(name).design)
    assert source.startswith("import math\n")
    loaded, counted = source.split("steps_per_epoch = math.ceil(len(x_train) / batch_size)\n")
    assert "x_train, y_train" in loaded
    assert counted.startswith("total_steps = epochs * steps_per_epoch\n")


def test_each_schedule_is_keras_own():
    design = presets.preset("cifar10").design
    without_warmup = design.replace(training=TrainingConfig(schedule="cosine", warmup=0.0))
    assert "CosineDecay(\n    0.001,\n    decay_steps=total_steps,\n)" in keras_source(without_warmup)
    dropping = design.replace(training=TrainingConfig(schedule="step", drop_every=2))
    assert "ExponentialDecay(\n    0.001,\n    decay_steps=2 * steps_per_epoch," in keras_source(dropping)


def test_other_data_comes_from_cnnlab():
    source = keras_source(presets.preset("shapes").design)
    assert '\nimport cnnlab  # for the images; "pip install ." in the folder of CNN Lab' in source
    assert '\ndata = cnnlab.datasets.load("shapes", seed=0, validation_share=0.1)\n' in source
    assert "validation_data=(x_val, y_val))" in source


@pytest.mark.parametrize("name", ["digits", "mnist_5x5"])
def test_nothing_is_set_apart_for_validation_where_none_is_wanted(name):
    source = keras_source(presets.preset(name).design.replace(training=TrainingConfig(validation_share=0.0)))
    assert "_val" not in source
    assert "kept" not in source
    compile(source, "exported", "exec")


def test_a_long_call_is_broken_into_lines():
    layer = Conv2D(
        filters=1000, kernel_size=11, strides=3, padding="same", activation="leaky_relu", use_bias=False
    )
    source = keras_source(presets.get("cifar10").with_layers((layer, Flatten())))
    assert "        layers.Conv2D(\n            1000,\n" in source
    assert max(map(len, source.splitlines())) <= 96


def test_a_network_with_a_residual_block_is_written_as_a_graph():
    layers = (ResidualBlock(filters=8, strides=2, batch_normalization=False), GlobalAveragePooling2D())
    architecture = presets.get("cifar10").with_layers(layers)
    assert (
        keras_source(architecture)
        == """\
import keras
from keras import layers

inputs = keras.Input(shape=(32, 32, 3))
x = inputs

# residual_block
shortcut = x
x = layers.Conv2D(8, 3, strides=2, padding="same", name="residual_block_conv2d_1")(x)
x = layers.Activation("relu", name="residual_block_activation_1")(x)
x = layers.Conv2D(8, 3, padding="same", name="residual_block_conv2d_2")(x)
shortcut = layers.AveragePooling2D(2, padding="same", name="residual_block_pooling")(shortcut)
shortcut = layers.Conv2D(8, 1, padding="same", name="residual_block_projection")(shortcut)
x = layers.Add(name="residual_block_add")([x, shortcut])
x = layers.Activation("relu", name="residual_block")(x)

x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)
x = layers.Dense(10, name="dense")(x)  # logits: the loss applies the softmax
model = keras.Model(inputs, x)
"""
    )


def test_penalties_and_initializers_are_keras_own():
    layers = (Conv2D(l2=0.001, kernel_initializer="he_normal"), Flatten(), Dense(l1=0.1, l2=0.2))
    source = keras_source(presets.get("cifar10").with_layers(layers))
    assert 'kernel_initializer="he_normal",\n' in source
    assert "kernel_regularizer=keras.regularizers.L2(l2=0.001),\n" in source
    assert "kernel_regularizer=keras.regularizers.L1L2(l1=0.1, l2=0.2)" in source


def test_early_stopping_is_keras_own():
    design = presets.preset("fashion_mnist").design

    def lines(**fields):
        return keras_source(design.replace(training=design.training.replace(**fields))).splitlines()

    assert 'stopping = keras.callbacks.EarlyStopping("val_loss", patience=3)' in lines(early_stopping=3)
    assert lines(early_stopping=3)[-3] == "    callbacks=[stopping],"
    best = 'stopping = keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)'
    assert best in lines(keep_best=True)
    assert "stopping" not in "".join(lines(early_stopping=3, validation_share=0.0))


def test_the_precision_is_left_to_the_reader():
    design = presets.preset("fashion_mnist").design
    faster = design.replace(training=design.training.replace(precision="mixed_bfloat16"))
    assert '# The run computed faster, with: keras.config.set_dtype_policy("mixed_bfloat16")' in keras_source(
        faster
    )
    assert "dtype_policy" not in keras_source(design)


def test_a_network_with_a_problem_has_no_source():
    with pytest.raises(SpecError, match=r"^Output \(Dense\): it takes a vector and gets a map"):
        keras_source(presets.get("cifar10").with_layers(()))
