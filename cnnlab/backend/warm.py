"""The task "warm": do everything once that is slow the first time in a process."""

from __future__ import annotations

import numpy as np

from cnnlab.backend import build, graph
from cnnlab.spec import presets


def warm() -> None:
    """Build, train and ask the default preset's network with two blank images.

    TensorFlow and Keras load and initialise much on first use: a training's first step then comes about half
    a second sooner. Nothing stays behind.
    """
    design = presets.preset(presets.DEFAULT).design
    shape = design.architecture.input_shape
    data = graph.resident(np.zeros((2, *shape), np.uint8), np.zeros(2, np.int64))
    model = build.build(design.architecture, seed=0)
    steps = graph.train_steps(model, build.optimizer(design.training), data)
    steps(graph.order_of(np.arange(2)), 0, 2, np.zeros(1, np.float32))
    list(graph.predictor(model, data)(np.arange(2), 2))
