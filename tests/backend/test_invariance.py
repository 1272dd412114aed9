"""A sweep's answers: those of the model, and flat for a network that cannot see where things are."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab.analysis.invariance import amounts, transformed
from cnnlab.backend import invariance as task
from cnnlab.backend.invariance import invariance
from cnnlab.backend.load import model
from cnnlab.datasets import Dataset
from cnnlab.errors import RunError
from cnnlab.runs import RunRow
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Conv2D, GlobalAveragePooling2D
from tests.backend.conftest import TrainRun


def sweep(image: np.ndarray, kind: str, edge: str) -> np.ndarray:
    return np.stack([transformed(image, kind, amount, edge) for amount in amounts(kind, image.shape)])


def test_the_answers_are_the_model_s(finished: RunRow, data: Dataset) -> None:
    images = sweep(np.array(data.test.images[3]), "turn", "black")
    found = invariance(finished.id, 21, images)["probabilities"]
    logits = model(finished.id, 21).predict(images.astype(np.float32) / 255, verbose=0)
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(found, expected / expected.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-6)


def test_a_large_network_answers_in_several_batches(
    finished: RunRow, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = sweep(np.array(data.test.images[3]), "right", "black")
    whole = invariance(finished.id, 21, images)["probabilities"]
    monkeypatch.setattr(task, "ACTIVATION_BYTES", 1)
    np.testing.assert_allclose(invariance(finished.id, 21, images)["probabilities"], whole, rtol=1e-5)


@pytest.mark.parametrize(
    "images",
    [np.zeros((0, 8, 8, 1), np.uint8), np.zeros((8, 8, 1), np.uint8), np.zeros((2, 8, 8, 1), np.float32)],
    ids=["none", "single", "float"],
)
def test_other_images_are_said_in_words(images: np.ndarray, finished: RunRow) -> None:
    with pytest.raises(RunError, match=r"takes one or more images of \(8, 8, 1\), uint8. Received"):
        invariance(finished.id, 21, images)


@pytest.fixture
def averaging(design: Design, train_run: TrainRun) -> RunRow:
    """A network that sees what is in the image but not where: 3×3 kernels, then the mean of each map."""
    layers = (Conv2D(filters=4, padding="same"), GlobalAveragePooling2D())
    return train_run(
        design.replace(
            architecture=design.architecture.with_layers(layers),
            training=design.training.replace(epochs=1),
        )
    )


@pytest.mark.parametrize("kind", ["right", "down"])
def test_a_network_that_averages_its_maps_is_invariant_to_shifts(
    averaging: RunRow, design: Design, train_run: TrainRun, kind: str
) -> None:
    image = np.zeros((8, 8, 1), np.uint8)
    image[3:5, 3:5, 0] = [[250, 40], [90, 200]]  # small enough to stay inside, with what the kernels reach
    shifted = sweep(image, kind, "black")[1:-1]
    curve = invariance(averaging.id, None, shifted)["probabilities"]
    np.testing.assert_allclose(curve, np.broadcast_to(curve[2], curve.shape), atol=1e-6)
    # The same curve of a network with Flatten is not flat: the test can fail.
    flat = train_run(design.replace(training=design.training.replace(epochs=1)))
    other = invariance(flat.id, None, shifted)["probabilities"]
    assert np.ptp(other, axis=0).max() > 1e-3


def test_pixels_that_come_in_at_the_other_side_are_no_new_ones(design: Design, train_run: TrainRun) -> None:
    layers = (Conv2D(filters=4, kernel_size=1), GlobalAveragePooling2D())
    run = train_run(
        design.replace(
            architecture=design.architecture.with_layers(layers),
            training=design.training.replace(epochs=1),
        )
    )
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 1), np.uint8)
    curve = invariance(run.id, None, sweep(image, "right", "around"))["probabilities"]
    np.testing.assert_allclose(curve, np.broadcast_to(curve[0], curve.shape), atol=1e-6)
