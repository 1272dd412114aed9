"""Test images in a plane: the features of a Keras sub-model, of images drawn by lot."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.decomposition import PCA

from cnnlab import api
from cnnlab.api import features as asking
from cnnlab.backend import features as task
from cnnlab.backend.features import drawn, last_features, projection
from cnnlab.backend.load import model
from cnnlab.datasets import Dataset
from cnnlab.errors import RunError
from cnnlab.runs import RunRow

STEP = 21


def by_keras(run: RunRow, data: Dataset, images: np.ndarray) -> np.ndarray:
    """What the layer before the output makes of test images, by Keras's own prediction."""
    network = model(run.id, STEP)
    part = keras.Model(network.input, network.layers[-2].output)
    return part.predict(data.images[data.test.indices[images]].astype(np.float32) / 255, verbose=0)


def test_the_features_are_those_of_a_keras_sub_model(finished: RunRow, data: Dataset) -> None:
    images, features = last_features(finished.id, STEP, limit=10_000, seed=0)
    np.testing.assert_array_equal(images, np.arange(len(data.test)))
    assert (features.shape, features.dtype) == ((len(data.test), 16), np.float32)
    np.testing.assert_allclose(features, by_keras(finished, data, images), rtol=1e-5, atol=1e-6)


def test_images_drawn_by_lot_have_the_features_that_they_have_among_all(
    finished: RunRow, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "prediction_batch", lambda design: 7)  # several batches, the last one smaller
    images, features = last_features(finished.id, None, limit=30, seed=4)
    assert len(np.unique(images)) == 30
    assert (np.diff(images) > 0).all()
    np.testing.assert_allclose(features, by_keras(finished, data, images), rtol=1e-5, atol=1e-6)


def test_a_lot_is_the_same_for_the_same_seed() -> None:
    np.testing.assert_array_equal(drawn(500, 40, seed=1), drawn(500, 40, seed=1))
    assert set(drawn(500, 40, seed=1)) != set(drawn(500, 40, seed=2))
    np.testing.assert_array_equal(drawn(40, 40, seed=1), np.arange(40))
    assert drawn(500, 40, seed=1).max() < 500


def test_a_very_wide_layer_shows_fewer_images(finished: RunRow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "VALUES", 16 * 25 + 15)
    assert len(last_features(finished.id, STEP, limit=100, seed=0)[0]) == 25


def test_the_plane_is_that_of_the_features(finished: RunRow, data: Dataset) -> None:
    found = projection(finished.id, STEP, "PCA", limit=100, seed=0)
    oracle = PCA(2, svd_solver="full")
    expected = oracle.fit_transform(by_keras(finished, data, found["images"]).astype(np.float64))
    np.testing.assert_allclose(found["points"], expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found["shares"], oracle.explained_variance_ratio_, rtol=1e-4)
    assert found["width"] == 16
    assert found["points"].dtype == np.float32


def test_t_sne_lays_out_the_same_images_without_shares(finished: RunRow) -> None:
    found = projection(finished.id, STEP, "t-SNE", limit=60, seed=0)
    np.testing.assert_array_equal(
        found["images"], projection(finished.id, STEP, "PCA", limit=60, seed=0)["images"]
    )
    assert found["points"].shape == (60, 2)
    assert found["shares"] is None


def test_another_method_is_said_in_words(finished: RunRow) -> None:
    with pytest.raises(RunError, match=r"^Expected the method 'PCA' or 't-SNE'. Received 'UMAP'.$"):
        projection(finished.id, STEP, "UMAP", limit=60, seed=0)


def test_values_that_are_not_finite_are_said_in_words(
    finished: RunRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        task, "last_features", lambda *_: (np.arange(2), np.array([[1, np.nan], [2, 3]], np.float32))
    )
    with pytest.raises(RunError, match=r"Expected finite values .* Choose the weights of an earlier epoch.$"):
        projection(finished.id, STEP, "PCA", limit=60, seed=0)


def test_the_question_is_asked_with_time_for_the_layout(
    finished: RunRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Here:
        """Answers in this process."""

        def ask(self, name: str, /, timeout: float, **arguments: object) -> object:
            assert name == "projection"
            assert timeout > asking.LAYOUT_SECONDS
            return projection(**arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(asking, "get_engine", Here)
    found = asking.projection(api.get(finished.id), "PCA")
    assert (found.method, found.width) == ("PCA", 16)
    assert len(found.images) == len(found.points) == 359
    assert found.shares is not None
    with pytest.raises(RunError, match="no weights of step 7"):
        asking.projection(api.get(finished.id), step=7)
