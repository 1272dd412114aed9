"""Seeded, stratified splits: the same seed gives the same images, on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cnnlab.datasets.dataset import Indices, Labels
from cnnlab.errors import DatasetError

TEST_SHARE = 0.2
"""Share of the images that is kept for testing where a set has no test images of its own."""

MAX_VALIDATION_SHARE = 0.5
"""More than half of the training part for validation leaves too little to learn from."""

_TEST_STREAM, _VALIDATION_STREAM = 0, 1


class Parts(NamedTuple):
    """Indices of the three parts, each (n,) int64 and ascending."""

    train: Indices
    validation: Indices
    test: Indices


def split(
    labels: Labels, *, test_count: int, seed: int, validation_share: float, every_class: bool = False
) -> Parts:
    """Divide a data set into training, validation and test images.

    The test part depends on the seed alone, so that runs with another validation share stay comparable. A
    set's own test images stay its test part whatever the seed.

    Args:
        labels: (n,) int64, label of every image.
        test_count: the last so many images are the set's own test part; 0 draws one of `TEST_SHARE`.
        seed: non-negative integer.
        validation_share: share of the training part that is held back, 0 to `MAX_VALIDATION_SHARE`.
        every_class: whether each class gives at least one image to the test part, and to the validation part
            where one is left to learn from: for sets of a few images, whose shares round to none.

    Raises:
        DatasetError: the seed or the share cannot be used.
    """
    _check(seed, validation_share)
    everything = np.arange(len(labels), dtype=np.int64)
    if test_count:
        rest, test = everything[:-test_count], everything[-test_count:]
    else:
        rest, test = stratified(everything, labels, TEST_SHARE, [seed, _TEST_STREAM], every_class=every_class)
    train, validation = stratified(
        rest,
        labels,
        validation_share,
        [seed, _VALIDATION_STREAM],
        every_class=every_class and validation_share > 0,
    )
    return Parts(train, validation, test)


def stratified(
    indices: Indices, labels: Labels, share: float, seed: Sequence[int], *, every_class: bool = False
) -> tuple[Indices, Indices]:
    """Take a share of every class.

    Args:
        indices: (n,) int64, the images to choose from.
        labels: label of every image of the data set, int64; indexed by `indices`.
        share: from 0 to 1; the number taken is the nearest whole number to `share · n`.
        seed: of `numpy.random.default_rng`.
        every_class: whether at least one is taken of each class of two or more.

    Returns:
        What is kept and what is taken, each ascending.
    """
    rng = np.random.default_rng(seed)
    own = np.asarray(labels)[indices]
    classes, counts = np.unique(own, return_counts=True)
    quotas = _quotas(counts, share)
    if every_class:
        quotas = np.maximum(quotas, np.where(counts > 1, 1, 0))
    taken = [
        rng.permutation(indices[own == label])[:quota] for label, quota in zip(classes, quotas, strict=True)
    ]
    chosen = np.sort(np.concatenate(taken)) if taken else indices[:0]
    return np.setdiff1d(indices, chosen, assume_unique=True), chosen


def _quotas(counts: Indices, share: float) -> Indices:
    """How many to take of each class, by largest remainder, so that the total is the nearest whole number."""
    exact = counts * share
    quotas = np.floor(exact).astype(np.int64)
    missing = round(float(exact.sum())) - int(quotas.sum())
    quotas[np.argsort(quotas - exact, kind="stable")[:missing]] += 1
    return quotas


def _check(seed: int, validation_share: float) -> None:
    if seed < 0:
        raise DatasetError(f"Split of a data set: expected a seed from 0 up. Received {seed!r}.")
    if not 0 <= validation_share <= MAX_VALIDATION_SHARE:  # NaN fails this, too
        raise DatasetError(
            f"Split of a data set: expected a validation share from 0 to {MAX_VALIDATION_SHARE}. "
            f"Received {validation_share!r}."
        )
