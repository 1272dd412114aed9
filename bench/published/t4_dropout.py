"""T4's first variant: dropout of 0.25 before the output."""

from __future__ import annotations

import keras

from bench.published import script, t4


def compiled() -> keras.Model:
    """The model with its optimizer, loss and metrics."""
    return t4.compiled(keras.layers.Dropout(0.25))


if __name__ == "__main__":
    script.run(compiled, t4.prepared, t4.BATCH_SIZE)
