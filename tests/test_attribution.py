"""The interface of where a network looked: what a worker is asked, and for how long."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnnlab import api, presets
from cnnlab.api.attribution import Attribution, attribute, last_convolution
from cnnlab.errors import RunStateError
from cnnlab.runs import RunFiles, get_store
from cnnlab.spec.design import Design
from cnnlab.spec.layers import (
    AnyLayer,
    AveragePooling2D,
    Conv2D,
    Dense,
    Flatten,
    MaxPooling2D,
    ResidualBlock,
)

DIGITS = presets.preset("digits").design
ANSWER: dict[str, Any] = {
    "map": np.zeros((8, 8), np.float32),
    "method": "grad_cam",
    "target": 3,
    "against": None,
    "score": 2.5,
    "black": -1.5,
    "total": 3.9,
    "layer": "conv2d_1",
    "grid": (8, 8),
    "steps": None,
    "patch": None,
    "stride": None,
    "cover": None,
}


class Asked:
    """An engine that keeps its last question and gives one answer."""

    def ask(self, task: str, /, timeout: float | None = None, **arguments: Any) -> dict[str, Any]:
        """Keep the question."""
        self.task, self.timeout, self.arguments = task, timeout, arguments
        return ANSWER


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    monkeypatch.setattr("cnnlab.api.attribution.get_engine", lambda: asked)
    return asked


@pytest.fixture
def run() -> api.Run:
    """A run of digits with weights of steps 21 and 42; nothing reads them here."""
    row = get_store().create_run(DIGITS, "ada")
    for step in (21, 42):
        RunFiles(row.id).write_weights(step, step / 21, {"dense/kernel": np.zeros(1, np.float32)})
    return api.Run(row)


def test_a_worker_is_asked_of_the_last_weights_and_the_last_convolution(engine: Asked, run: api.Run) -> None:
    found = attribute(run, 17)
    assert isinstance(found, Attribution)
    assert engine.task == "attribution"
    assert engine.arguments == {
        "run_id": run.id,
        "step": 42,
        "image": 17,
        "method": "grad_cam",
        "target": None,
        "against": None,
        "layer_name": "conv2d_1",
    }
    assert engine.timeout is not None
    assert engine.timeout > 30


def test_everything_can_be_chosen(engine: Asked, run: api.Run) -> None:
    pixels = np.zeros((8, 8, 1), np.uint8)
    attribute(run, pixels, "occlusion", target=3, against=8, step=21)
    assert engine.arguments.pop("image") is pixels
    assert engine.arguments == {
        "run_id": run.id,
        "step": 21,
        "method": "occlusion",
        "target": 3,
        "against": 8,
        "layer_name": None,
    }
    attribute(run, pixels, layer="conv2d")
    assert engine.arguments["layer_name"] == "conv2d"


def test_weights_that_are_not_kept_are_said_in_words(engine: Asked, run: api.Run) -> None:
    with pytest.raises(RunStateError, match=r"keeps no weights of step 20. Kept are those of 21, 42."):
        attribute(run, 0, step=20)


def test_the_gap_is_a_share_of_the_difference_but_of_one_at_least() -> None:
    found = Attribution(**ANSWER)
    assert found.difference == 4.0
    assert found.gap == pytest.approx(0.1 / 4)
    small = Attribution(**ANSWER | {"score": -1.4, "total": 0.3})
    assert small.gap == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((Conv2D(), MaxPooling2D(), Conv2D(), AveragePooling2D(), Flatten(), Dense()), "conv2d_1"),
        ((Conv2D(), ResidualBlock(filters=4), Flatten()), "residual_block"),
        ((MaxPooling2D(), AveragePooling2D(), Flatten()), "average_pooling2d"),
        ((Flatten(), Dense()), None),
    ],
    ids=["convolution", "block", "pooling alone", "no maps"],
)
def test_the_last_convolution_is_the_last_layer_that_finds_features(
    layers: tuple[AnyLayer, ...], expected: str | None
) -> None:
    design: Design = DIGITS.replace(architecture=DIGITS.architecture.with_layers(layers))
    assert last_convolution(design) == expected
