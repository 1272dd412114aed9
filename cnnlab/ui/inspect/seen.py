"""What the Inspect page looks at: handed to each of its tabs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab import api
from cnnlab.datasets import Dataset
from cnnlab.spec.architecture import Row


@dataclass(frozen=True, eq=False)
class Seen:
    """An image, a layer, and what the layer makes of the image.

    Attributes:
        run: The run.
        step: Of its weights.
        data: The data set with the split of the run.
        image: Place among the test images, or pixels of the network's input shape, uint8, 0–255.
        row: The layer's row in the trace; inside a block, the part that was chosen.
        answer: The layer's output for the image, and the network's.
    """

    run: api.Run
    step: int
    data: Dataset
    image: int | npt.NDArray[np.uint8]
    row: Row
    answer: api.FeatureMaps

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """The weights of the layer alone, by "layer/weight", such as "conv2d/kernel"."""
        return _weights(self.run.id, self.step, self.row.name, self.run)


@st.cache_data(max_entries=8, show_spinner=False)
def _weights(run_id: str, step: int, layer: str, _run: api.Run) -> dict[str, npt.NDArray[np.float32]]:
    """Kept: the file holds all layers of the network, and a run's weights at a step never change."""
    every = _run.weights(step)
    return {name: array for name, array in every.items() if name.startswith(f"{layer}/")}
