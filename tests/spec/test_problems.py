"""Every kind of problem: its words, and the mend that removes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from hypothesis import given

from cnnlab.spec.architecture import MAX_LAYERS, Architecture, Trace
from cnnlab.spec.layers import (
    KINDS,
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
)
from tests.spec.strategies import architectures, mended

SAME = Conv2D(filters=8, padding="same")

# code, input shape, layers, message, label of the mend, layers after the mend
CASES = {
    "dense on a map": (
        "needs_flatten",
        (8, 8, 1),
        (SAME, Dense()),
        "Layer 2 (Dense): it takes a vector and gets a map of 8×8×8: Keras would apply it to each pixel "
        "alone. Add Flatten before it.",
        "Add Flatten before it",
        (SAME, Flatten(), Dense()),
    ),
    "output on a map": (
        "needs_flatten",
        (8, 8, 1),
        (),
        "Output (Dense): it takes a vector and gets a map of 8×8×1: Keras would apply it to each pixel "
        "alone. Add Flatten before it.",
        "Add Flatten before it",
        (Flatten(),),
    ),
    "convolution behind flatten": (
        "needs_map",
        (8, 8, 1),
        (Flatten(), Dropout(), SAME),
        "Layer 3 (Conv2D): it takes a map and gets a vector of 64. It belongs before Flatten.",
        "Move it before Flatten",
        (SAME, Flatten(), Dropout()),
    ),
    "flatten too early": (
        "needs_map",
        (8, 8, 1),
        (Flatten(), SAME, Flatten()),
        "Layer 2 (Conv2D): it takes a map and gets a vector of 64. It belongs before Flatten.",
        "Remove the Flatten before it",
        (SAME, Flatten()),
    ),
    "pooling that could not even stand before flatten": (
        "needs_map",
        (2, 2, 1),
        (Flatten(), MaxPooling2D(pool_size=3)),
        "Layer 2 (MaxPooling2D): it takes a map and gets a vector of 4. It belongs before Flatten.",
        "Remove MaxPooling2D",
        (Flatten(),),
    ),
    "pooling window": (
        "window",
        (3, 3, 1),
        (MaxPooling2D(pool_size=4), Flatten()),
        "Layer 1 (MaxPooling2D): a 4×4 window does not fit a 3×3 input. Use pool_size 3 or less.",
        "Use pool_size 3",
        (MaxPooling2D(pool_size=3), Flatten()),
    ),
    "kernel": (
        "window",
        (9, 2, 1),
        (Conv2D(), Flatten()),
        "Layer 1 (Conv2D): a 3×3 window does not fit a 9×2 input. Use kernel_size 2 or less.",
        "Use kernel_size 2",
        (Conv2D(kernel_size=2), Flatten()),
    ),
    "kernel before another one": (
        "window",
        (4, 4, 1),
        (Conv2D(kernel_size=5), MaxPooling2D(pool_size=4), Flatten()),
        "Layer 1 (Conv2D): a 5×5 window does not fit a 4×4 input. Use kernel_size 4 or less.",
        # A smaller kernel fits, too, but leaves nothing for the pooling behind it.
        'Use padding "same"',
        (Conv2D(kernel_size=5, padding="same"), MaxPooling2D(pool_size=4), Flatten()),
    ),
    "kernel with gaps": (
        "window",
        (6, 6, 1),
        (Conv2D(dilation_rate=3), Flatten()),
        "Layer 1 (Conv2D): a 3×3 window with gaps reaches over 7×7 pixels and does not fit a 6×6 input. "
        "Use dilation_rate 2 or less.",
        "Use dilation_rate 2",
        (Conv2D(dilation_rate=2), Flatten()),
    ),
    "kernel that does not even fit without gaps": (
        "window",
        (2, 6, 1),
        (Conv2D(dilation_rate=3), Flatten()),
        "Layer 1 (Conv2D): a 3×3 window with gaps reaches over 7×7 pixels and does not fit a 2×6 input. "
        "Use kernel_size 2 and dilation_rate 1.",
        "Use kernel_size 2 and dilation_rate 1",
        (Conv2D(kernel_size=2), Flatten()),
    ),
    "stride and dilation": (
        "dilation",
        (9, 9, 1),
        (Conv2D(strides=2, dilation_rate=3), Flatten()),
        "Layer 1 (Conv2D): stride 2 and dilation 3 do not go together: Keras moves a kernel with gaps one "
        "pixel at a time. Use dilation_rate 1 or strides 1.",
        "Use dilation_rate 1",
        (Conv2D(strides=2), Flatten()),
    ),
    "softmax of one channel": (
        "softmax",
        (8, 8, 1),
        (Activation(activation="softmax"), Flatten()),
        "Layer 1 (Activation): the softmax of a single channel is always 1. Use sigmoid.",
        "Use sigmoid",
        (Activation(activation="sigmoid"), Flatten()),
    ),
    "nothing left to pool": (
        "window",
        (1, 5, 1),
        (AveragePooling2D(), Flatten()),
        "Layer 1 (AveragePooling2D): a 2×2 window does not fit a 1×5 input. "
        "Nothing is left to pool: remove it.",
        "Remove AveragePooling2D",
        (Flatten(),),
    ),
    "too many layers": (
        "too_many_layers",
        (8, 8, 1),
        (Flatten(),) + (Dropout(),) * MAX_LAYERS,
        "Layer 65 (Dropout): the stack has 65 layers, 64 are allowed. Remove the rest.",
        "Keep the first 64 layers",
        (Flatten(),) + (Dropout(),) * (MAX_LAYERS - 1),
    ),
    "too many parameters": (
        "too_many_parameters",
        (128, 128, 3),
        (Flatten(), Dense(units=2048)),
        "Layer 2 (Dense): the network has 100,685,834 parameters, most of them here; 50,000,000 are allowed. "
        "Use a smaller layer, or pool before it.",
        "Use units 512",
        (Flatten(), Dense(units=512)),
    ),
    "too many parameters in the output": (
        "too_many_parameters",
        (1024, 1024, 8),
        (Flatten(),),
        "Output (Dense): the network has 83,886,090 parameters, most of them here; 50,000,000 are allowed. "
        "Use a smaller layer, or pool before it.",
        "Add 2×2 max pooling before Flatten",
        (MaxPooling2D(), Flatten()),
    ),
    "too much memory": (
        "too_much_memory",
        (512, 512, 1),
        (Conv2D(filters=64, padding="same"), MaxPooling2D(pool_size=8), Flatten()),
        "Layer 1 (Conv2D): the outputs for one image take 66 MB, most of it here; 64 MB are allowed. "
        "Use fewer filters, or pool before it.",
        "Use filters 32",
        (Conv2D(filters=32, padding="same"), MaxPooling2D(pool_size=8), Flatten()),
    ),
    "too much memory in a layer without filters": (
        "too_much_memory",
        (1024, 1024, 16),
        (BatchNormalization(), MaxPooling2D(pool_size=8), Flatten()),
        "Layer 1 (BatchNormalization): the outputs for one image take 66 MB, most of it here; "
        "64 MB are allowed. Use fewer filters, or pool before it.",
        "Add 2×2 max pooling before it",
        (MaxPooling2D(), BatchNormalization(), MaxPooling2D(pool_size=8), Flatten()),
    ),
    "a value that no form lets through": (
        "value",
        (8, 8, 1),
        (Conv2D.model_construct(filters=-3, padding="reflect"), Flatten()),
        "Layer 1 (Conv2D): filters: expected a whole number from 1 to 2048. Received -3.",
        "Use an allowed value",
        (Conv2D(filters=1), Flatten()),
    ),
    "no layer at all": (
        "layer",
        (8, 8, 1),
        (Flatten(), 3),
        "Layer 2 (int): expected a layer. Received 3. Remove it.",
        "Remove it",
        (Flatten(),),
    ),
}


@pytest.mark.parametrize(("code", "shape", "layers", "message", "label", "after"), CASES.values(), ids=CASES)
def test_a_problem_is_explained_and_mended(code, shape, layers, message, label, after):
    architecture = Architecture.model_construct(input_shape=shape, classes=10, layers=layers)
    trace = architecture.trace()
    assert not trace.ok
    (problem,) = trace.problems
    assert (problem.code, problem.message) == (code, message)
    assert trace.rows[problem.index].problem is problem
    assert problem.mend is not None
    assert problem.mend.label == label
    assert problem.mend.layers == after
    assert Architecture(input_shape=shape, classes=10, layers=problem.mend.layers).trace().ok


@pytest.mark.parametrize(
    ("shape", "classes", "message"),
    [
        (
            None,
            10,
            "Input: expected height and width from 1 to 1024 and 1 to 16 channels. Received None. "
            "Choose a data set.",
        ),
        (
            (8, 8, 0),
            10,
            "Input: expected height and width from 1 to 1024 and 1 to 16 channels. Received (8, 8, 0). "
            "Choose a data set.",
        ),
        ((8, 8, 1), 1, "Input: expected 2 to 1000 classes. Received 1. Choose a data set."),
    ],
)
def test_an_input_that_cannot_be_is_the_first_rows_problem(shape, classes, message):
    trace = Architecture.model_construct(input_shape=shape, classes=classes, layers=(Flatten(),)).trace()
    assert [(p.code, p.message, p.index, p.mend) for p in trace.problems] == [("input", message, 0, None)]


def test_every_code_is_generated():
    codes = {"input", *(code for code, *_ in CASES.values())}
    assert codes == {
        "input",
        "layer",
        "value",
        "window",
        "dilation",
        "softmax",
        "needs_flatten",
        "needs_map",
        "too_many_layers",
        "too_many_parameters",
        "too_much_memory",
    }


def test_several_layers_can_have_a_value_that_is_not_allowed():
    layers = (Conv2D.model_construct(filters=0), Flatten(), Dense.model_construct(units=0.5))
    trace = Architecture.model_construct(input_shape=(8, 8, 1), classes=2, layers=layers).trace()
    assert [(problem.index, problem.code) for problem in trace.problems] == [(0, "value"), (2, "value")]
    assert trace.problems[1].mend.layers == (layers[0], Flatten(), Dense(units=64))


@pytest.fixture
def mean_of_map() -> Iterator[type[Layer]]:
    """A kind that is not of the house: like Flatten, it turns a map into a vector."""

    class MeanOfMap(Layer):
        kind: Literal["MeanOfMap"] = "MeanOfMap"
        title = "Mean of map"
        summary = "Keeps the mean of each map."
        rank = 3
        mixes_everything = True

        def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
            return (shape[2],)

    yield MeanOfMap
    del KINDS["MeanOfMap"]


def traced(*layers: Layer, shape: tuple[int, int, int] = (8, 8, 1)) -> Trace:
    return Architecture.model_construct(input_shape=shape, classes=10, layers=layers).trace()


def test_a_layer_behind_any_kind_that_makes_a_vector_is_moved_before_it(mean_of_map):
    (problem,) = traced(SAME, mean_of_map(), Dropout(), SAME, Dense()).problems
    assert problem.message == (
        "Layer 4 (Conv2D): it takes a map and gets a vector of 8. It belongs before MeanOfMap."
    )
    assert problem.mend.label == "Move it before MeanOfMap"
    assert problem.mend.layers == (SAME, SAME, mean_of_map(), Dropout(), Dense())
    assert traced(*problem.mend.layers).ok


def test_one_of_two_kinds_that_make_a_vector_is_removed(mean_of_map):
    (problem,) = traced(Flatten(), SAME, mean_of_map()).problems
    assert (problem.mend.label, problem.mend.layers) == (
        "Remove the Flatten before it",
        (SAME, mean_of_map()),
    )
    (problem,) = traced(mean_of_map(), SAME, Dense(), Flatten()).problems
    assert problem.mend.label == "Move it before MeanOfMap"  # flattened behind a dense layer is too late
    (problem,) = traced(SAME, mean_of_map(), Flatten(), mean_of_map()).problems
    assert problem.message.endswith("It belongs before MeanOfMap.")
    assert problem.mend.label == "Remove MeanOfMap"


@given(architectures())
def test_following_the_mends_ends_in_a_network_that_works(architecture):
    assert mended(architecture).trace().ok


@given(architectures())
def test_a_mend_removes_its_problem(architecture):
    before = architecture.trace()
    for problem in before.problems:
        after = architecture.with_layers(problem.mend.layers).trace()
        assert after.blocked < before.blocked
