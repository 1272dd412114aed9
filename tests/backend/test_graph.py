"""The compiled loop against plain Keras and NumPy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend import build, checkpoint, graph, scores
from cnnlab.datasets import Dataset
from cnnlab.spec.design import Design

BATCH = 64


def _order(data: Dataset) -> NDArray[np.int64]:
    return np.random.default_rng(0).permutation(data.train.indices)


def _steps(model: keras.Model, design: Design, data: Dataset) -> tuple[graph.TrainSteps, Any]:
    optimizer = build.optimizer(design.training)
    return graph.train_steps(model, optimizer, graph.resident(data.images, data.labels)), optimizer


def _batches(data: Dataset) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    order = _order(data)
    parts = [order[first : first + BATCH] for first in range(0, len(order), BATCH)]
    return [(data.images[part].astype(np.float32) / 255, data.labels[part]) for part in parts]


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD", "RMSprop", "Muon"])
def test_an_epoch_equals_a_plain_keras_loop(name: str, plain_design: Design, data: Dataset) -> None:
    design = plain_design.replace(training=plain_design.training.replace(optimizer=name))
    ours, theirs = (build.build(design.architecture, seed=1) for _ in range(2))
    batches = _batches(data)
    run, _ = _steps(ours, design, data)
    found = run(graph.order_of(_order(data)), 0, BATCH, np.full(len(batches), 3e-3, np.float32))
    theirs.compile(
        build.optimizer(design.training),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    expected = []
    for images, labels in batches:
        theirs.reset_metrics()
        expected.append(float(theirs.train_on_batch(images, labels)))
    np.testing.assert_allclose(found.losses, expected, rtol=1e-4, atol=1e-5)
    for one, two in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)


def test_losses_and_hits_are_those_of_the_weights_before_each_step(
    plain_design: Design, data: Dataset
) -> None:
    model = build.build(plain_design.architecture, seed=1)
    run, _ = _steps(model, plain_design, data)
    order = graph.order_of(_order(data))
    for i, (images, labels) in enumerate(_batches(data)):
        logits = np.array(model(images, training=False))
        found = run(order, i * BATCH, BATCH, np.full(1, 3e-3, np.float32))
        assert found.losses[0] == pytest.approx(scores.cross_entropy(logits, labels), rel=1e-4)
        assert found.correct[0] == (logits.argmax(-1) == labels).sum()
    assert len(labels) == len(data.train) % BATCH  # the last batch was a smaller one


def test_values_do_not_depend_on_how_the_steps_are_cut_into_calls(design: Design, data: Dataset) -> None:
    rates = np.linspace(1e-3, 5e-3, 12, dtype=np.float32)
    results = []
    for cuts in ([12], [1, 2, 9], [1] * 12):
        model = build.build(design.architecture, seed=1)
        run, optimizer = _steps(model, design, data)
        order, done, losses = graph.order_of(_order(data)), 0, []
        for count in cuts:
            losses += run(order, done * BATCH, BATCH, rates[done : done + count]).losses.tolist()
            done += count
        results.append((losses, checkpoint.state(model, optimizer)))
    (losses, state), *others = results
    for other_losses, other_state in others:
        assert other_losses == losses
        assert all(np.array_equal(other_state[name], state[name]) for name in state)


def test_each_step_has_its_own_learning_rate(plain_design: Design, data: Dataset) -> None:
    sgd = plain_design.replace(training=plain_design.training.replace(optimizer="SGD", momentum=0.0))
    model = build.build(sgd.architecture, seed=1)
    run, _ = _steps(model, sgd, data)
    before = model.get_weights()
    run(graph.order_of(_order(data)), 0, BATCH, np.array([0.0, 0.0], np.float32))
    assert all(np.array_equal(one, two) for one, two in zip(before, model.get_weights(), strict=True))
    run(graph.order_of(_order(data)), 0, BATCH, np.array([0.0, 0.1], np.float32))
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_it_stops_after_a_step_whose_loss_is_not_finite(plain_design: Design, data: Dataset) -> None:
    model = build.build(plain_design.architecture, seed=1)
    run, optimizer = _steps(model, plain_design, data)
    rates = np.array([1e-3, 1e30, 1e-3, 1e-3, 1e-3, 1e-3], np.float32)
    found = run(graph.order_of(_order(data)), 0, BATCH, rates)
    assert len(found.losses) == len(found.correct) < len(rates)
    assert np.isfinite(found.losses[:-1]).all()
    assert not np.isfinite(found.losses[-1])
    assert int(optimizer.iterations) == len(found.losses)


def test_nothing_is_traced_again(design: Design, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    batch = graph.batch
    monkeypatch.setattr(graph, "batch", lambda *arguments: calls.append(1) or batch(*arguments))
    model = build.build(design.architecture, seed=1)
    resident = graph.resident(data.images, data.labels)
    run = graph.train_steps(model, build.optimizer(design.training), resident)
    predict = graph.predictor(model, resident)
    order = graph.order_of(_order(data))
    run(order, 0, BATCH, np.full(1, 1e-3, np.float32))
    list(predict(data.test.indices, 100))
    traced = len(calls)
    run(order, 3 * BATCH, BATCH, np.full(5, 2e-3, np.float32))
    run(order[:-7], 3 * BATCH, 13, np.full(2, 2e-3, np.float32))
    list(predict(data.validation.indices, 31))
    assert len(calls) == traced


def test_predictions_are_those_of_keras(design: Design, data: Dataset) -> None:
    model = build.build(design.architecture, seed=1)
    predict = graph.predictor(model, graph.resident(data.images, data.labels))
    found = np.concatenate(list(predict(data.test.indices, 100)))
    expected = model.predict(data.test.images.astype(np.float32) / 255, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_images_in_a_file_and_in_memory_are_the_same(data: Dataset) -> None:
    assert isinstance(data.images, np.memmap)
    for images in (data.images, np.array(data.images), data.images[3:]):
        found = graph.resident(images, data.labels).images
        assert found.dtype == tf.uint8
        np.testing.assert_array_equal(found.numpy(), images)


def test_l1_and_l2_are_in_the_loss_and_the_gradient_as_in_keras_fit(
    plain_design: Design, data: Dataset
) -> None:
    def model() -> keras.Model:
        inputs = keras.Input((8, 8, 1))
        l1 = keras.regularizers.L1(0.02)
        convolved = keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer=l1)
        dense = keras.layers.Dense(10, kernel_regularizer=keras.regularizers.L2(0.05))
        return keras.Model(inputs, dense(keras.layers.Flatten()(convolved(inputs))))

    ours, theirs = model(), model()
    theirs.set_weights(ours.get_weights())
    run, _ = _steps(ours, plain_design, data)
    batches = _batches(data)
    found = run(graph.order_of(_order(data)), 0, BATCH, np.full(len(batches), 3e-3, np.float32))
    theirs.compile(
        build.optimizer(plain_design.training),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    losses: list[float] = []
    told = keras.callbacks.LambdaCallback(on_train_batch_end=lambda i, logs: losses.append(logs["loss"]))
    theirs.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0, callbacks=[told])
    sizes = np.array([len(part) for _, part in batches])
    means = np.cumsum(found.losses * sizes) / np.cumsum(sizes)  # fit tells the mean so far
    np.testing.assert_allclose(means, losses, rtol=1e-4)
    for one, two in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)
