"""Planes of points: PCA against scikit-learn's, t-SNE on clusters that are known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from cnnlab.backend.projection import neighbourhoods, principal
from cnnlab.errors import RunError


def cloud(count: int, width: int, seed: int = 0) -> np.ndarray:
    """Points off the origin that vary more in some directions than in others, `(count, width) float32`."""
    random = np.random.default_rng(seed)
    mixed = random.normal(size=(count, width)) * (1 + 9 * random.random(width))
    return (mixed @ random.normal(size=(width, width)) + 20).astype(np.float32)


@pytest.mark.parametrize(
    ("count", "width"),
    [(200, 5), (200, 150), (40, 300), (30, 30), (7, 2)],
    ids=["narrow", "tall", "wide", "square", "small"],
)
def test_principal_components_are_scikit_learn_s_signs_included(count: int, width: int) -> None:
    features = cloud(count, width)
    oracle = PCA(2, svd_solver="full")
    expected = oracle.fit_transform(features.astype(np.float64))
    scores, shares = principal(features, 2)
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(shares, oracle.explained_variance_ratio_, rtol=1e-6)


def test_the_order_of_the_values_and_a_shift_change_no_distance() -> None:
    features = cloud(50, 12)
    scores, shares = principal(features, 2)
    other, others = principal(features[:, ::-1] + 5, 2)
    np.testing.assert_allclose(np.abs(other), np.abs(scores), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(others, shares, rtol=1e-4)


@pytest.mark.parametrize("width", [1, 4, 400], ids=["one value", "narrow", "wide"])
def test_points_on_a_line_have_one_direction_and_nothing_beside_it(width: int) -> None:
    along = np.arange(60.0)[:, None]
    scores, shares = principal(along * np.linspace(1, 2, width), 3)
    np.testing.assert_allclose(shares, [1, 0, 0], atol=1e-9)
    length = np.linalg.norm(np.linspace(1, 2, width))
    np.testing.assert_allclose(scores[:, 0], (along[:, 0] - 29.5) * length, rtol=1e-9)
    assert not scores[:, 1:].any()


@pytest.mark.parametrize(("count", "width"), [(9, 3), (3, 9), (1, 4)])
def test_points_that_are_one_lie_in_the_middle(count: int, width: int) -> None:
    scores, shares = principal(np.full((count, width), 7, np.float32), 2)
    assert scores.shape == (count, 2)
    assert not scores.any()
    assert not shares.any()


def clusters(count: int = 40, width: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Two far clusters and which point is of which."""
    labels = np.arange(2 * count) % 2
    return np.random.default_rng(1).normal(size=(2 * count, width)) + 30.0 * labels[:, None], labels


def test_t_sne_keeps_two_far_clusters_apart() -> None:
    features, labels = clusters()
    points = neighbourhoods(features, seed=0)
    assert points.shape == (80, 2)
    beside = NearestNeighbors(n_neighbors=2).fit(points).kneighbors(points)[1][:, 1]
    assert (labels[beside] == labels).all()
    centres = np.stack([points[labels == k].mean(axis=0) for k in (0, 1)])
    closest = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    assert (closest == labels).all()


def test_t_sne_is_the_same_on_every_run() -> None:
    features, _ = clusters(count=15)
    np.testing.assert_array_equal(neighbourhoods(features, seed=3), neighbourhoods(features, seed=3))


@pytest.mark.parametrize("width", [1, 2, 200], ids=["one value", "two values", "wide"])
@pytest.mark.parametrize("count", [5, 20])
def test_t_sne_takes_few_images_and_any_width(count: int, width: int) -> None:
    points = neighbourhoods(cloud(count, width), seed=0)
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()
    assert np.ptp(points, axis=0).any()


def test_t_sne_of_images_that_are_all_alike_is_a_point() -> None:
    np.testing.assert_array_equal(neighbourhoods(np.ones((20, 6)), seed=0), np.zeros((20, 2)))


def test_too_few_images_for_t_sne_are_said_in_words() -> None:
    with pytest.raises(RunError, match=r"^t-SNE: expected 5 or more test images. Received 4. Choose PCA.$"):
        neighbourhoods(np.eye(4), seed=0)
