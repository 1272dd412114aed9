"""Many values an image as two: the plane of largest variance, and t-SNE. NumPy and scikit-learn only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import RunError

FEWEST = 5
"""Images for t-SNE: fewer have no neighbourhoods to keep."""
PERPLEXITY = 30.0
"""Neighbours that t-SNE looks at about each image, scikit-learn's default; a third of all images at most."""
REDUCED = 50
"""Directions of largest variance that t-SNE starts from: the rest is mostly noise, and costs time."""
_NOTHING = 1e-12
"""A direction with a smaller share of the variance is rounding."""


class Components(NamedTuple):
    """Points on the directions of largest variance.

    Attributes:
        scores: `(n, count) float64`; 0 along directions that the points do not have.
        shares: `(count,) float64`, falling, 0–1: of the whole variance; all 0 where all points are one.
    """

    scores: NDArray[np.float64]
    shares: NDArray[np.float64]


def principal(features: NDArray[np.floating], count: int) -> Components:
    """Principal components, by the eigenvectors of the smaller of the two matrices of products.

    Those of XᵀX where there are fewer values than images, else those of XXᵀ (Bishop, Pattern Recognition and
    Machine Learning, 12.1.4). The sign is that of scikit-learn: each direction's largest loading is positive.

    Args:
        features: `(n, width)` of any float type, finite; n at least 1.
        count: how many components.

    Example:
        >>> principal(np.array([[0.0, 0], [3, 4], [6, 8]]), 2).scores[:, 0]
        array([-5.,  0.,  5.])
    """
    values = features.astype(np.float64)
    values -= values.mean(axis=0)
    total = float(np.square(values).sum())
    scores, shares = np.zeros((len(values), count)), np.zeros(count)
    if total == 0:
        return Components(scores, shares)
    wide = values.shape[1] > len(values)
    powers, vectors = np.linalg.eigh(values @ values.T if wide else values.T @ values)
    found = min(count, int((powers > _NOTHING * total).sum()))
    axes = vectors[:, ::-1][:, :found]
    if wide:
        axes = values.T @ axes
        axes /= np.linalg.norm(axes, axis=0)
    loadings = axes[np.abs(axes).argmax(axis=0), np.arange(found)]
    scores[:, :found] = values @ (axes * np.sign(loadings))
    shares[:found] = powers[::-1][:found] / total
    return Components(scores, shares)


def neighbourhoods(features: NDArray[np.floating], seed: int) -> NDArray[np.float64]:
    """t-SNE in the plane (van der Maaten and Hinton 2008), begun at the principal components.

    Args:
        features: `(n, width)` of any float type, finite.
        seed: of its random numbers; the same gives the same map on the same machine.

    Returns:
        `(n, 2)`; all 0 where all images have the same features.

    Raises:
        RunError: there are fewer than `FEWEST` images.
    """
    count = len(features)
    if count < FEWEST:
        raise RunError(f"t-SNE: expected {FEWEST} or more test images. Received {count}. Choose PCA.")
    reduced, shares = principal(features, REDUCED)
    if not shares.any():
        return np.zeros((count, 2))
    from sklearn.manifold import TSNE  # takes a second, which only this map needs

    perplexity = min(PERPLEXITY, (count - 1) / 3)
    layout = TSNE(2, perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed)
    return np.asarray(layout.fit_transform(reduced.astype(np.float32)), np.float64)
