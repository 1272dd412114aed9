"""How each layer does while it trains: dead and saturated units, the size of gradients and updates."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend import graph
from cnnlab.backend.pace import Ration
from cnnlab.backend.session import Session
from cnnlab.runs import Health, LayerHealth

SHARE = 0.012
"""Of the training's time."""
EVERY_SECONDS = 2.0
FIRST_SECONDS = 2.0
MOST_IMAGES = 64
"""Of a batch; more hardly change the shares, and cost as much as the steps that they are to explain."""
FIRST_COST_SECONDS, FIRST_COST_STEPS = 0.05, 1.5
"""What the first look is taken to cost: it is the slowest one, and must not weigh on a short training."""

RECTIFIERS = ("relu", "relu6")
FLAT_ENDS = {"sigmoid": (0.02, 0.98), "hard_sigmoid": (0.0, 1.0), "tanh": (-0.96, 0.96)}
"""Activations with two flat ends, and the outputs from which on they are flat: there the slope is under a
tenth of the steepest one's."""

Values = list[NDArray[np.float32]]


class Examiner:
    """Looks at a session's layers now and then. What the training computes does not depend on it.

    Args:
        session: the training.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ration = Ration(SHARE, EVERY_SECONDS, FIRST_SECONDS)
        self._began, self._looked = time.monotonic(), False
        layers = session.model.layers[1:]
        self._layers = [layer for layer in layers if layer.trainable_variables or _activation(layer)]

    @property
    def due(self) -> bool:
        """Whether it is time for another look."""
        return self._ration.due and (self._looked or self._affordable)

    @property
    def _affordable(self) -> bool:
        position = self._session.position
        step = position.seconds / max(1, position.batch)
        elapsed = time.monotonic() - self._began
        return SHARE * elapsed >= FIRST_COST_SECONDS + FIRST_COST_STEPS * step

    def begin(self) -> Examination:
        """Look at the batch of the next step; one step is to be made then, and the look finished."""
        self._looked = True
        return Examination(self._session, self._layers, self._every_output, self._ration)

    @functools.cached_property
    def _every_output(self) -> keras.Model:
        """Made when first used: the training's first step is waited for."""
        model = self._session.model
        return keras.Model(model.inputs, [*(layer.output for layer in self._layers), *model.outputs])


class Examination:
    """One look: at outputs and gradients before a step, and at what the step did to the weights.

    The gradient is that of the batch without augmentation. With dropout the values are those of a step.
    """

    def __init__(
        self, session: Session, layers: Sequence[keras.Layer], every_output: keras.Model, ration: Ration
    ) -> None:
        began = time.perf_counter()
        self._session, self._layers, self._ration = session, layers, ration
        # The look must leave no trace: moving averages and random generators are put back.
        others = [(variable, variable.numpy()) for variable in session.model.non_trainable_variables]
        images, labels = session.images(session.next_batch(MOST_IMAGES))
        with tf.GradientTape() as tape:
            *outputs, logits = every_output(images, training=True)
            loss = graph.objective(session.model, logits, labels)
        gradients = tape.gradient(loss, [layer.trainable_variables for layer in layers])
        for variable, value in others:
            variable.assign(value)
        self._shares = [_shares(layer, output) for layer, output in zip(layers, outputs, strict=True)]
        self._gradients = [_norm(values) for values in gradients]
        self._before = [_values(layer) for layer in layers]
        self._seconds = time.perf_counter() - began

    def finish(self) -> Health:
        """What was seen, the step's update with it."""
        began = time.perf_counter()
        told = []
        for layer, shares, gradient, before in zip(
            self._layers, self._shares, self._gradients, self._before, strict=True
        ):
            dead, saturated = shares
            after = _values(layer)
            weights = _norm(before)
            update = _norm([one - two for one, two in zip(after, before, strict=True)])
            told.append(
                LayerHealth(
                    name=layer.name,
                    dead=dead,
                    saturated=saturated,
                    gradient=gradient / weights if weights else None,
                    update=update / weights if weights else None,
                )
            )
        self._ration.spent(self._seconds + time.perf_counter() - began)
        return Health(step=self._session.step, layers=tuple(told))


def _activation(layer: keras.Layer) -> str:
    """The name of a layer's activation where it can be dead or saturated; else an empty text."""
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    if isinstance(layer, keras.layers.ReLU):
        name = "relu"
    return name if name in RECTIFIERS or name in FLAT_ENDS else ""


def _shares(layer: keras.Layer, output: tf.Tensor) -> tuple[float | None, float | None]:
    """Share of dead units (channels of a map, values of a vector), and share of saturated outputs."""
    name = _activation(layer)
    values = tf.cast(output, tf.float32).numpy()
    if name in RECTIFIERS:
        return float((values.reshape(-1, values.shape[-1]).max(axis=0) <= 0).mean()), None
    if name in FLAT_ENDS:
        low, high = FLAT_ENDS[name]
        return None, float(((values <= low) | (values >= high)).mean())
    return None, None


def _values(layer: keras.Layer) -> Values:
    return [variable.numpy() for variable in layer.trainable_variables]


def _norm(values: Sequence[object]) -> float:
    """Euclidean length of all the values together; a ratio of two such lengths is that of the RMS."""
    return float(np.sqrt(sum(float(np.square(np.asarray(part, np.float64)).sum()) for part in values)))
