"""What is said of a map, on points that are made up."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from cnnlab.analysis.projection import by_chance, map_words, nearest, neighbours

GRID = np.array([[0.0, 0], [1, 0], [0, 1.5], [10, 10], [11, 10], [10, 12]])
"""Two far triangles: 0 and 1, and 3 and 4, are each other's nearest; 2 is next to 0, 5 to 3."""


@pytest.mark.parametrize("count", [2, 255, 256, 257, 600])
def test_the_nearest_point_is_scikit_learn_s(count: int) -> None:
    points = np.random.default_rng(count).normal(size=(count, 2)).astype(np.float32)
    oracle = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(points.astype(np.float64))
    np.testing.assert_array_equal(nearest(points), oracle.kneighbors()[1][:, 0])


def test_points_on_each_other_are_neighbours_of_each_other() -> None:
    np.testing.assert_array_equal(nearest(np.array([[5.0, 5], [0, 0], [5, 5]])), [2, 0, 0])


def test_one_point_has_no_nearest() -> None:
    with pytest.raises(ValueError, match=r"^nearest: expected 2 or more points. Received 1.$"):
        nearest(np.zeros((1, 2)))


def test_neighbours_come_in_order_without_the_point_itself() -> None:
    np.testing.assert_array_equal(neighbours(GRID, 0, 3), [1, 2, 3])
    np.testing.assert_array_equal(neighbours(GRID, 4, 10), [3, 5, 2, 1, 0])
    np.testing.assert_array_equal(neighbours(GRID[:1], 0, 6), [])


def test_by_chance_is_the_share_of_pairs_of_one_class() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    pairs = [labels[i] == labels[j] for i in range(6) for j in range(6) if i != j]
    assert by_chance(labels) == pytest.approx(np.mean(pairs))


NEAR = (
    "Of 100 images **{}** have an image of their own class as nearest neighbour here; by chance it would "
    "be {}."
)


@pytest.mark.parametrize(
    ("labels", "called", "shares", "said"),
    [
        (
            (0, 0, 0, 1, 1, 1),
            (0, 0, 0, 1, 1, 1),
            (0.6, 0.26),
            "The two directions hold **86%** of the variance of the images' 64 values (60% to the right, 26% "
            "upwards). " + NEAR.format(100, 40),
        ),
        ((0, 0, 0, 1, 1, 1), (0, 0, 0, 1, 1, 1), None, NEAR.format(100, 40)),
        # 2 lies next to 0, of class 0, and is called so; 4 is called 2, but lies next to a 1.
        (
            (0, 0, 1, 1, 1, 1),
            (0, 0, 0, 1, 2, 1),
            None,
            NEAR.format(83, 47)
            + " Wrong answers that lie next to an image of the class that they are called: **1** of 2.",
        ),
        ((0, 1, 2, 3, 4, 5), (0, 1, 2, 3, 4, 5), None, NEAR.format(0, 0)),
    ],
    ids=["PCA", "t-SNE", "mistakes", "all different"],
)
def test_the_map_is_put_into_words(
    labels: tuple[int, ...], called: tuple[int, ...], shares: tuple[float, float] | None, said: str
) -> None:
    assert map_words(GRID, np.array(labels), np.array(called), shares=shares, width=64) == said


def test_nearly_all_is_not_all() -> None:
    points = np.stack([np.repeat(np.arange(250.0), 2), np.tile([0, 0.1], 250)], axis=1)
    labels = np.repeat(np.arange(250), 2)
    labels[1] = 249
    said = map_words(points, labels, labels, shares=(0.995, 0.001), width=9)
    assert said.startswith("The two directions hold **>99%** of")
    assert "(>99% to the right, <1% upwards)" in said
    assert NEAR.format(99, 1) in said


def test_images_that_are_all_alike_are_said_so() -> None:
    labels = np.array([0, 1, 0, 1])
    said = map_words(np.zeros((4, 2)), labels, labels, shares=(0.0, 0.0), width=1024)
    assert said == "All images have the same 1,024 values: the network tells none of them from another."
