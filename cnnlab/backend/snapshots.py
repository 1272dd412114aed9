"""Kernels of the first convolution and the feature maps of one image, renewed while the network trains."""

from __future__ import annotations

import functools
import time

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend.pace import Ration
from cnnlab.backend.session import Session
from cnnlab.runs import RunFiles

SHARE = 0.015
"""Of the training's time."""
EVERY_SECONDS = 0.5
FIRST_SECONDS = 0.5


class Camera:
    """Takes the pictures of one training.

    Args:
        session: the training; its first test image is the one whose maps are shown.
        files: where the pictures go.
    """

    def __init__(self, session: Session, files: RunFiles) -> None:
        self._session, self._files = session, files
        self._ration = Ration(SHARE, EVERY_SECONDS, FIRST_SECONDS)
        layers = session.model.layers[1:] if len(session.data.test) else []
        self._layer = next((layer for layer in layers if _kernel(layer) is not None), None)

    @property
    def due(self) -> bool:
        """Whether it is time for a picture."""
        return self._ration.due

    def take(self) -> int | None:
        """Renew the run's pictures.

        Returns:
            The step that they show; None for a network without a convolution.
        """
        layer, session = self._layer, self._session
        kernels = None if layer is None else _kernel(layer)
        if layer is None or kernels is None:
            return None
        began = time.perf_counter()
        index = session.data.test.indices[:1]
        maps = self._first(session.images(index)[0], training=False)
        maps = tf.cast(maps[0], tf.float32).numpy()
        image = np.array(session.data.images[index[0]])
        self._files.write_snapshot(session.step, layer.name, kernels=kernels, maps=maps, image=image)
        self._ration.spent(time.perf_counter() - began)
        return session.step

    @functools.cached_property
    def _first(self) -> keras.Model:
        """The network up to the convolution, made when first used: the first step is waited for."""
        assert self._layer is not None
        return keras.Model(self._session.model.inputs, self._layer.output)


def _kernel(layer: keras.Layer) -> NDArray[np.float32] | None:
    """A convolution's kernels `(height, width, channels, kernels)`; None for another layer."""
    for name in ("kernel", "depthwise_kernel"):
        kernel = getattr(layer, name, None)
        if kernel is not None and len(kernel.shape) == 4:
            values: NDArray[np.float32] = kernel.numpy()
            return values
    return None
