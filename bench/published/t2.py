"""T2 · Fashion-MNIST, "theory and code": the tutorial's own script."""

from __future__ import annotations

import keras
import numpy as np

from bench.published import script

BATCH_SIZE = 32


def compiled() -> keras.Model:
    """The model with its optimizer, loss and metrics."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def prepared(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels scaled to 0–1 with a channel axis, labels as they are."""
    return images.reshape(-1, 28, 28, 1).astype("float32") / 255, labels.ravel()


if __name__ == "__main__":
    script.run(compiled, prepared, BATCH_SIZE)
