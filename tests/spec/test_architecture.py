from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.errors import SpecError
from cnnlab.spec import presets
from cnnlab.spec.architecture import Architecture, Trace
from cnnlab.spec.layers import Conv2D, Dense, Flatten, Layer, MaxPooling2D
from tests.spec.strategies import architectures, specs

NONSENSE = (
    st.none()
    | st.booleans()
    | st.integers(-(10**300), 10**300)
    | st.just(10**6000)
    | st.floats()
    | st.text(max_size=3)
    | st.just(object())
    | st.tuples(st.integers(-1, 5), st.integers(-1, 10**30), st.integers(-1, 5))
)
HALF_BUILT = st.one_of(
    st.builds(Conv2D.model_construct, filters=NONSENSE, kernel_size=NONSENSE, padding=NONSENSE),
    st.builds(MaxPooling2D.model_construct, pool_size=NONSENSE, strides=NONSENSE),
    st.builds(Dense.model_construct, units=NONSENSE, activation=NONSENSE),
    st.just(Layer.model_construct()),
    st.just(Conv2D.__new__(Conv2D)),
    NONSENSE,
    st.just(Flatten()),
)


def test_fashion_mnist_has_the_tutorials_table():
    trace = presets.get("fashion_mnist").trace()
    assert [(row.name, row.output_shape, row.parameters) for row in trace.rows] == [
        ("conv2d", (28, 28, 32), 320),
        ("max_pooling2d", (14, 14, 32), 0),
        ("conv2d_1", (14, 14, 64), 18_496),
        ("max_pooling2d_1", (7, 7, 64), 0),
        ("conv2d_2", (7, 7, 64), 36_928),
        ("flatten", (3136,), 0),
        ("dense", (64,), 200_768),
        ("dense_1", (10,), 650),
    ]
    assert trace.total_parameters == trace.trainable_parameters == 257_162
    assert trace.ok
    assert [row.is_output for row in trace.rows] == [False] * 7 + [True]


def test_totals_are_the_sums_of_the_rows():
    trace = presets.get("cifar10").trace()
    # By hand: 30·30·32·27 + 13·13·64·288 + 2304·128 + 128·10.
    assert trace.total_macs == 777_600 + 3_115_008 + 294_912 + 1_280
    # Values of every output for one image, four bytes each.
    values = 30 * 30 * 32 + 15 * 15 * 32 + 13 * 13 * 64 + 6 * 6 * 64 + 2304 + 128 + 10
    assert trace.activation_bytes == 4 * values
    assert trace.non_trainable_parameters == 0


def test_moving_averages_count_as_parameters_that_are_not_trained():
    trace = presets.get("cifar10_two_dense_batchnorm").trace()
    row = trace.rows[-2]
    assert (row.name, row.parameters, row.trainable_parameters) == ("batch_normalization", 800, 400)
    assert trace.total_parameters == 881_002 + 800
    assert trace.non_trainable_parameters == 400


def _looks_back_at(windows, size):
    """Brute force on one axis: the widest stretch of inputs that one output depends on."""
    sees = [{i} for i in range(size)]
    for kernel, stride in windows:
        starts = range(0, len(sees) - kernel + 1, stride)
        sees = [set().union(*sees[start : start + kernel]) for start in starts]
    return max(max(pixels) - min(pixels) + 1 for pixels in sees)


@given(
    windows=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=5),
    height=st.integers(1, 60),
    width=st.integers(1, 60),
)
def test_the_receptive_field_is_what_an_output_depends_on(windows, height, width):
    layers = tuple(Conv2D(filters=1, kernel_size=kernel, strides=stride) for kernel, stride in windows)
    trace = Architecture(input_shape=(height, width, 1), classes=2, layers=layers).trace()
    for count, row in enumerate(trace.rows[:-1], start=1):
        if row.output_shape is None:
            break
        expected = (_looks_back_at(windows[:count], height), _looks_back_at(windows[:count], width))
        assert row.receptive_field == expected


def test_behind_flatten_everything_is_seen():
    trace = presets.get("cifar10").trace()
    assert [row.receptive_field for row in trace.rows] == [(3, 3), (4, 4), (8, 8), (10, 10), *[(32, 32)] * 3]


