"""T4 · CIFAR-10, notebook: the tutorial's own script, and its two variants."""

from __future__ import annotations

import keras
import numpy as np

from bench.published import script

BATCH_SIZE = 32


def compiled(*before_the_output: keras.layers.Layer) -> keras.Model:
    """The model with its optimizer, loss and metrics; a variant has another layer before the output."""
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2, strides=2),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2, strides=2),
            keras.layers.Flatten(),
            keras.layers.Dense(200, activation="relu"),
            keras.layers.Dense(200, activation="relu"),
            *before_the_output,
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    # The tutorial's own mistake: the output is a softmax already. Keras notices, and takes its input instead.
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def prepared(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels scaled to 0–1, labels as they are."""
    return images.astype("float32") / 255, labels.ravel()


if __name__ == "__main__":
    script.run(compiled, prepared, BATCH_SIZE)
