from __future__ import annotations

import pytest

from cnnlab.spec import layers
from cnnlab.spec.fields import controls
from cnnlab.spec.layers import (
    KINDS,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    Window,
    numbered,
)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_named_and_explained(kind):
    assert kind().kind == kind.__name__
    assert kind.title
    assert kind.summary.endswith(".")
    assert set(kind.keras_defaults) <= set(controls(kind))
    assert set(controls(kind)) == set(kind.model_fields) - {"kind"}
    assert kind().keras_arguments() == {name: control.default for name, control in controls(kind).items()}


def test_the_kinds_are_offered_in_the_order_of_the_file():
    classes = [value for value in vars(layers).values() if isinstance(value, type)]
    kinds = [cls for cls in classes if issubclass(cls, Layer) and cls is not Layer and cls.__name__[0] != "_"]
    assert list(KINDS.values()) == kinds


# Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", figures 2.1 to 2.7, and the third
# tutorial's 5×5 input that is max-pooled 2×2 with stride 2 and padding to 3×3.
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "expected"),
    [
        (4, 3, 1, "valid", 2),
        (5, 3, 2, "valid", 2),
        (6, 3, 2, "valid", 2),
        (5, 3, 1, "same", 5),
        (5, 2, 2, "same", 3),
    ],
)
def test_a_window_gives_the_sizes_of_the_textbook(size, kernel, stride, padding, expected):
    assert Window(kernel, stride, padding).output_size(size) == expected


def test_valid_padding_shrinks_the_output():
    assert Conv2D(filters=32).output_shape((28, 28, 1)) == (26, 26, 32)
    assert Conv2D(filters=32, padding="same").output_shape((28, 28, 1)) == (28, 28, 32)


def test_pooling_moves_by_its_own_size_where_no_stride_is_given():
    assert MaxPooling2D(pool_size=3).output_shape((9, 10, 5)) == (3, 3, 5)
    assert AveragePooling2D(pool_size=3, strides=1).output_shape((9, 10, 5)) == (7, 8, 5)


def test_multiply_accumulates_are_those_of_the_formula():
    assert Conv2D(filters=32, padding="same").macs((28, 28, 1)) == 28 * 28 * 32 * 3 * 3 * 1
    assert Dense(units=64).macs((3136,)) == 3136 * 64
    for layer in (MaxPooling2D(), Flatten(), Dropout(), BatchNormalization()):
        assert layer.macs((28, 28, 1)) == 0


def test_weights_have_the_shapes_of_keras():
    assert Conv2D(filters=8, kernel_size=5).weight_shapes((9, 9, 3)) == {"kernel": (5, 5, 3, 8), "bias": (8,)}
    assert Dense(units=4, use_bias=False).weight_shapes((7,)) == {"kernel": (7, 4)}
    assert list(BatchNormalization(scale=False).weight_shapes((9, 9, 3))) == [
        "beta",
        "moving_mean",
        "moving_variance",
    ]


def test_names_are_numbered_kind_by_kind():
    kinds = [Conv2D, MaxPooling2D, Conv2D, BatchNormalization, Dense, Dense]
    assert numbered(kinds) == [
        "conv2d",
        "max_pooling2d",
        "conv2d_1",
        "batch_normalization",
        "dense",
        "dense_1",
    ]