def test_a_receptive_field_is_never_larger_than_the_image():
    layers = (Conv2D(filters=1, kernel_size=9, padding="same"),) * 2
    assert Architecture(input_shape=(8, 20, 1), classes=2, layers=layers).trace().rows[1].receptive_field == (
        8,
        17,
    )


def test_rows_behind_a_problem_have_no_shape():
    layers = (Conv2D(), Dense(), Flatten(), Dense())
    rows = Architecture(input_shape=(8, 8, 1), classes=2, layers=layers).trace().rows
    assert [row.output_shape for row in rows] == [(6, 6, 32), None, None, None, None]
    assert [row.problem is not None for row in rows] == [False, True, False, False, False]
    assert rows[1].input_shape == (6, 6, 32)
    assert [row.name for row in rows] == ["conv2d", "dense", "flatten", "dense_1", "dense_2"]


def test_a_second_flatten_is_harmless_as_in_keras():
    layers = (Flatten(), Flatten())
    trace = Architecture(input_shape=(8, 8, 3), classes=2, layers=layers).trace()
    assert trace.ok
    assert trace.rows[1].output_shape == (192,)


@given(input_shape=NONSENSE, classes=NONSENSE, layers=st.lists(HALF_BUILT, max_size=6) | NONSENSE)
def test_trace_never_raises(input_shape, classes, layers):
    stack = tuple(layers) if isinstance(layers, list) else layers
    for shape, count in itertools.product((input_shape, (9, 9, 1)), (classes, 3)):
        broken = Architecture.model_construct(input_shape=shape, classes=count, layers=stack)
        trace = broken.trace()
        assert isinstance(trace, Trace)
        assert all(len(problem.message) < 400 for problem in trace.problems)


def test_an_architecture_without_any_field_has_a_problem():
    assert Architecture.model_construct().trace().problems[0].code == "input"


@given(architectures())
def test_json_brings_back_an_equal_architecture(architecture):
    assert Architecture.from_json(architecture.to_json()) == architecture


@given(architecture=architectures(), layer=specs(Conv2D))
def test_a_changed_architecture_traces_anew(architecture, layer):
    architecture.trace()
    changed = architecture.with_layers((layer, *architecture.layers))
    assert changed.trace() == Architecture.from_json(changed.to_json()).trace()


def test_with_data_keeps_the_layers():
    changed = presets.get("cifar10").with_data((28, 28, 1), 5)
    assert changed.trace().rows[-1].output_shape == (5,)
    assert changed.layers == presets.get("cifar10").layers
    with pytest.raises(SpecError, match="Architecture, classes: expected 2 to 1000. Received 1"):
        changed.with_data((28, 28, 1), 1)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "Architecture: the text is not JSON in UTF-8."),
        ("\ud800", "Architecture: the text is not JSON in UTF-8."),
        (b"\xff\xfe", "Architecture: the text is not JSON in UTF-8."),
        ("[" * 10_000, "Architecture: the text is not JSON in UTF-8."),
        ("[]", "Architecture: expected an object. Received []."),
        ({}, "Architecture: input_shape is missing."),
        (
            {"input_shape": [8, 8], "classes": 2},
            "Architecture, input_shape: expected height and width from 1 to",
        ),
        ({"input_shape": [8, 8, True], "classes": 2}, "Architecture, input_shape: expected height and width"),
        (
            {"input_shape": [8, 8, 1], "classes": 2, "layers": [{"kind": "Conv3D"}]},
            "Layer 1: 'Conv3D' is not a kind",
        ),
        (
            {"input_shape": [8, 8, 1], "classes": 2, "layers": [{}]},
            "Layer 1: expected a layer with its kind.",
        ),
        ({"input_shape": [8, 8, 1], "classes": 2, "layers": [7]}, "Layer 1: expected a layer with its kind."),
        (
            {
                "input_shape": [8, 8, 1],
                "classes": 2,
                "layers": [{"kind": "Flatten"}, {"kind": "Dense", "units": -1}],
            },
            "Layer 2 (Dense), units: expected a whole number from 1 to 8192. Received -1.",
        ),
        (
            {"input_shape": [8, 8, 1], "classes": 2, "layers": [{"kind": "Flatten"}] * 10_000},
            "Architecture, layers: expected a list of at most 64 layers. Received 10,000.",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_one_message(source, message):
    with pytest.raises(SpecError) as caught:
        Architecture.from_json(source)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
