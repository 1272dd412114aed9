"""Edits of kernels: what is accepted, what they make of weights, how a list of them grows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnnlab.errors import SpecError
from cnnlab.spec import presets
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.edits import (
    EDITS,
    MAX_EDITS,
    Edit,
    Repaint,
    Scale,
    SwitchOff,
    added,
    check,
    edited,
    factor,
    is_off,
    operable,
    read,
    without_switch,
)
from cnnlab.spec.layers import Conv2D, Dense, DepthwiseConv2D, Flatten, ResidualBlock, SeparableConv2D

NETWORK = Architecture(
    input_shape=(8, 8, 2),
    classes=3,
    layers=(
        Conv2D(filters=4),
        DepthwiseConv2D(depth_multiplier=2),
        SeparableConv2D(filters=5, kernel_size=2),
        ResidualBlock(filters=5),
        Flatten(),
        Dense(units=6),
    ),
)


def weights(architecture: Architecture = NETWORK) -> dict[str, np.ndarray]:
    """Random weights of every layer, none of them 0."""
    draw = np.random.default_rng(0)
    return {
        f"{part.name}/{name}": draw.uniform(0.5, 1, shape).astype(np.float32)
        for row in architecture.trace().rows
        for part in row.primitives
        for name, shape in part.weight_shapes.items()
    }


def plane(value: float, rows: int = 3) -> tuple[tuple[float, ...], ...]:
    """A kernel's slice of one number."""
    return ((value,) * rows,) * rows


def test_every_layer_with_kernels_can_be_operated_on() -> None:
    places = operable(NETWORK)
    told = {name: (place.noun, place.filters, place.channels, place.size) for name, place in places.items()}
    assert told == {
        "conv2d": ("filter", 4, 2, (3, 3)),
        "depthwise_conv2d": ("filter", 8, 1, (3, 3)),
        "separable_conv2d": ("filter", 5, 8, (1, 1)),
        "residual_block_conv2d_1": ("filter", 5, 5, (3, 3)),
        "residual_block_conv2d_2": ("filter", 5, 5, (3, 3)),
        "dense": ("unit", 6, 45, (1, 1)),
        "dense_1": ("unit", 3, 6, (1, 1)),
    }


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10", "lenet5", "tiny_vgg"])
def test_a_filter_makes_one_channel_of_its_layer_s_output(name: str) -> None:
    trace = presets.get(name).trace()
    outputs = {row.name: row.output_shape for row in trace.rows}
    places = operable(presets.get(name))
    assert places
    assert {layer: place.filters for layer, place in places.items()} == {
        layer: (outputs[layer] or ())[-1] for layer in places
    }


def test_switching_a_filter_off_leaves_nothing_of_it_and_all_of_the_others() -> None:
    before = weights()
    after = edited(before, NETWORK, [SwitchOff(layer="conv2d", filter=2)])
    assert set(after) == {"conv2d/kernel", "conv2d/bias"}
    assert not after["conv2d/kernel"][..., 2].any()
    assert after["conv2d/bias"][2] == 0
    others = [0, 1, 3]
    np.testing.assert_array_equal(after["conv2d/kernel"][..., others], before["conv2d/kernel"][..., others])
    np.testing.assert_array_equal(after["conv2d/bias"][others], before["conv2d/bias"][others])


def test_a_scale_multiplies_the_kernel_and_leaves_the_bias() -> None:
    before = weights()
    after = edited(before, NETWORK, [Scale(layer="dense", filter=5, factor=-0.5)])
    expected = before["dense/kernel"].copy()
    expected[:, 5] *= -0.5
    np.testing.assert_array_equal(after["dense/kernel"], expected)
    np.testing.assert_array_equal(after["dense/bias"], before["dense/bias"])


def test_repainting_changes_one_channel_of_one_filter() -> None:
    before = weights()
    values = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
    after = edited(before, NETWORK, [Repaint(layer="conv2d", filter=1, channel=1, values=values)])
    expected = before["conv2d/kernel"].copy()
    expected[:, :, 1, 1] = values
    np.testing.assert_array_equal(after["conv2d/kernel"], expected)


def test_the_maps_of_a_depthwise_convolution_lie_channel_by_channel() -> None:
    before = weights()
    after = edited(before, NETWORK, [SwitchOff(layer="depthwise_conv2d", filter=5)])
    expected = before["depthwise_conv2d/kernel"].copy()
    expected[:, :, 2, 1] = 0  # two maps a channel: the sixth is the second of the third
    np.testing.assert_array_equal(after["depthwise_conv2d/kernel"], expected)


