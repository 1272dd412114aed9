"""T1 · CIFAR-10, "Convolutional Neural Networks (CNN) with TensorFlow": the tutorial's own script."""

from __future__ import annotations

import keras
import numpy as np

from bench.published import script

BATCH_SIZE = 32


def compiled() -> keras.Model:
    """The model with its optimizer, loss and metrics."""
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    metrics = ["accuracy", keras.metrics.Precision(), keras.metrics.Recall()]
    model.compile("adam", "categorical_crossentropy", metrics=metrics)
    return model


def prepared(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels scaled to 0–1, labels one-hot."""
    return images.astype("float32") / 255, keras.utils.to_categorical(labels, 10)


if __name__ == "__main__":
    script.run(compiled, prepared, BATCH_SIZE)
