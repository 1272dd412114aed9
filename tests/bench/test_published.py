"""The tutorials' own scripts have the tutorials' networks, and train them as those do."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.race.reckoning import TUTORIALS, VARIANTS
from cnnlab.spec import presets

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = {
    "T1": 315_722,
    "T2": 257_162,
    "T3": 3_199_106,
    "T4": 881_002,
    "T4-dropout": 881_002,
    "T4-batchnorm": 881_002 + 4 * 200,
}


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", [*TUTORIALS, *VARIANTS], ids=lambda tutorial: tutorial.name)
def test_a_published_script_has_the_tutorials_network(tutorial):
    script = importlib.import_module(f"bench.published.{tutorial.script}")
    model = script.compiled()
    architecture = presets.get(tutorial.preset)
    assert model.count_params() == PARAMETERS[tutorial.name]
    assert [layer.output.shape[1:] for layer in model.layers] == [
        row.output_shape for row in architecture.trace().rows
    ]


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda tutorial: tutorial.name)
def test_a_published_script_trains_as_the_preset_says(tutorial):
    script = importlib.import_module(f"bench.published.{tutorial.script}")
    recipe = presets.preset(tutorial.preset).published
    optimizer = script.compiled().optimizer
    assert type(optimizer).__name__ == recipe.optimizer
    assert float(optimizer.learning_rate.numpy()) == pytest.approx(recipe.learning_rate)
    assert recipe.batch_size == script.BATCH_SIZE


@pytest.mark.slow
def test_the_third_tutorials_weights_are_drawn_as_it_says():
    from bench.published import t3

    kernels = [weight.numpy() for weight in t3.compiled().weights if weight.name == "kernel"]
    assert len(kernels) == 4
    # A normal distribution of 0.03, cut at two standard deviations: Keras widens it to keep its own.
    assert kernels[2].std() == pytest.approx(0.03 * 0.88, rel=0.02)
    assert np.abs(kernels[2]).max() <= 0.06


@pytest.mark.slow
def test_a_published_script_ends_with_a_line_of_json_and_where_it_may(tmp_path):
    file = tmp_path / "mnist.npz"
    labels = np.arange(100, dtype=np.uint8) % 10
    images = np.zeros((100, 28, 28), np.uint8)
    np.savez(file, x_train=images, y_train=labels, x_test=images[:20], y_test=labels[:20])
    words = ["bench.published.t2", str(file), "--epochs", "5", "--until", "0.05"]
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["parameters"] == PARAMETERS["T2"]
    assert [epoch["accuracy"] for epoch in told["epochs"]] == [0.1]  # one class in ten, after one epoch
    assert told["epochs"][0]["seconds"] > 0
    assert told["images_per_second"] > 0
