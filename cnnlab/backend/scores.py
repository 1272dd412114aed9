"""Loss, accuracy and probabilities of logits, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SURE = 0.5
"""Above this probability Keras's precision and recall count a class as predicted."""


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Probabilities of logits along the last axis.

    Args:
        logits: `(…, classes)` of any float type.

    Returns:
        `(…, classes) float32`, 0–1; computed in float64.
    """
    return np.exp(_log_softmax(logits)).astype(np.float32)


def cross_entropy(logits: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """Mean over the images of -log p(true class), as Keras's sparse categorical cross-entropy from logits.

    Args:
        logits: `(n, classes)` of any float type.
        labels: `(n,) int64`.
    """
    return float(-_log_softmax(logits)[np.arange(len(labels)), labels].mean())


def accuracy(logits: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """Share of the images whose greatest logit is that of the true class.

    Args:
        logits: `(n, classes)` of any float type.
        labels: `(n,) int64`.
    """
    return float((logits.argmax(axis=-1) == labels).mean())


def precision_recall(logits: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Keras's `Precision` and `Recall` on the softmax: over all classes together, 0–1.

    A class counts as predicted where its probability is above 0.5: of some images none, of none two.

    Args:
        logits: `(n, classes)` of any float type.
        labels: `(n,) int64`.
    """
    sure = softmax(logits).max(axis=-1) > SURE
    surely_correct = int((sure & (logits.argmax(axis=-1) == labels)).sum())
    return surely_correct / max(1, int(sure.sum())), surely_correct / max(1, len(labels))


def _log_softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    values = logits.astype(np.float64)
    shifted = values - values.max(axis=-1, keepdims=True)  # exp() of a great logit would overflow
    log_softmax: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_softmax
