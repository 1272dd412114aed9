"""Runs in the record that nobody trained: their curves, weights and answers are made up, and so known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab import api, datasets
from cnnlab.runs import Epoch, Payload, Started, Steps, Tested, get_store
from cnnlab.spec import presets
from cnnlab.spec.design import Design

OWNER = "a" * 32
OTHER = "b" * 32

STEPS_PER_EPOCH = 21
FIRST, LAST = STEPS_PER_EPOCH, 2 * STEPS_PER_EPOCH
"""Steps whose weights are kept: after the first epoch and after the second."""

MISTAKES: Mapping[tuple[int, int], int] = {(3, 8): 7, (9, 7): 4, (0, 6): 1}
"""(actual, predicted) → images that are called so after the last epoch; all others are right."""
FIRST_MISTAKES: Mapping[tuple[int, int], int] = {**MISTAKES, (1, 8): 20}
"""The same after the first epoch."""

CONFIDENT, DOUBTFUL = 0.91, 0.55
"""Probability of the predicted class, where it is right and where it is wrong."""

LOSSES = {FIRST: 0.456, LAST: 0.123}


def digits(epochs: int = 2) -> Design:
    """The preset `digits`, for two epochs."""
    design = presets.preset("digits").design
    return design.replace(training=design.training.replace(epochs=epochs))


def test_labels() -> NDArray[np.int64]:
    """Actual classes of the test images of `digits`, in order."""
    training = digits().training
    data = datasets.load("digits", seed=training.seed, validation_share=training.validation_share)
    return np.asarray(data.test.labels, np.int64)


test_labels.__test__ = False  # type: ignore[attr-defined]  # its name begins like a test's


def answers(mistakes: Mapping[tuple[int, int], int]) -> NDArray[np.float32]:
    """Probabilities, `(n, 10) float32`, that make exactly these mistakes on the test images of `digits`."""
    labels = test_labels()
    called = labels.copy()
    for (actual, predicted), count in mistakes.items():
        called[np.flatnonzero(labels == actual)[:count]] = predicted
    sure = np.where(called == labels, CONFIDENT, DOUBTFUL)
    table = np.repeat(((1 - sure) / 9)[:, None], 10, axis=1)
    table[np.arange(len(labels)), called] = sure
    return table.astype(np.float32)


def confusion(mistakes: Mapping[tuple[int, int], int] = MISTAKES) -> NDArray[np.int64]:
    """The confusion matrix of these mistakes, by counting them: rows actual, columns predicted."""
    matrix = np.diag(np.bincount(test_labels(), minlength=10))
    for (actual, predicted), count in mistakes.items():
        matrix[actual, actual] -= count
        matrix[actual, predicted] += count
    return matrix


def accuracy(mistakes: Mapping[tuple[int, int], int] = MISTAKES) -> float:
    """Share of the test images that are right."""
    return 1 - sum(mistakes.values()) / len(test_labels())


def queued(owner: str = OWNER, name: str | None = None, design: Design | None = None) -> api.Run:
    """A run that waits."""
    return api.Run(get_store().create_run(design or digits(), owner, name))


def running(owner: str = OWNER, **fields: Any) -> api.Run:
    """A run of which the record says that it trains, one epoch of two done."""
    run = queued(owner, **fields)
    store = get_store()
    store.set_status(run.id, "running", expect=("queued",))
    store.append(run.id, [_started(run.design), *_epoch(1)])
    _keep_weights(run, FIRST, 1.0)
    return api.get(run.id)


def ended(status: str, message: str | None = None, owner: str = OWNER, **fields: Any) -> api.Run:
    """A run that ended early, after its first epoch, with a message."""
    run = running(owner, **fields)
    get_store().set_status(run.id, status, message=message)
    return api.get(run.id)


def finished(owner: str = OWNER, **fields: Any) -> api.Run:
    """A run of two epochs with weights and answers after each."""
    run = running(owner, **fields)
    store = get_store()
    share = accuracy()
    _keep_weights(run, LAST, 2.0)
    store.append(run.id, [*_epoch(2), Tested(step=LAST, loss=LOSSES[LAST], accuracy=share)])
    for step, mistakes in ((FIRST, FIRST_MISTAKES), (LAST, MISTAKES)):
        store.files(run.id).write_evaluation(step, answers(mistakes), test_labels(), LOSSES[step])
    store.set_result(
        run.id, test_accuracy=share, test_loss=LOSSES[LAST], epochs_done=2, step=LAST, seconds=8.44
    )
    store.set_status(run.id, "finished")
    return api.get(run.id)


def _started(design: Design) -> Payload:
    return Started(
        step=0,
        total_steps=design.training.epochs * STEPS_PER_EPOCH,
        steps_per_epoch=STEPS_PER_EPOCH,
        epochs=design.training.epochs,
        batch_size=design.training.batch_size,
        train_images=1294,
    )


def _epoch(number: int) -> list[Payload]:
    first = (number - 1) * STEPS_PER_EPOCH + 1
    steps = np.arange(first, first + STEPS_PER_EPOCH)
    return [
        Steps(
            first_step=first,
            loss=2.3 / steps,
            accuracy=1 - 0.9 / steps,
            learning_rate=1e-3,
            images_per_second=5000.0,
        ),
        Epoch(
            epoch=number,
            step=int(steps[-1]),
            loss=1.0 / number,
            accuracy=1 - 0.2 / number,
            val_loss=1.1 / number,
            val_accuracy=1 - 0.3 / number,
            seconds=4.22,
            images_per_second=5000.0,
        ),
    ]


def _keep_weights(run: api.Run, step: int, epoch: float) -> None:
    draw = np.random.default_rng(step)
    weights = {
        f"{part.name}/{weight}": draw.normal(0, 0.1, shape).astype(np.float32)
        for row in run.design.architecture.trace().rows
        for part in row.primitives
        for weight, shape in part.weight_shapes.items()
    }
    get_store().files(run.id).write_weights(step, epoch, weights)
