from __future__ import annotations

import pytest

from cnnlab.errors import SpecError
from cnnlab.spec import layers
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.fields import controls
from cnnlab.spec.layers import (
    FAMILIES,
    KINDS,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Composite,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    KerasObject,
    Layer,
    MaxPooling2D,
    ResidualBlock,
    SeparableConv2D,
    Window,
    numbered,
)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_named_and_explained(kind):
    assert kind().kind == kind.__name__
    assert kind.title
    assert kind.summary.endswith(".")
    assert kind.family in FAMILIES
    assert set(controls(kind)) == set(kind.model_fields) - {"kind"}


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if not issubclass(kind, Composite)])
def test_a_primitive_kind_has_the_arguments_of_its_fields(kind):
    arguments = kind().keras_arguments()
    assert set(kind.keras_defaults) <= set(arguments)
    defaults = {name: control.default for name, control in controls(kind).items() if name not in ("l1", "l2")}
    assert {name: value for name, value in arguments.items() if "regularizer" not in name} == defaults


def test_the_kinds_are_offered_in_the_order_of_the_folder():
    classes = [value for value in vars(layers).values() if isinstance(value, type)]
    kinds = [cls for cls in classes if issubclass(cls, Layer) and cls not in (Layer, Composite, Add)]
    assert list(KINDS.values()) == kinds
    assert set(layers.__all__) >= {*KINDS, "Add", "Composite", "Layer"}


def test_all_names_what_the_folder_offers():
    public = {
        name
        for name, value in vars(layers).items()
        if getattr(value, "__module__", "").startswith("cnnlab.spec.layers")
    }
    assert public | {"FAMILIES", "KINDS", "AnyLayer", "Shape"} == set(layers.__all__)


def test_a_part_of_blocks_is_no_layer_of_a_stack():
    assert "Add" not in KINDS
    with pytest.raises(SpecError, match=r"Layer 1: 'Add' is not a kind of layer\. Known are Conv2D, "):
        Architecture.from_json({"input_shape": [8, 8, 1], "classes": 2, "layers": [{"kind": "Add"}]})


def test_a_penalty_is_the_regularizer_of_its_norm():
    assert Conv2D().keras_arguments()["kernel_regularizer"] is None
    for fields, path in (({"l1": 0.1}, "L1"), ({"l2": 0.2}, "L2"), ({"l1": 0.1, "l2": 0.2}, "L1L2")):
        expected = KerasObject(f"regularizers.{path}", fields)
        assert Dense(**fields).keras_arguments()["kernel_regularizer"] == expected
        separable = SeparableConv2D(**fields).keras_arguments()
        assert separable["depthwise_regularizer"] == separable["pointwise_regularizer"] == expected


def test_gaps_widen_a_window():
    assert Window(3, 1, "valid", 4).span == 9
    assert Window(3, 1, "valid", 4).output_size(10) == 2
    assert Window(3, 1, "same", 4).output_size(10) == 10


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "before"), [(28, 3, 1, 1), (28, 3, 2, 0), (27, 3, 2, 1), (8, 2, 1, 0)]
)
def test_same_padding_puts_the_smaller_half_before_the_map(size, kernel, stride, before):
    assert Window(kernel, stride, "same").overhang(size) == before
    assert Window(kernel, stride, "valid").overhang(size) == 0


def test_a_block_that_keeps_its_shape_has_a_plain_shortcut():
    parts = ResidualBlock(filters=8).expand((6, 6, 8))
    assert [(part.name, part.takes, part.gives) for part in parts] == [
        ("conv2d_1", ("x",), "x"),
        ("batch_normalization_1", ("x",), "x"),
        ("activation_1", ("x",), "x"),
        ("conv2d_2", ("x",), "x"),
        ("batch_normalization_2", ("x",), "x"),
        ("add", ("x", "shortcut"), "x"),
        ("", ("x",), "x"),
    ]


@pytest.mark.parametrize(
    ("block", "names"),
    [
        (ResidualBlock(filters=9), ["projection", "projection_normalization"]),
        (ResidualBlock(filters=8, strides=2, batch_normalization=False), ["pooling", "projection"]),
    ],
)
def test_a_block_that_changes_its_shape_changes_that_of_the_shortcut(block, names):
    parts = [part for part in block.expand((6, 6, 8)) if part.gives == "shortcut"]
    assert [part.name for part in parts] == names
    assert {part.takes for part in parts} == {("shortcut",)}
    projection = next(part.layer for part in parts if part.name == "projection")
    assert (projection.kernel_size, projection.strides) == (1, 1)


def test_a_block_is_the_sum_of_its_parts():
    block = ResidualBlock(filters=16, strides=2, batch_normalization=False)
    assert block.output_shape((9, 8, 3)) == (5, 4, 16)
    # By hand: 3·3·3·16, 3·3·16·16 and the projection's 3·16, for each of 5·4 pixels.
    assert block.macs((9, 8, 3)) == 5 * 4 * (432 + 2304 + 48)
    assert block.weight_shapes((9, 8, 3)) == {
        "conv2d_1/kernel": (3, 3, 3, 16),
        "conv2d_1/bias": (16,),
        "conv2d_2/kernel": (3, 3, 16, 16),
        "conv2d_2/bias": (16,),
        "projection/kernel": (1, 1, 3, 16),
        "projection/bias": (16,),
    }


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
    assert DepthwiseConv2D(padding="same").macs((8, 8, 5)) == 8 * 8 * 5 * 3 * 3
    assert SeparableConv2D(filters=7, padding="same").macs((8, 8, 5)) == 8 * 8 * (5 * 3 * 3 + 5 * 7)
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
