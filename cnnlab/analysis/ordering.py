"""Orders: of classes, so that confused ones are neighbours; of images, so that every one is come to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.metrics import normalise


def by_confusion(matrix: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the classes in an order that puts confused ones side by side, near the matrix's diagonal.

    Average-linkage clustering on 1 - (share of i called j + share of j called i) / 2, its leaves ordered so
    that neighbours are as alike as can be (Bar-Joseph, Gifford and Jaakkola, "Fast optimal leaf ordering for
    hierarchical clustering", 2001).

    Args:
        matrix: ``(classes, classes) int64``, rows actual, columns predicted.

    Returns:
        ``(classes,) int64``, a permutation; the classes' own order where nothing is confused.
    """
    classes = len(matrix)
    own = np.arange(classes, dtype=np.int64)
    shares = normalise(matrix, "rows")
    np.fill_diagonal(shares, 0)
    if classes < 3 or not shares.any():
        return own
    # Imported here: SciPy's clustering costs a good part of a second, and most pages never sort.
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    distances = squareform(1 - (shares + shares.T) / 2 - np.eye(classes), checks=False)
    order = np.asarray(leaves_list(optimal_leaf_ordering(linkage(distances, "average"), distances)), np.int64)
    # An order and its reverse are equally good: the one that keeps the first class before the last is shown.
    return order if order.tolist().index(0) < order.tolist().index(classes - 1) else order[::-1].copy()


def in_turn(candidates: npt.NDArray[np.int64], index: int) -> int:
    """Return the candidate behind this one in a shuffled order: asked again and again, it comes to every one.

    The order is the same for everybody; an image that is no candidate leads to the first of them, and where
    there is none it stays.

    Args:
        candidates: ``(n,) int64``, places of images, each once.
        index: the place that is looked at now.
    """
    order = np.random.default_rng(0).permutation(candidates)
    if not len(order):
        return index
    at = np.flatnonzero(order == index)
    return int(order[(at[0] + 1) % len(order)] if len(at) else order[0])
