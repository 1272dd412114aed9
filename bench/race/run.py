"""Runs the two sides of a race, each in a fresh process, one after the other on the same arrays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.common import say
from bench.race.reckoning import Outcome, Tutorial, fast_epochs, published_epochs
from cnnlab import datasets, processor
from cnnlab.datasets import catalogue
from cnnlab.spec import presets
from cnnlab.spec.design import Design

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Ground:
    """The arrays that both sides read.

    Attributes:
        folder: holds `NAME.npz`; the fast side keeps its data folder there, too.
        name: of the data set.
        train_images: number of training images.
        test_images: number of test images.
        share: of the data set that these are; 1 where it is whole.
    """

    folder: Path
    name: str
    train_images: int
    test_images: int
    share: float

    @property
    def whole(self) -> bool:
        """Whether no image is missing."""
        return self.share >= 1


def prepare(name: str, folder: Path) -> Ground:
    """Write a data set that is on this machine as one npz for both sides.

    Raises:
        DatasetUnavailable: it is not on this machine.
    """
    datasets.require(name)
    data = datasets.load(name, validation_share=0.0)
    train, test = data.train, data.test
    np.savez(
        folder / f"{name}.npz",
        x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels,
    )  # fmt: skip
    share = (len(train) + len(test)) / catalogue.entry(name).info.images
    return Ground(folder, name, len(train), len(test), share)


def race(tutorial: Tutorial, ground: Ground, seed: int) -> tuple[Outcome, Outcome]:
    """The published script's outcome and the fast recipe's; who runs first changes from seed to seed."""
    sides = [lambda: published(tutorial, ground, seed), lambda: fast(tutorial, ground, seed)]
    order = (0, 1) if seed % 2 == 0 else (1, 0)
    done = {place: sides[place]() for place in order}
    return done[0], done[1]


def published(tutorial: Tutorial, ground: Ground, seed: int) -> Outcome:
    """Run the tutorial's own script."""
    epochs, until = published_epochs(tutorial, whole=ground.whole)
    words = [str(ground.folder / f"{ground.name}.npz"), "--seed", str(seed), "--epochs", str(epochs)]
    words += [] if until is None else ["--until", str(until)]
    return _told(
        f"{tutorial.name} as published, seed {seed}", f"bench.published.{tutorial.script}", words, {}
    )


def fast(tutorial: Tutorial, ground: Ground, seed: int) -> Outcome:
    """Run the fast recipe of the tutorial's preset."""
    folder = str(ground.folder)
    environment = {"CNNLAB_DATA": folder, "CNNLAB_HOME": f"{folder}/home"}
    design = fast_design(tutorial, ground, seed)
    return _told(f"{tutorial.name} fast, seed {seed}", "bench.race.fast", [design.to_json()], environment)


def fast_design(tutorial: Tutorial, ground: Ground, seed: int) -> Design:
    """The preset with its fast recipe, on all training images as the published script."""
    preset = presets.preset(tutorial.preset)
    recipe = preset.recipe("fast", bfloat16=processor.gains_from_bfloat16())
    epochs = fast_epochs(recipe.epochs, ground.share)
    return preset.design.replace(training=recipe.replace(epochs=epochs, validation_share=0.0, seed=seed))


def _told(what: str, module: str, words: list[str], environment: dict[str, str]) -> Outcome:
    """Run a module, and read its last line."""
    begin = time.perf_counter()
    process = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begin
    if process.returncode:
        raise RuntimeError(f"{what} failed:\n{process.stderr[-2000:]}")
    last = json.loads(process.stdout.splitlines()[-1])
    outcome = Outcome(
        seconds=tuple(epoch["seconds"] for epoch in last["epochs"]),
        accuracies=tuple(epoch["accuracy"] for epoch in last["epochs"]),
        images_per_second=last["images_per_second"],
        process_seconds=seconds,
        parameters=last["parameters"],
    )
    say(
        f"{what}: {len(outcome.seconds)} epochs in {outcome.seconds[-1]:.1f} s, at best "
        f"{100 * outcome.best:.2f} %, {outcome.images_per_second:,.0f} images/s, process {seconds:.1f} s"
    )
    return outcome
