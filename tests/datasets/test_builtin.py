from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from cnnlab import datasets
from cnnlab.datasets.builtin import digits, shapes
from cnnlab.errors import DatasetUnavailable


def draw(labels: list[int], *, size: int = 32, difficulty: str = "default", seed: int = 0) -> np.ndarray:
    return shapes.draw(
        np.array(labels),
        size=size,
        difficulty=shapes.DIFFICULTIES[difficulty],
        rng=np.random.default_rng(seed),
    )


def test_digits_are_those_of_scikit_learn_on_the_scale_of_bytes() -> None:
    dataset, bunch = datasets.load("digits"), load_digits()
    np.testing.assert_array_equal(dataset.images[..., 0], np.rint(bunch.images * 255 / 16))
    np.testing.assert_array_equal(dataset.labels, bunch.target)
    assert dataset.images.max() == 255


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    with pytest.raises(DatasetUnavailable, match=r"which is not installed\. Install it with `pip install"):
        datasets.load("digits")


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_a_built_in_set_is_what_its_declaration_says(name: str) -> None:
    dataset = datasets.load(name)
    assert dataset.info == datasets.info(name)
    assert (dataset.name, dataset.class_names) == (name, dataset.info.class_names)
    assert dataset.origin == "built in"
    assert dataset.images.shape == (dataset.info.images, *dataset.image_shape)
    assert dataset.images.dtype == np.uint8
    assert dataset.labels.dtype == np.int64
    assert isinstance(dataset.images, np.memmap)
    assert set(np.unique(dataset.labels)) == set(range(dataset.classes))
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == len(dataset.images)
    assert not dataset.images.flags.writeable


def test_a_split_reads_its_images_and_labels_together() -> None:
    test = datasets.load("digits", seed=3).test
    bunch = load_digits()
    assert len(test) == 359
    np.testing.assert_array_equal(test.labels, bunch.target[test.indices])
    np.testing.assert_array_equal(test.images[..., 0], np.rint(bunch.images[test.indices] * 255 / 16))


def test_the_same_seed_draws_the_same_shapes() -> None:
    np.testing.assert_array_equal(draw([0, 5, 7]), draw([0, 5, 7]))
    assert (draw([0, 5, 7]) != draw([0, 5, 7], seed=1)).mean() > 0.9


@pytest.mark.parametrize("difficulty", list(shapes.DIFFICULTIES))
@pytest.mark.parametrize("size", [32, 64])
def test_shapes_are_colour_images_of_their_size(size: int, difficulty: str) -> None:
    images = draw(list(range(8)), size=size, difficulty=difficulty)
    assert images.shape == (8, size, size, 3)
    assert images.dtype == np.uint8
    assert images.std(axis=(1, 2)).max(axis=1).min() > 10  # no image is empty


def test_shapes_come_in_a_random_order_with_every_class_equally_often() -> None:
    labels = datasets.load("shapes").labels
    assert np.bincount(labels).tolist() == [shapes.IMAGES_PER_CLASS] * 8
    assert len(set(labels[:50])) == 8


def test_only_the_ring_has_a_hole() -> None:
    """Without noise, strokes and displacement the middle of the image is shape, but for the ring's hole."""
    plain = shapes.Difficulty(radius=(0.8, 0.8), contrast=0.4, noise=0, strokes=(0, 0), spread=0)
    images = shapes.draw(np.arange(8), size=64, difficulty=plain, rng=np.random.default_rng(0)).astype(int)
    for name, image in zip(shapes.CLASS_NAMES, images, strict=True):
        step = np.abs(image[32, 32] - image[0, 0]).max()
        assert (step < 40) == (name == "ring"), name


def test_white_and_black_come_out_of_oklch() -> None:
    grey = np.array([0.0, 1.0])
    np.testing.assert_allclose(
        shapes._srgb(grey, np.zeros(2), np.zeros(2)), [[0, 0, 0], [1, 1, 1]], atol=1e-3
    )
    red = shapes._srgb(np.array([0.62796]), np.array([0.25768]), np.array([29.234]))  # of CSS Color 4
    np.testing.assert_allclose(red, [[1, 0, 0]], atol=2e-3)


@pytest.mark.slow
def test_a_linear_classifier_stays_under_70_per_cent_on_shapes() -> None:
    dataset = datasets.load("shapes")
    flat = [part.images.reshape(len(part), -1) / 255 for part in (dataset.train, dataset.test)]
    model = LogisticRegression(C=0.01, max_iter=30, tol=1e-2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not quite converged changes nothing here
        model.fit(flat[0], dataset.train.labels)
    assert 0.1 < model.score(flat[1], dataset.test.labels) < 0.7