def test_the_filter_of_a_separable_convolution_is_its_pointwise_kernel() -> None:
    before = weights()
    after = edited(before, NETWORK, [Scale(layer="separable_conv2d", filter=4, factor=2)])
    assert set(after) == {"separable_conv2d/pointwise_kernel", "separable_conv2d/bias"}
    np.testing.assert_array_equal(
        after["separable_conv2d/pointwise_kernel"][..., 4],
        2 * before["separable_conv2d/pointwise_kernel"][..., 4],
    )


def test_edits_take_effect_in_their_order() -> None:
    paint, scale = (
        Repaint(layer="conv2d", filter=0, channel=0, values=plane(1)),
        Scale(layer="conv2d", filter=0, factor=3),
    )
    first = edited(weights(), NETWORK, [paint, scale])["conv2d/kernel"]
    second = edited(weights(), NETWORK, [scale, paint])["conv2d/kernel"]
    assert (first[:, :, 0, 0] == 3).all()
    assert (second[:, :, 0, 0] == 1).all()
    np.testing.assert_array_equal(first[:, :, 1, 0], second[:, :, 1, 0])


def test_the_weights_that_were_given_stay_as_they_are() -> None:
    before = weights()
    kept = {name: array.copy() for name, array in before.items()}
    edited(before, NETWORK, [SwitchOff(layer=name, filter=0) for name in operable(NETWORK)])
    assert all(np.array_equal(before[name], kept[name]) for name in kept)


def test_edits_survive_their_way_as_plain_data() -> None:
    edits = (
        SwitchOff(layer="conv2d", filter=0),
        Scale(layer="dense", filter=1, factor=-1.5),
        Repaint(layer="conv2d", filter=2, channel=1, values=plane(0.25)),
    )
    assert {type(edit).__name__ for edit in edits} == set(EDITS)
    assert read([edit.model_dump() for edit in edits]) == edits


