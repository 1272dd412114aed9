"""Muon against Keras's own iteration, and against the class that an exported script brings along."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnlab.backend import build, muon
from cnnlab.spec.muon_source import MUON_SOURCE
from cnnlab.spec.training import TrainingConfig
from tests.backend.test_fused import weights_after

SHAPES = [(288, 64), (27, 32), (9, 1), (64, 64)]


def matrix(shape: tuple[int, int]) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).normal(size=shape).astype("float32"))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_matrix_is_turned_as_keras_turns_it(shape: tuple[int, int]) -> None:
    found = muon.orthogonal(matrix(shape))
    expected = keras.optimizers.Muon().zeropower_via_newtonschulz5(matrix(shape), muon.ITERATIONS)
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("share", [1.0, 0.3, 0.1, 0.03, 0.01])
def test_large_and_small_directions_count_alike(share: float) -> None:
    left, _ = np.linalg.qr(matrix((40, 8)))
    right, _ = np.linalg.qr(matrix((8, 8)))
    values = np.array([1.0] + [share] * 7)
    given = (left * (values / np.linalg.norm(values))) @ right.T
    turned = muon.orthogonal(tf.constant(given.astype("float32")))
    found = np.linalg.svd(turned, compute_uv=False)
    assert 0.65 < found.min() <= found.max() < 1.25


def test_a_matrix_of_zeros_stays_one() -> None:
    assert not np.any(muon.orthogonal(tf.zeros((6, 3))))


def test_the_first_step_of_a_kernel_is_as_long_as_adams() -> None:
    kernel = keras.Variable(np.zeros((3, 3, 16, 32), "float32"))
    optimizer = muon.Muon(learning_rate=0.01)
    optimizer.apply([tf.constant(np.random.default_rng(0).normal(size=kernel.shape), tf.float32)], [kernel])
    assert np.sqrt(np.mean(np.square(kernel.numpy()))) == pytest.approx(0.01, rel=0.2)


def test_a_script_trains_by_the_same_steps() -> None:
    names = {"keras": keras}
    exec(MUON_SOURCE, names)
    ours = weights_after(build.optimizer(TrainingConfig(optimizer="Muon", momentum=0.8)))
    theirs = weights_after(names["Muon"](learning_rate=1e-3, momentum=0.8))
    assert [value.shape for value in ours] == [value.shape for value in theirs]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-6)


def test_all_but_kernels_follow_adam() -> None:
    ours = weights_after(build.optimizer(TrainingConfig(optimizer="Muon")))
    adam = weights_after(keras.optimizers.Adam(1e-3))
    np.testing.assert_allclose(ours[1], adam[1], rtol=2e-5, atol=1e-7)
    assert not np.allclose(ours[0], adam[0], atol=1e-4)
