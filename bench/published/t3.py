"""T3 · MNIST, low-level TensorFlow: the tutorial's network and training, in Keras."""

from __future__ import annotations

import keras
import numpy as np

from bench.published import script

BATCH_SIZE = 50
LEARNING_RATE = 1e-4
STDDEV = 0.03
"""Of the truncated normal distribution that the weights are drawn from."""


def compiled() -> keras.Model:
    """The model with its optimizer, loss and metrics."""

    def weights() -> keras.initializers.Initializer:
        return keras.initializers.TruncatedNormal(stddev=STDDEV)

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 5, padding="same", activation="relu", kernel_initializer=weights()),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 5, padding="same", activation="relu", kernel_initializer=weights()),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(1000, activation="relu", kernel_initializer=weights()),
            keras.layers.Dense(10, kernel_initializer=weights()),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss, metrics=["accuracy"])
    return model


def prepared(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels scaled to 0–1 with a channel axis, labels as they are."""
    return images.reshape(-1, 28, 28, 1).astype("float32") / 255, labels.ravel()


if __name__ == "__main__":
    script.run(compiled, prepared, BATCH_SIZE)
