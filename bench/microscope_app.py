"""An app of one page: the microscope over a made-up convolution, its size in the address."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab.api.microscope import Magnified, Step
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import Conv2D, Flatten
from cnnlab.spec.places import places
from cnnlab.ui.components.microscope import microscope

side, channels = int(st.query_params.get("side", "28")), int(st.query_params.get("channels", "32"))
draw = np.random.default_rng(side)
network = Architecture(
    input_shape=(side, side, 1),
    classes=2,
    layers=(Conv2D(filters=channels, padding="same"), Conv2D(filters=1, padding="same"), Flatten()),
)
magnified = Magnified(
    operation="convolution",
    channel=0,
    image=draw.integers(0, 256, (side, side, 1)).astype(np.uint8),
    input=draw.normal(size=(side, side, channels)).astype(np.float32),
    input_channel=0,
    kernel=draw.normal(size=(3, 3, channels)).astype(np.float32),
    window={"rows": 3, "columns": 3, "stride": 1, "padding": "same", "dilation": 1},
    steps=(Step("conv2d_1", "bias", {"bias": 0.1}), Step("conv2d_1", "activation", function="relu")),
    outputs={"conv2d_1": draw.normal(size=(side, side)).astype(np.float32)},
    logits=None,
)
microscope(magnified, places(network)["conv2d_1"], key="microscope")
