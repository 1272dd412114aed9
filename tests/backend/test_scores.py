"""Loss, accuracy and probabilities against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from cnnlab.backend import scores


@pytest.fixture
def logits() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(scale=5, size=(50, 7)).astype(np.float32)


@pytest.fixture
def labels() -> NDArray[np.int64]:
    return np.random.default_rng(1).integers(0, 7, 50)


def test_the_loss_is_keras_s(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    assert scores.cross_entropy(logits, labels) == pytest.approx(float(expected), rel=1e-5)


def test_the_accuracy_is_keras_s(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    metric = keras.metrics.SparseCategoricalAccuracy()
    metric.update_state(labels, logits)
    assert scores.accuracy(logits, labels) == pytest.approx(float(metric.result()))


def test_probabilities_are_keras_s_softmax(logits: NDArray[np.float32]) -> None:
    found = scores.softmax(logits)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, keras.ops.softmax(logits), rtol=1e-5, atol=1e-7)


def test_great_logits_do_not_overflow() -> None:
    logits = np.array([[3e4, -3e4], [1e38, 0.0]], np.float32)
    np.testing.assert_array_equal(scores.softmax(logits), [[1, 0], [1, 0]])
    assert scores.cross_entropy(logits, np.array([1, 0])) == pytest.approx(3e4)
