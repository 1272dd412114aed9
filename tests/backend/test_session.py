"""A training as a state that moves."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from cnnlab.backend import checkpoint, scores
from cnnlab.backend.session import MAX_PREDICTION_BATCH, Session, prediction_batch
from cnnlab.datasets import Dataset
from cnnlab.errors import StorageError
from cnnlab.spec import presets
from cnnlab.spec.augmentation import Brightness, Cutout, Flip, Noise, Rotate
from cnnlab.spec.design import Design


def _run(session: Session, *counts: int) -> list[float]:
    losses: list[float] = []
    for count in counts:
        losses += session.advance(count).losses.tolist()
        if not session.batches_left:
            session.next_epoch()
    return losses


def _same(one: checkpoint.Arrays, two: checkpoint.Arrays) -> bool:
    return list(one) == list(two) and all(np.array_equal(one[name], two[name]) for name in one)


def test_steps_have_numbers_sizes_and_the_configuration_s_rates(session: Session) -> None:
    config = session.design.training
    batches = session.advance(5)
    assert (batches.first_step, batches.last_step, batches.images) == (1, 5, 5 * 64)
    assert batches.learning_rate == pytest.approx(config.learning_rate_at(4, 63, 21))
    rest = session.advance(1000)
    assert (rest.first_step, rest.last_step, rest.images) == (6, 21, len(session.data.train) - 5 * 64)
    assert session.batches_left == 0
    assert session.epochs_done == 1.0


def test_accuracy_of_the_smaller_last_batch_is_over_its_own_images(session: Session) -> None:
    batches = session.advance(21)
    sizes = [64] * 20 + [len(session.data.train) - 20 * 64]
    hits = batches.accuracies * sizes
    np.testing.assert_allclose(hits, hits.round(), atol=1e-9)
    assert hits.sum() / sum(sizes) == pytest.approx(session.epoch_scores().accuracy)


def test_epoch_scores_are_those_of_keras_fit(plain_design: Design, data: Dataset) -> None:
    session, theirs = Session(plain_design, data), Session(plain_design, data).model
    order = np.random.default_rng([plain_design.training.seed, 0]).permutation(data.train.indices)
    theirs.compile(
        keras.optimizers.Adam(plain_design.training.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    images = data.images[order].astype(np.float32) / 255
    history = theirs.fit(images, data.labels[order], batch_size=64, shuffle=False, verbose=0).history
    session.advance(1000)
    assert session.epoch_scores().loss == pytest.approx(history["loss"][0], rel=1e-4)
    assert session.epoch_scores().accuracy == pytest.approx(history["accuracy"][0], abs=2e-3)
    found = session.score(data.validation)
    val_images = data.validation.images.astype(np.float32) / 255
    expected = theirs.evaluate(val_images, data.validation.labels, verbose=0)
    assert found.loss == pytest.approx(expected[0], rel=1e-3)


def test_the_same_seed_gives_the_same_training_whatever_the_process_did_before(
    design: Design, data: Dataset
) -> None:
    first = Session(design, data)
    losses = _run(first, 21, 9)
    other = Session(design.replace(training=design.training.replace(seed=6)), data)
    assert _run(other, 21, 9) != losses
    keras.utils.set_random_seed(77)
    keras.utils.clear_session()
    second = Session(design, data)
    assert _run(second, 21, 9) == losses
    assert _same(first.state()[0], second.state()[0])


@pytest.mark.parametrize("at", [0, 4, 21, 26])
def test_going_on_from_a_state_equals_never_having_stopped(at: int, design: Design, data: Dataset) -> None:
    unbroken = Session(design, data)
    expected = _run(unbroken, 21, 21, 21)
    stopped = Session(design, data)
    losses = _run(stopped, *([21] * (at // 21)), *([at % 21] if at % 21 else []))
    resumed = Session(design, data)
    resumed.restore(*stopped.state())
    assert resumed.step == at
    while resumed.position.epoch < 3:
        losses += _run(resumed, 21)
    assert losses == expected
    arrays, position = resumed.state()
    assert _same(arrays, unbroken.state()[0])
    assert position == unbroken.state()[1]


def test_the_states_of_dropout_s_generators_are_kept(session: Session) -> None:
    generators = [
        f"model/{i}" for i, variable in enumerate(session.model.variables) if "seed" in variable.path
    ]
    assert len(generators) == 1
    before = session.state()[0]
    session.advance(1)
    assert (session.state()[0][generators[0]] != before[generators[0]]).any()


def test_epochs_have_orders_of_their_own(session: Session) -> None:
    first = session._epoch_order().numpy()
    session.next_epoch()
    second = session._epoch_order().numpy()
    assert sorted(first) == sorted(second) == sorted(session.data.train.indices)
    assert (first != second).any()


def test_a_state_of_another_network_is_refused_in_words(session: Session, plain_design: Design) -> None:
    other = Session(plain_design, session.data)
    kept = session.state()[0]
    with pytest.raises(StorageError, match=r"not this network's: expected \d+ arrays, found \d+"):
        session.restore(*other.state())
    wrong = dict(kept) | {"model/0": np.zeros((3, 3, 1, 5), np.float32)}
    with pytest.raises(StorageError, match=r"model/0 of shape \(3, 3, 1, 4\), found one of \(3, 3, 1, 5\)"):
        session.restore(wrong, session.state()[1])
    assert _same(session.state()[0], kept)


def test_weights_have_the_names_of_the_trace(session: Session) -> None:
    expected = {
        f"{row.name}/{name}": shape
        for row in session.design.architecture.trace().rows
        for name, shape in row.weight_shapes.items()
    }
    assert {name: values.shape for name, values in session.weights().items()} == expected


def test_prediction_batches_shrink_where_activations_are_large() -> None:
    assert prediction_batch(presets.preset("digits").design) == MAX_PREDICTION_BATCH
    assert 1 <= prediction_batch(presets.preset("tiny_vgg").design) < MAX_PREDICTION_BATCH


def test_a_changed_setting_is_part_of_the_state(design: Design, data: Dataset) -> None:
    stack = (Noise(stddev=0.2), Flip())
    design = design.replace(training=design.training.replace(augmentation=stack))
    unbroken = Session(design, data)
    plain = _run(Session(design, data), 21, 9)
    losses = _run(unbroken, 10)
    for name, value in (("learning_rate", 0.05), ("dropout", 0.6), ("augmentation", 0.0)):
        unbroken.set(name, value)
    losses += _run(unbroken, 5)
    resumed = Session(design, data)
    resumed.restore(*unbroken.state())
    assert resumed.settings == unbroken.settings
    assert resumed.settings["dropout"] == (0.6, 11)
    rest = _run(unbroken, 6, 9)
    assert _run(resumed, 2, 4, 9) == rest
    assert losses[:10] == plain[:10]
    assert losses[11] != plain[11]
    assert _same(resumed.state()[0], unbroken.state()[0])


def test_a_changed_rate_is_what_the_schedule_starts_from(session: Session) -> None:
    session.advance(3)
    session.set("learning_rate", 0.5)
    config = session.design.training.replace(learning_rate=0.5)
    assert session.advance(1).learning_rate == pytest.approx(config.learning_rate_at(3, 63, 21))


def test_augmentation_of_strength_0_is_none(plain_design: Design, data: Dataset) -> None:
    stack = (Cutout(side=0.5), Rotate(), Brightness())
    augmented = plain_design.replace(training=plain_design.training.replace(augmentation=stack))
    plain, off, on = Session(plain_design, data), Session(augmented, data), Session(augmented, data)
    off.set("augmentation", 0.0)
    expected = _run(plain, 3)
    np.testing.assert_allclose(_run(off, 3), expected, rtol=1e-4)
    assert not np.allclose(_run(on, 3), expected, rtol=1e-3)


def test_precision_and_recall_are_keras_s(plain_design: Design, data: Dataset) -> None:
    session = Session(plain_design, data)
    session.set("learning_rate", 0.02)
    _run(session, 21, 21)
    theirs = [keras.metrics.Precision(), keras.metrics.Recall()]

    def expected(logits: np.ndarray, labels: np.ndarray) -> list[float]:
        for metric in theirs:
            metric.reset_state()
            metric.update_state(keras.utils.to_categorical(labels, 10), keras.ops.softmax(logits))
        return [float(metric.result()) for metric in theirs]

    found = session.score(data.validation)
    values = expected(session.logits(data.validation), data.validation.labels)
    assert 0.3 < values[1] < values[0] < 1
    assert [found.precision, found.recall] == pytest.approx(values)

    frozen = plain_design.replace(training=plain_design.training.replace(learning_rate=1e-7, optimizer="SGD"))
    still = Session(frozen, data)  # steps so short that the weights are the same for all batches
    checkpoint.load_weights(still.model, session.weights())
    still.advance(1000)
    values = expected(still.logits(data.train), data.train.labels)
    assert [*still.epoch_scores()[2:]] == pytest.approx(values, abs=1e-3)


def test_without_a_sure_answer_precision_and_recall_are_0_as_keras_s() -> None:
    assert scores.precision_recall(np.zeros((4, 10), np.float32), np.zeros(4, np.int64)) == (0.0, 0.0)
