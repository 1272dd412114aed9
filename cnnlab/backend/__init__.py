"""Everything that needs TensorFlow: build, train, look inside, evaluate.

Importing this package does not import TensorFlow; the modules below it do. What a worker process can be asked
for stands in `TASKS`.
"""

from __future__ import annotations

import os

TASKS: dict[str, str] = {
    "train": "cnnlab.backend.train:train",
    "evaluate": "cnnlab.backend.evaluate:evaluate",
    "feature_maps": "cnnlab.backend.probe:feature_maps",
    "attribution": "cnnlab.backend.attribution:attribution",
    "excitation": "cnnlab.backend.excitation:excitation",
    "wanted_image": "cnnlab.backend.excitation:wanted_image",
    "edited_maps": "cnnlab.backend.surgery:edited_maps",
    "edited_accuracy": "cnnlab.backend.surgery:edited_accuracy",
    "microscope": "cnnlab.backend.microscope:microscope",
    "over_time": "cnnlab.backend.over_time:over_time",
    "export": "cnnlab.backend.export.task:export",
    "forecast": "cnnlab.backend.forecast:forecast",
    "rate_finder": "cnnlab.backend.rate_finder:rate_finder",
    "invariance": "cnnlab.backend.invariance:invariance",
    "projection": "cnnlab.backend.features:projection",
    "warm": "cnnlab.backend.warm:warm",
}
"""Name of each task and where its function is: "module:function"."""

# Both are read when TensorFlow and Keras are imported. Our loop and checkpoints are TensorFlow's; and what
# TensorFlow says about its build is no news for whoever reads a worker's log.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
