"""Models, feature maps and evaluations of a run's weights, against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from cnnlab.backend import load
from cnnlab.backend.data import dataset_of
from cnnlab.backend.evaluate import evaluate
from cnnlab.backend.load import loaded, model
from cnnlab.backend.probe import feature_maps
from cnnlab.datasets import Dataset
from cnnlab.errors import RunError, RunNotFound, RunStateError, StorageError
from cnnlab.runs import RunFiles, RunRow, Store
from cnnlab.spec.design import Design


@pytest.fixture
def scaled(data: Dataset) -> np.ndarray:
    return data.test.images.astype(np.float32) / 255


def test_a_run_s_model_gives_the_logits_that_the_evaluation_was_made_of(
    finished: RunRow, scaled: np.ndarray
) -> None:
    logits = model(finished.id).predict(scaled, verbose=0)
    found = evaluate(finished.id)
    np.testing.assert_allclose(keras.ops.softmax(logits), found.probabilities, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("step", [0, 21, None])
def test_a_model_has_the_weights_of_the_step(finished: RunRow, files: RunFiles, step: int | None) -> None:
    expected = files.read_weights(21 if step is None else step)
    found = model(finished.id, step).get_weights()
    assert len(found) == len(expected)
    assert all(np.array_equal(one, two) for one, two in zip(found, expected.values(), strict=True))


@pytest.mark.parametrize("step", [0, 21])
def test_feature_maps_are_keras_s_own_intermediate_outputs(
    finished: RunRow, data: Dataset, scaled: np.ndarray, step: int
) -> None:
    whole = model(finished.id, step)
    for image in (0, 17, len(data.test) - 1):
        for row in finished.design.architecture.trace().rows:
            part = keras.Model(whole.input, whole.get_layer(row.name).output)
            expected = part.predict(scaled[image : image + 1], verbose=0)[0]
            found = feature_maps(finished.id, step, image, row.name)
            assert found["maps"].dtype == np.float32
            assert found["maps"].shape == row.output_shape
            np.testing.assert_allclose(found["maps"], expected, rtol=1e-5, atol=1e-6)
        logits = whole.predict(scaled[image : image + 1], verbose=0)[0]
        np.testing.assert_allclose(found["probabilities"], keras.ops.softmax(logits), rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(found["image"], data.test.images[image])
        assert found["label"] == data.test.labels[image]


def test_the_output_row_s_maps_are_the_logits(finished: RunRow, scaled: np.ndarray) -> None:
    found = feature_maps(finished.id, 21, 3, "dense_1")["maps"]
    np.testing.assert_allclose(found, model(finished.id).predict(scaled[3:4], verbose=0)[0], rtol=1e-5)


def test_an_evaluation_is_computed_once(
    finished: RunRow, files: RunFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate(finished.id, 0)
    assert files.read_evaluation(0) is not None
    monkeypatch.setattr("cnnlab.backend.evaluate.loaded", None)
    second = evaluate(finished.id, 0)
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
    assert (first.step, first.loss) == (second.step, second.loss) == (0, pytest.approx(2.3, abs=0.5))


def test_a_damaged_evaluation_is_computed_anew(finished: RunRow, files: RunFiles) -> None:
    first = evaluate(finished.id, 0)
    (path,) = files.folder.glob("evaluation-00000000-*.npz")
    path.write_bytes(path.read_bytes()[:-100])
    np.testing.assert_array_equal(evaluate(finished.id, 0).probabilities, first.probabilities)
    assert files.read_evaluation(0) is not None


def test_weights_of_another_network_are_said_with_their_run_and_step(
    finished: RunRow, files: RunFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunFiles, "read_weights", lambda *_: {"conv2d/kernel": np.zeros(3, np.float32)})
    message = rf"^Run {finished.id}, weights of step 21: The saved values are not this network's: expected"
    with pytest.raises(StorageError, match=message):
        model(finished.id, 21)


def test_an_evaluation_that_cannot_be_kept_is_answered_all_the_same(
    finished: RunRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(RunFiles, "write_evaluation", full)
    assert evaluate(finished.id, 0).probabilities.shape == (359, 10)


def test_few_models_are_kept_and_the_last_used_longest(
    finished: RunRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "KEPT_MODELS", 1)
    load._loaded.clear()
    first = loaded(finished.id, 0)
    assert loaded(finished.id, 0) is first
    assert loaded(finished.id, None) is loaded(finished.id, 21)
    assert [key[1:] for key in load._loaded] == [(finished.id, 21)]
    assert loaded(finished.id, 0) is not first


@pytest.mark.parametrize("question", [model, evaluate, lambda *at: feature_maps(*at, 0, "conv2d")])
def test_what_is_not_there_is_said_in_words(question, finished: RunRow, store: Store, design: Design) -> None:
    with pytest.raises(RunNotFound):
        question("0123456789", 21)
    with pytest.raises(RunStateError, match=r"keeps no weights of step 20. Kept are those of 0, 21."):
        question(finished.id, 20)
    queued = store.create_run(design, owner="ada")
    with pytest.raises(RunStateError, match=r"has no weights yet. Train it first."):
        question(queued.id, None)


def test_pixels_are_answered_as_the_test_image_that_they_are(finished: RunRow, data: Dataset) -> None:
    pixels = np.array(data.test.images[17])
    by_place = feature_maps(finished.id, 21, 17, "conv2d")
    given = feature_maps(finished.id, 21, pixels, "conv2d")
    np.testing.assert_array_equal(given["maps"], by_place["maps"])
    np.testing.assert_array_equal(given["probabilities"], by_place["probabilities"])
    assert given["label"] is None


@pytest.mark.parametrize("pixels", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 1), np.float32)])
def test_pixels_of_another_shape_or_kind_are_said_in_words(finished: RunRow, pixels: np.ndarray) -> None:
    with pytest.raises(RunError, match=r"The network takes images of \(8, 8, 1\), uint8. Received"):
        feature_maps(finished.id, 21, pixels, "conv2d")


def test_unknown_images_and_layers_are_said_in_words(finished: RunRow) -> None:
    with pytest.raises(RunError, match=r"The test set has images 0 to 358. Received 359."):
        feature_maps(finished.id, 21, 359, "conv2d")
    with pytest.raises(
        RunError, match=r"no layer 'conv2d_7'. It has conv2d, max_pooling2d, flatten, dropout"
    ):
        feature_maps(finished.id, 21, 0, "conv2d_7")


def test_an_open_data_set_is_opened_once(design: Design) -> None:
    assert dataset_of(design) is dataset_of(design)
