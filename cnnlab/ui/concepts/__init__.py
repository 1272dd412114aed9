"""The concept cards of the Convolution page: an idea and its numbers each, a file a card.

Their titles stand here, where Home can list them without importing what draws them.
"""

from __future__ import annotations

TITLES = {
    "weights": "Shared weights",
    "stride": "Stride and padding",
    "shifts": "Pooling and shifts",
    "flatten": "Flatten",
    "dropout": "Dropout",
    "normalisation": "Batch normalisation",
    "softmax": "Softmax and loss",
}
"""Name in the address (`?card=stride`) → title of the card."""
