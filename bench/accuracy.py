"""Test accuracies of the presets that promise one, through `cnnlab.train`, beside a linear classifier.

`digits`: the median over split seeds, against 97 %. `shapes`: against 95 %, where the linear classifier must
stay under 70 %. `lenet5` on real MNIST, where CNNLAB_DATA has it: against 98.5 %. The peer is scikit-learn's
logistic regression on the same split, on its first 10,000 training images where there are more.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import warnings
from pathlib import Path

import cnnlab
from bench.common import TRIES, machine, say, summary, tell, verdict
from cnnlab.datasets import Dataset
from cnnlab.spec.presets import Preset

BUDGETS = {"digits": 0.97, "shapes": 0.95, "lenet5": 0.985}
LINEAR_BUDGET = 0.70
"""Of the linear classifier on shapes: at least so hard they must be."""
SLOW_TRIES = 3
MOST_IMAGES_LINEAR = 10_000


def trained(preset: Preset, seed: int) -> tuple[float, float]:
    """Test accuracy of the preset trained with a seed, and the seconds that its training took."""
    config = preset.design.training.replace(seed=seed)
    run = cnnlab.train(preset.architecture, preset.dataset, config, progress=False)
    return run.evaluate().accuracy, run.row.result["seconds"]


def linear(data: Dataset) -> float:
    """Test accuracy of logistic regression on the pixels, trained on at most `MOST_IMAGES_LINEAR` images."""
    from sklearn.linear_model import LogisticRegression

    images = data.train.images[:MOST_IMAGES_LINEAR]
    model = LogisticRegression(max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 200 steps are enough for a figure, if not for its last digit
        model.fit(images.reshape(len(images), -1) / 255, data.train.labels[: len(images)])
    return float(model.score(data.test.images.reshape(len(data.test), -1) / 255, data.test.labels))


def measure(name: str, seeds: range) -> None:
    """Train and classify with each seed, and print both."""
    preset = cnnlab.presets.preset(name)
    say(f"{name}: {len(seeds)} trainings, each with its linear classifier.")
    accuracies, seconds, lines = [], [], []
    for seed in seeds:
        accuracy, took = trained(preset, seed)
        accuracies.append(accuracy)
        seconds.append(took)
        share = preset.design.training.validation_share
        lines.append(linear(cnnlab.datasets.load(preset.dataset, seed=seed, validation_share=share)))
    numbers = summary(accuracies, digits=4)
    tell(
        f"{name}: test accuracy",
        seeds=len(seeds),
        **numbers,
        **verdict(numbers["median"], BUDGETS[name], at_least=True),
    )
    numbers = summary(lines, digits=4)
    hard = verdict(numbers["median"], LINEAR_BUDGET) if name == "shapes" else {}
    tell(f"{name}: logistic regression on the same split", **numbers, **hard)
    tell(f"{name}: training", unit="s", **summary(seconds, digits=1))


def main() -> None:
    """Print the machine and each preset's accuracy with its peer's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=TRIES, help="seeds of digits (default: %(default)s)")
    parser.add_argument(
        "--slow-tries", type=int, default=SLOW_TRIES, help="seeds of the others (default: %(default)s)"
    )
    options = parser.parse_args()
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as home:
        os.environ["CNNLAB_HOME"] = home
        measure("digits", range(options.tries))
        measure("shapes", range(options.slow_tries))
        data = os.environ.get("CNNLAB_DATA", "")
        if data and (Path(data) / "mnist.npz").is_file():
            measure("lenet5", range(options.slow_tries))
        else:
            say("lenet5 is left out: CNNLAB_DATA names no folder with mnist.npz.")
        from cnnlab.engine import close_engine

        close_engine()


if __name__ == "__main__":
    main()
