"""The concept cards' arithmetic, against Keras and by worked examples."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

from cnnlab.analysis.concepts import (
    batch_normalisation,
    connections,
    dropout,
    dropout_means,
    flat_index,
    gradient,
    kept,
    layer_cost,
    places,
    shifted,
    softmax,
    twice_gradient,
    unread,
)
from cnnlab.analysis.convolution import axis
from cnnlab.errors import SpecError

LOGITS = ([2.0, 1.0, -1.0], [-5.0, 5.0, 0.0], [0.0, 0.0, 0.0])


def test_the_lines_of_a_convolution_are_its_windows() -> None:
    lines = connections(4, 3)
    assert [(line.input, line.output, line.weight) for line in lines] == [
        (0, 0, 0), (1, 0, 1), (2, 0, 2), (1, 1, 0), (2, 1, 1), (3, 1, 2),
    ]  # fmt: skip
    with pytest.raises(SpecError, match=r"A kernel of 5 does not fit 4 inputs. Use 4 or less."):
        connections(4, 5)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("shape", "kernel", "filters"), [((8, 8, 1), 3, 4), ((6, 5, 3), 5, 2)])
def test_parameters_are_those_that_keras_counts(shape, kernel, filters, padding) -> None:
    found = layer_cost(shape, kernel, filters, padding)
    image = keras.Input(shape)
    convolved = keras.layers.Conv2D(filters, kernel, padding=padding)
    output = convolved(image)
    full = keras.layers.Dense(int(np.prod(output.shape[1:])))
    full.build((None, int(np.prod(shape))))
    assert found.output == output.shape[1:]
    assert found.shared == convolved.count_params()
    assert found.full == full.count_params()


def test_the_first_layer_of_the_fashion_tutorial_has_320_parameters() -> None:
    found = layer_cost((28, 28, 1), 3, 32)
    assert (found.shared, found.full) == (320, 785 * 25_088)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "kernel", "stride", "dilation"), [(7, 3, 2, 1), (6, 2, 3, 1), (9, 3, 2, 2)])
def test_the_places_of_a_window_are_what_keras_reads(size, kernel, stride, dilation, padding) -> None:
    laid = axis(size, kernel, stride=stride, padding=padding, dilation=dilation)
    values = np.arange(1.0, size + 1)
    expected = [sum(values[p] for p in place if 0 <= p < size) for place in places(laid)]
    if stride > 1 and dilation > 1:  # which Keras refuses: every place, then each stride-th of them
        whole = axis(size, kernel, padding="valid", dilation=dilation)
        padded = np.pad(values, (laid.before, laid.after))
        found = [
            sum(padded[first + k * dilation] for k in range(kernel))
            for first in range(0, len(padded) - whole.span + 1, stride)
        ]
    else:
        weights = np.ones((kernel, 1, 1), np.float32)
        found = keras.ops.conv(
            values[None, :, None].astype(np.float32), weights, strides=stride, padding=padding
        )
        found = np.array(found)[0, :, 0]
    np.testing.assert_allclose(found, expected)


def test_pixels_that_no_window_reads_are_named() -> None:
    assert unread(axis(6, 2, stride=3)) == [2, 5]
    assert unread(axis(7, 3, stride=2)) == []


@pytest.mark.parametrize("right", [-2, 0, 1, 3])
def test_a_shift_moves_by_whole_pixels_and_lets_zeros_in(right: int) -> None:
    image = np.arange(1.0, 13).reshape(3, 4)
    expected = np.zeros_like(image)
    for column in range(4):
        if 0 <= column + right < 4:
            expected[:, column + right] = image[:, column]
    np.testing.assert_array_equal(shifted(image, right), expected)


def test_what_stays_is_all_of_the_same_and_nothing_of_the_apart() -> None:
    one, other = np.array([2.0, 0.0, 1.0]), np.array([1.0, 3.0, 1.0])
    assert kept(one, one) == 1
    assert kept(one * 0, one * 0) == 1
    assert kept([1, 0], [0, 1]) == 0
    assert kept(one, other) == pytest.approx(2 / 6)


def test_a_value_stands_in_the_vector_where_keras_puts_it() -> None:
    shape = (2, 3, 4)
    image = np.random.default_rng(0).random((1, *shape)).astype(np.float32)
    vector = np.array(keras.layers.Flatten()(image))[0]
    for place in np.ndindex(*shape):
        assert vector[flat_index(*place, shape)] == image[(0, *place)]


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5, 0.8])
def test_what_dropout_keeps_it_scales_as_keras_does(rate: float) -> None:
    values = np.linspace(0.5, 2, 12).astype(np.float32)
    step = dropout(values, rate, seed=3)
    np.testing.assert_allclose(step.output, np.where(step.kept, values * step.factor, 0))
    theirs = np.array(keras.layers.Dropout(rate, seed=1)(values[None], training=True))[0]
    np.testing.assert_allclose(theirs[theirs > 0], (values * step.factor)[theirs > 0], rtol=1e-6)
    assert dropout(values, rate, seed=3).kept.tolist() == step.kept.tolist()


def test_over_many_steps_the_mean_of_dropout_is_the_value() -> None:
    values = np.linspace(0.5, 2, 12)
    # The standard error of a mean of 4,000 draws at rate 0.5 is value ÷ √4000, 1.6 %.
    np.testing.assert_allclose(dropout_means(values, 0.5, 4000), values, rtol=0.08)


def test_a_rate_of_one_would_leave_nothing() -> None:
    with pytest.raises(SpecError, match=r"Dropout, rate: expected at least 0 and below 1. Received 1."):
        dropout([1.0], 1.0, 0)


@pytest.mark.parametrize("momentum", [0.5, 0.99])
def test_batch_normalisation_is_keras_s_in_training_and_in_prediction(momentum: float) -> None:
    batches = np.random.default_rng(4).normal(3, 2, (6, 16))
    found = batch_normalisation(batches, momentum, 1e-3)
    layer = keras.layers.BatchNormalization(momentum=momentum, epsilon=1e-3)
    layer.build((None, 1))
    for step, values in enumerate(batches.astype(np.float32)):
        trained = np.array(layer(values[:, None], training=True))[:, 0]
        assert float(layer.moving_mean[0]) == pytest.approx(found.moving_means[step + 1], rel=1e-4)
        assert float(layer.moving_variance[0]) == pytest.approx(found.moving_variances[step + 1], rel=1e-4)
    np.testing.assert_allclose(found.training, trained, atol=1e-4)
    predicted = np.array(layer(batches[-1].astype(np.float32)[:, None], training=False))[:, 0]
    np.testing.assert_allclose(found.prediction, predicted, atol=1e-4)


@pytest.mark.parametrize("logits", LOGITS, ids=["some", "wide", "equal"])
@pytest.mark.parametrize("actual", [0, 2])
def test_softmax_loss_and_slope_are_keras_s(logits: list[float], actual: int) -> None:
    import tensorflow as tf

    found = softmax(logits)
    raw = tf.Variable([logits], dtype=tf.float64)
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")(
            np.array([actual]), raw
        )
    np.testing.assert_allclose(found.shares, np.array(keras.ops.softmax(raw))[0], rtol=1e-6)
    assert found.loss(actual) == pytest.approx(float(loss), rel=1e-5)
    np.testing.assert_allclose(gradient(found.shares, actual), tape.gradient(loss, raw).numpy()[0], atol=1e-6)


@pytest.mark.parametrize("logits", LOGITS, ids=["some", "wide", "equal"])
def test_a_softmax_of_a_softmax_is_what_from_logits_gives_of_shares(logits: list[float]) -> None:
    import tensorflow as tf

    found = softmax(logits)
    raw = tf.Variable(logits, dtype=tf.float64)
    with tf.GradientTape() as tape:
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(1, tf.nn.softmax(raw))
    assert softmax(found.shares).loss(1) == pytest.approx(float(loss), rel=1e-6)
    np.testing.assert_allclose(twice_gradient(found.shares, 1), tape.gradient(loss, raw).numpy(), atol=1e-9)


def test_keras_notices_a_softmax_right_before_the_loss() -> None:
    """What the card says of today's Keras."""
    logits = np.array([[2.0, 1.0, -1.0]], np.float32)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with pytest.warns(UserWarning, match="received `from_logits=True`"):
        noticed = float(loss(np.array([0]), keras.ops.softmax(logits)))
    assert noticed == pytest.approx(softmax(logits[0]).loss(0), rel=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unnoticed = float(loss(np.array([0]), np.array(keras.ops.softmax(logits))))
    assert unnoticed == pytest.approx(softmax(softmax(logits[0]).shares).loss(0), rel=1e-5)
