"""How layers do, and pictures of the first one, in the course of a training."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnlab.backend.health import Examiner
from cnnlab.backend.session import Session
from cnnlab.backend.snapshots import Camera
from cnnlab.datasets import Dataset
from cnnlab.runs import Health, LayerHealth, RunFiles
from cnnlab.spec.design import Design
from cnnlab.spec.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten
from tests.backend.test_session import _run, _same


def _examined(session: Session) -> Health:
    examination = Examiner(session).begin()
    session.advance(1)
    return examination.finish()


def _layer(health: Health, name: str) -> LayerHealth:
    return next(layer for layer in health.layers if layer.name == name)


def _sgd(design: Design, **training: object) -> Design:
    changes = {"optimizer": "SGD", "momentum": 0.0, "learning_rate": 0.05, "schedule": "constant"}
    return design.replace(training=design.training.replace(**(changes | training)))


def test_dead_units_are_those_that_are_0_for_every_image(plain_design: Design, data: Dataset) -> None:
    session = Session(plain_design, data)
    bias = session.model.get_layer("conv2d").bias
    bias.assign([-100.0, 0.0, -100.0, -100.0])  # three of four feature maps can never be above 0
    health = _examined(session)
    assert health.step == 1
    assert _layer(health, "conv2d").dead == pytest.approx(0.75)
    dense = _layer(health, "dense").dead
    assert dense is not None
    assert 0 <= dense < 1
    output = session.model.layers[-1].name
    assert (_layer(health, output).dead, _layer(health, output).saturated) == (None, None)


def test_saturated_outputs_are_those_at_the_flat_ends(plain_design: Design, data: Dataset) -> None:
    layers = (Conv2D(filters=4, activation="sigmoid"), Flatten(), Dense(units=8, activation="tanh"))
    session = Session(plain_design.replace(architecture=plain_design.architecture.with_layers(layers)), data)
    session.model.get_layer("conv2d").bias.assign([50.0, -50.0, 0.0, 0.0])
    health = _examined(session)
    assert _layer(health, "conv2d").saturated == pytest.approx(0.5, abs=0.1)
    assert _layer(health, "conv2d").dead is None
    tanh = _layer(health, "dense").saturated
    assert tanh is not None
    assert 0 <= tanh < 0.5


def test_gradient_and_update_are_keras_s_own(plain_design: Design, data: Dataset) -> None:
    session = Session(_sgd(plain_design), data)
    indices = session.next_batch(64)
    images, labels = data.images[indices].astype(np.float32) / 255, data.labels[indices]
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        loss = loss_of(labels, session.model(images))
    kernel, bias = session.model.get_layer("conv2d").trainable_variables
    gradient = np.concatenate([np.ravel(part) for part in tape.gradient(loss, [kernel, bias])])
    weights = np.concatenate([np.ravel(part) for part in (kernel, bias)])
    expected = np.sqrt(np.mean(gradient**2)) / np.sqrt(np.mean(weights**2))
    found = _layer(_examined(session), "conv2d")
    assert found.gradient == pytest.approx(expected, rel=1e-3)
    assert found.update == pytest.approx(0.05 * expected, rel=1e-3)  # plain gradient descent


def test_a_look_leaves_no_trace(design: Design, data: Dataset) -> None:
    layers = (Conv2D(filters=4), BatchNormalization(), Flatten(), Dropout(rate=0.5), Dense(units=8))
    design = design.replace(architecture=design.architecture.with_layers(layers))
    plain, looked_at = Session(design, data), Session(design, data)
    expected = _run(plain, 10)
    losses = _run(looked_at, 4)
    examination = Examiner(looked_at).begin()
    losses += _run(looked_at, 1)
    assert examination.finish().step == 5
    losses += _run(looked_at, 5)
    assert losses == expected
    assert _same(looked_at.state()[0], plain.state()[0])


def test_pictures_show_the_first_convolution_of_now(plain_design: Design, data: Dataset) -> None:
    session, files = Session(plain_design, data), RunFiles("0123456789")
    camera = Camera(session, files)
    assert files.snapshot() is None
    session.advance(3)
    assert camera.take() == 3
    pictures = files.snapshot()
    assert pictures is not None
    assert (pictures.step, pictures.layer) == (3, "conv2d")
    layer = session.model.get_layer("conv2d")
    np.testing.assert_array_equal(pictures.kernels, layer.kernel.numpy())
    np.testing.assert_array_equal(pictures.image, data.test.images[0])
    expected = layer(data.test.images[:1].astype(np.float32) / 255)[0]
    np.testing.assert_allclose(pictures.maps, expected, atol=1e-6)
    session.advance(1)
    assert camera.take() == 4
    assert files.snapshot().step == 4  # type: ignore[union-attr]
    assert not camera.due  # at most two a second


def test_a_network_without_a_convolution_has_no_pictures(plain_design: Design, data: Dataset) -> None:
    flat = plain_design.architecture.with_layers((Flatten(), Dense(units=8)))
    session = Session(plain_design.replace(architecture=flat), data)
    files = RunFiles("0123456789")
    assert Camera(session, files).take() is None
    assert files.snapshot() is None
