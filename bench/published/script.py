"""What the published scripts share: the arrays they read, a clock beside `fit`, the line they print last."""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np


class Clock(keras.callbacks.Callback):
    """Notes when each epoch ended and what the test accuracy then was.

    Attributes:
        epochs: one entry an epoch: `seconds` from the start, validation included, and test `accuracy`.
        training_seconds: time of each epoch's training steps alone.
    """

    def __init__(self, until: float) -> None:
        super().__init__()
        self.epochs: list[dict[str, float]] = []
        self.training_seconds: list[float] = []
        self._until = until
        self._begin = self._epoch_begin = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """The training steps begin."""
        self._epoch_begin = time.perf_counter()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """The training steps of an epoch are over, its validation begins."""
        self.training_seconds.append(time.perf_counter() - self._epoch_begin)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """The validation is over; the training, too, once the test accuracy is high enough."""
        accuracy = round((logs or {})["val_accuracy"], 6)  # Keras computes it in float32
        self.epochs.append({"seconds": time.perf_counter() - self._begin, "accuracy": accuracy})
        if accuracy >= self._until:
            self.model.stop_training = True


def run(
    compiled: Callable[[], keras.Model],
    prepared: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    batch_size: int,
) -> None:
    """Train as the command line says, and print what came of it as one line of JSON.

    Args:
        compiled: builds the model and compiles it.
        prepared: makes of images `(n, height, width[, channels]) uint8` and labels `(n,) or (n, 1)` what the
            model takes.
        batch_size: images a step.
    """
    options = _options()
    with np.load(options.data) as arrays:
        train = prepared(arrays["x_train"], arrays["y_train"])
        test = prepared(arrays["x_test"], arrays["y_test"])
    # Keras draws initial weights from these two. TensorFlow's own seed stays unset, as in the tutorials: once
    # it is set, `fit` shows the images in the same order in every epoch, and the accuracy is 2 % lower.
    random.seed(options.seed)
    np.random.seed(options.seed)  # noqa: NPY002
    clock = Clock(options.until)
    model = compiled()
    model.fit(
        *train,
        batch_size=batch_size,
        epochs=options.epochs,
        validation_data=test,
        callbacks=[clock],
        verbose=0,
    )
    print(json.dumps(_outcome(model, clock, len(train[0]))))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, help="npz with x_train, y_train, x_test, y_test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--until", type=float, default=2.0, help="test accuracy after which it may end")
    return parser.parse_args()


def _outcome(model: keras.Model, clock: Clock, images: int) -> dict[str, Any]:
    warm = clock.training_seconds[1:] or clock.training_seconds  # the first epoch compiles, too
    return {
        "parameters": model.count_params(),
        "epochs": clock.epochs,
        "images_per_second": images * len(warm) / sum(warm),
    }