_PLACE = {"layer": "conv2d", "filter": 0}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "Melt", **_PLACE}, "Edit 2: expected one of SwitchOff, Scale, Repaint. Received 'Melt'."),
        (7, "Edit 2: expected one of SwitchOff, Scale, Repaint. Received 7."),
        ({"kind": "SwitchOff", "layer": "conv2d"}, "Edit 2: SwitchOff: filter is missing."),
        (
            {"kind": "SwitchOff", "layer": "conv2d", "filter": -1},
            "Edit 2: SwitchOff, filter: expected a whole number from 0. Received -1.",
        ),
        (
            {"kind": "SwitchOff", "layer": "conv2d", "filter": 1.5},
            "Edit 2: SwitchOff, filter: expected a whole number from 0. Received 1.5.",
        ),
        (
            {"kind": "Scale", **_PLACE, "factor": float("nan")},
            "Edit 2: Scale, factor: expected a number from -100.0 to 100.0. Received nan.",
        ),
        (
            {"kind": "Scale", **_PLACE, "factor": 1e300},
            "Edit 2: Scale, factor: expected a number from -100.0 to 100.0. Received 1e+300.",
        ),
        (
            {"kind": "Repaint", **_PLACE, "channel": 0, "values": ((float("nan"),),)},
            "Edit 2: Repaint, values: expected rows of numbers from -1,000,000 to 1,000,000. Received nan.",
        ),
        (
            {"kind": "Repaint", **_PLACE, "channel": 0, "values": "x"},
            "Edit 2: Repaint, values: expected rows of numbers from -1,000,000 to 1,000,000. Received 'x'.",
        ),
        (
            {"kind": "SwitchOff", **_PLACE, "factor": 2},
            "Edit 2: SwitchOff: 'factor' is not one of its fields (layer, filter).",
        ),
    ],
    ids=["kind", "no dict", "missing", "negative", "fraction", "nan", "huge", "nan cell", "text", "unknown"],
)
def test_a_bad_edit_is_one_message(entry: Any, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        read([{"kind": "SwitchOff", **_PLACE}, entry])
    assert str(caught.value) == message


def test_too_many_edits_are_refused() -> None:
    entry = {"kind": "SwitchOff", **_PLACE}
    assert len(read([entry] * MAX_EDITS)) == MAX_EDITS
    with pytest.raises(SpecError, match=r"Edits: expected at most 200. Received 201. Undo some first."):
        read([entry] * (MAX_EDITS + 1))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            SwitchOff(layer="flatten", filter=0),
            "Edit 1 (Switch off): no layer 'flatten' has kernels. There are conv2d, depthwise_conv2d, "
            "separable_conv2d, residual_block_conv2d_1, residual_block_conv2d_2, dense, dense_1.",
        ),
        (
            Scale(layer="conv2d", filter=4, factor=2),
            "Edit 1 (Scale): conv2d has filters 0 to 3. Received 4.",
        ),
        (SwitchOff(layer="dense_1", filter=3), "Edit 1 (Switch off): dense_1 has units 0 to 2. Received 3."),
        (
            Repaint(layer="conv2d", filter=9, channel=0, values=plane(1)),
            "Edit 1 (Repaint): conv2d has filters 0 to 3. Received 9.",
        ),
        (
            Repaint(layer="conv2d", filter=0, channel=2, values=plane(1)),
            "Edit 1 (Repaint): the kernels of conv2d have input channels 0 to 1. Received 2.",
        ),
        (
            Repaint(layer="conv2d", filter=0, channel=0, values=plane(1, rows=2)),
            "Edit 1 (Repaint): the kernels of conv2d have 3 rows of 3 numbers. Received 2 of 2.",
        ),
        (
            Repaint(layer="conv2d", filter=0, channel=0, values=((1, 2, 3), (1, 2), (1, 2, 3))),
            "Edit 1 (Repaint): the kernels of conv2d have 3 rows of 3 numbers. Received 3 of 2 and 3.",
        ),
        (
            Repaint(layer="conv2d", filter=0, channel=0, values=()),
            "Edit 1 (Repaint): the kernels of conv2d have 3 rows of 3 numbers. Received 0 of 0.",
        ),
    ],
    ids=["layer", "filter", "unit", "painted filter", "channel", "size", "ragged", "empty"],
)
def test_an_edit_that_does_not_fit_the_network_is_one_message(edit: Edit, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        check([edit], NETWORK)
    assert str(caught.value) == message
    with pytest.raises(SpecError):
        edited(weights(), NETWORK, [edit])


def test_a_slider_that_moves_on_leaves_one_scale() -> None:
    edits: tuple[Edit, ...] = ()
    for value in (2.0, 3.0, 2.5):
        edits = added(edits, Scale(layer="conv2d", filter=0, factor=value))
    assert [edit.words() for edit in edits] == ["conv2d, filter 0: kernel × 2.5"]
    assert factor(edits, "conv2d", 0) == 2.5
    assert factor(edits, "conv2d", 1) == 1
    assert added(edits, Scale(layer="conv2d", filter=0, factor=1)) == ()


def test_a_scale_behind_a_repaint_is_a_new_one() -> None:
    paint = Repaint(layer="conv2d", filter=0, channel=0, values=plane(1))
    first = Scale(layer="conv2d", filter=0, factor=2)
    edits = added(added((first,), paint), Scale(layer="conv2d", filter=0, factor=3))
    assert [type(edit).__name__ for edit in edits] == ["Scale", "Repaint", "Scale"]
    assert factor((first, paint), "conv2d", 0) == 1


def test_a_slice_that_is_painted_again_is_one_repaint() -> None:
    def paint(value: float, channel: int = 0) -> Repaint:
        return Repaint(layer="conv2d", filter=0, channel=channel, values=plane(value))

    edits = added(added(added((), paint(1)), paint(2, channel=1)), paint(3))
    assert edits == (paint(2, channel=1), paint(3))


def test_a_filter_that_is_switched_off_and_on_is_as_it_was_before() -> None:
    before: tuple[Edit, ...] = (
        SwitchOff(layer="conv2d", filter=1),
        Repaint(layer="conv2d", filter=0, channel=0, values=plane(1)),
        Scale(layer="conv2d", filter=0, factor=2),
    )
    off = SwitchOff(layer="conv2d", filter=0)
    edits = added(before, off)
    assert edits == (*before, off)
    assert added(edits, off) == edits
    assert is_off(edits, "conv2d", 0)
    assert not is_off(before, "conv2d", 0)
    assert factor(edits, "conv2d", 0) == 2
    assert without_switch(edits, "conv2d", 0) == before
    changed = edited(weights(), NETWORK, edits)
    assert not changed["conv2d/kernel"][..., 0].any()


def test_edits_say_what_they_do() -> None:
    assert SwitchOff(layer="dense", filter=3).words("unit") == "dense, unit 3: switched off"
    assert Scale(layer="conv2d", filter=3, factor=-0.5).words() == "conv2d, filter 3: kernel × −0.5"
    paint = Repaint(layer="conv2d", filter=3, channel=2, values=plane(0))
    assert paint.words() == "conv2d, filter 3: repainted on input channel 2"
