"""Training throughput through the worker's own code, beside a bare compiled step of the same model and batch.

`python -m bench.throughput [--preset NAME] [--tries N]` takes turns between the two, so that both meet the
same machine. Counted are the steps after the first call: what comes before belongs to another budget.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
import unittest.mock
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench import common
from cnnlab import settings

if TYPE_CHECKING:
    from cnnlab.spec.design import Design

IMAGES = 8192
"""Random training images where the data set is not on this machine."""
EPOCHS = 3
"""A look at the layers comes first after some ten seconds."""
BARE_STEPS = 40
RATIO_BUDGET = 0.9
EVENTS_BUDGET = 0.02
PICTURES_BUDGET = 0.03
HEALTH_BUDGET = 0.02


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="cifar10", help="network and batch size (default: %(default)s)")
    parser.add_argument("--tries", type=int, default=10, help="rounds of each kind (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["CNNLAB_HOME"] = home
        settings.get.cache_clear()
        _measure(options.preset, options.tries, Path(home))


def _measure(preset: str, tries: int, home: Path) -> None:
    from cnnlab.spec import presets

    design = presets.preset(preset).design
    made = _make_images(design.dataset, design.architecture.input_shape, home)
    training = design.training.replace(epochs=EPOCHS, validation_share=0.0)
    design = design.replace(training=training)
    costs = Costs([], [], [])
    worker, bare = common.alternate([_through_the_worker(design, costs), _bare_step(design)], tries=tries)
    ratios = [one / two for one, two in zip(worker, bare, strict=True)]
    facts = {"preset": preset, "batch_size": training.batch_size, "dtype": "float32", "random_images": made}
    common.tell("machine", **common.machine())
    common.tell("images/s through the worker's training", **facts, **common.summary(worker, digits=0))
    common.tell("images/s of a bare compiled step", **facts, **common.summary(bare, digits=0))
    kept = common.verdict(statistics.median(ratios), RATIO_BUDGET, at_least=True)
    common.tell("training ÷ bare step", **facts, **common.summary(ratios), **kept)
    for what, shares, budget in (
        ("live events' cost, share of time", costs.events, EVENTS_BUDGET),
        ("live pictures' cost, share of time", costs.pictures, PICTURES_BUDGET),
        ("cost of looks at the layers, share of time", costs.health, HEALTH_BUDGET),
    ):
        kept = common.verdict(statistics.median(shares), budget)
        common.tell(what, **facts, **common.summary(shares, digits=4), **kept)


class Costs(NamedTuple):
    """Shares of the time of training that did not go into its steps, one a round."""

    events: list[float]
    pictures: list[float]
    health: list[float]


def _through_the_worker(design: Design, costs: Costs) -> Callable[[], float]:
    """Images a second of `backend.train`: record, events, commands, pictures and all.

    Adds to `costs` the shares of that time which did not go into training steps.
    """
    from cnnlab.backend.health import Examination, Examiner
    from cnnlab.backend.session import Batches, Session
    from cnnlab.backend.snapshots import Camera
    from cnnlab.backend.train import _Training, train
    from cnnlab.runs import get_store

    store, advance = get_store(), Session.advance
    calls: list[tuple[float, float, int]] = []  # begin, end, images
    pictures: list[float] = []
    looks: list[float] = []
    ends: list[float] = []  # of epochs, where weights and states are kept: not a cost of live events

    def timed(session: Session, count: int) -> Batches:
        begin = time.perf_counter()
        batches = advance(session, count)
        calls.append((begin, time.perf_counter(), batches.images))
        return batches

    def run() -> float:
        for seen in (calls, pictures, looks, ends):
            seen.clear()
        row = store.create_run(design, owner="bench")
        with (
            unittest.mock.patch.object(Session, "advance", timed),
            _noted(Camera, "take", pictures),
            _noted(Examiner, "begin", looks),
            _noted(Examination, "finish", looks),
            _noted(_Training, "_end_epoch", ends),
        ):
            train(row.id, stop_requested=lambda: False)
        store.delete(row.id)
        counted = calls[1:-1]  # the first is slow; what follows the last is another matter
        seconds = calls[-1][0] - counted[0][0] - sum(ends[:-1])
        costs.pictures.append(sum(pictures) / seconds)
        costs.health.append(sum(looks) / seconds)
        steps = sum(end - begin for begin, end, _ in counted) / seconds
        costs.events.append(1 - steps - costs.pictures[-1] - costs.health[-1])
        return sum(images for *_, images in counted) / seconds

    return run


@contextlib.contextmanager
def _noted(owner: type, name: str, seconds: list[float]) -> Iterator[None]:
    """While inside, add to `seconds` how long each call of a method takes."""
    method = getattr(owner, name)

    def timed(self: object, *arguments: object) -> object:
        began = time.perf_counter()
        try:
            return method(self, *arguments)
        finally:
            seconds.append(time.perf_counter() - began)

    with unittest.mock.patch.object(owner, name, timed):
        yield


def _bare_step(design: Design) -> Callable[[], float]:
    """Images a second of one compiled step on a batch that is there already."""
    import tensorflow as tf

    from cnnlab.backend import build

    config = design.training
    rng = np.random.default_rng(0)
    images = tf.constant(rng.random((config.batch_size, *design.architecture.input_shape), np.float32))
    labels = tf.constant(rng.integers(0, design.architecture.classes, config.batch_size))
    model, optimizer = build.build(design.architecture, seed=0), build.optimizer(config)
    weights = model.trainable_variables
    optimizer.build(weights)

    @tf.function(jit_compile=False)
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(images, training=True))
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    def run() -> float:
        began = time.perf_counter()
        for _ in range(BARE_STEPS):
            loss = step()
        loss.numpy()
        return BARE_STEPS * config.batch_size / (time.perf_counter() - began)

    return run


def _make_images(dataset: str, shape: tuple[int, int, int], home: Path) -> bool:
    """Write random images where the data set is not on this machine. Returns whether that was so."""
    from cnnlab import datasets

    if datasets.is_installed(dataset):
        return False
    rng = np.random.default_rng(0)
    count, classes = IMAGES + 1000, datasets.info(dataset).classes
    images = rng.integers(0, 256, (count, *shape), np.uint8)
    labels = np.arange(count) % classes
    folder = home / "data"
    folder.mkdir()
    train, test = slice(None, IMAGES), slice(IMAGES, None)
    np.savez(
        folder / f"{dataset}.npz",
        x_train=images[train], y_train=labels[train], x_test=images[test], y_test=labels[test],
    )  # fmt: skip
    os.environ["CNNLAB_DATA"] = str(folder)
    settings.get.cache_clear()
    return True


if __name__ == "__main__":
    main()
