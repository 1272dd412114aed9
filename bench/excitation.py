"""Inspect's tab Filters, as a page asks for it: the nine images that excite each filter of a layer most.

In s, through a warm worker: the first time over 10,000 test images (3 s), and again, when the answer lies
beside the run (0.3 s); for each convolution. The peer of the first is a bare `keras.Model.predict` of the
same part of the network on the same images, whose maps are then ranked in NumPy. An image that a filter wants
is told, too. The images are MNIST's test images where CNNLAB_DATA has them, else made up, as many and as
large.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.common import arguments, machine, measure, resident_mb, say, summary, tell, verdict

BUDGET_FIRST_SECONDS, BUDGET_AGAIN_SECONDS, BUDGET_GROWTH_MB = 3.0, 0.3, 500.0
PRESET = "mnist_5x5"
TRAIN_IMAGES, TEST_IMAGES = 2_000, 10_000
PEER = """
import sys, time
import keras, numpy as np
from cnnlab.backend.load import loaded
from cnnlab.backend.data import dataset_of

run_id, layer, tries = sys.argv[1], sys.argv[2], int(sys.argv[3])
run = loaded(run_id, None)
part = keras.Model(run.model.inputs, run.model.get_layer(layer).output)
images = dataset_of(run.design).test.images
for _ in range(tries):
    began = time.perf_counter()
    maps = part.predict(images.astype(np.float32) / 255, batch_size=256, verbose=0)
    values = maps.reshape(len(maps), -1, maps.shape[-1]).max(axis=1)
    np.argsort(-values, axis=0)[:9]
    print(time.perf_counter() - began, flush=True)
    del maps
"""


def data_folder(folder: Path) -> tuple[str, bool]:
    """A folder with mnist.npz, its test images whole, and whether they had to be made up."""
    given = os.environ.get("CNNLAB_DATA", "")
    if given and (Path(given) / "mnist.npz").is_file():
        return given, False
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", TRAIN_IMAGES), ("test", TEST_IMAGES)):
        arrays[f"x_{part}"] = random.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"y_{part}"] = np.arange(count, dtype=np.uint8) % 10
    np.savez(folder / "mnist.npz", **arrays)
    return str(folder), True


def recorded() -> str:
    """A run of the preset whose weights are as drawn: they cost as much as trained ones; its id."""
    from cnnlab import datasets
    from cnnlab.runs import get_store
    from cnnlab.spec import presets

    design = presets.preset(PRESET).design
    datasets.install(design.dataset)
    row = get_store().create_run(design, "bench")
    random = np.random.default_rng(0)
    weights = {
        f"{layer.name}/{weight}": random.normal(0, 0.05, shape).astype(np.float32)
        for layer in design.architecture.trace().rows
        for weight, shape in layer.weight_shapes.items()
    }
    get_store().files(row.id).write_weights(1, 1.0, weights)
    return row.id


def first_time(run_id: str, layer: str) -> Callable[[], object]:
    """Asks with nothing kept."""
    from cnnlab import api
    from cnnlab.api.excitation import excitation
    from cnnlab.runs import get_store

    def act() -> object:
        for path in get_store().files(run_id).folder.glob("excitation-*"):
            path.unlink()
        return excitation(api.get(run_id), layer)

    return act


def told(what: str, seconds: list[float], budget: float | None = None, **facts: object) -> None:
    """Print one result."""
    numbers = summary(seconds)
    kept = {} if budget is None else verdict(numbers["p95"], budget)
    tell(what, unit="s", **facts, **numbers, **kept)


def peer(run_id: str, layer: str, tries: int) -> list[float]:
    """Seconds of `predict` and a ranking in NumPy, in a process of its own, after one that does not count."""
    command = [sys.executable, "-c", PEER, run_id, layer, str(tries + 1)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(line) for line in printed.split()[1:]]


def measured(run_id: str, layer: str, pid: int, tries: int, facts: dict[str, object]) -> None:
    """All figures of one layer; the very first ask, which builds and compiles, is told by itself."""
    from cnnlab import api
    from cnnlab.api.excitation import excitation, wanted_image

    run, ask = api.get(run_id), first_time(run_id, layer)
    facts = {"layer": layer, **facts}
    before = resident_mb(pid)
    told("excitation, the first ask of a layer", measure(ask, tries=1, warm_up=0), **facts)
    told("excitation, nothing kept", measure(ask, tries=tries, warm_up=0), BUDGET_FIRST_SECONDS, **facts)
    growth = round(resident_mb(pid) - before, 1)
    tell("the worker's growth", unit="MB", value=growth, **facts, **verdict(growth, BUDGET_GROWTH_MB))
    again = measure(lambda: excitation(run, layer), tries=tries)
    told("excitation, kept", again, BUDGET_AGAIN_SECONDS, **facts)
    told("peer: predict and NumPy", peer(run_id, layer, tries), **facts)
    told("wanted image", measure(lambda: wanted_image(run, layer, 0), tries=tries), **facts)


def main() -> None:
    """Print the machine and the figures of each convolution."""
    options = arguments(__doc__ or "")
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as name:
        data, made_up = data_folder(Path(name))
        os.environ |= {"CNNLAB_HOME": str(Path(name) / "home"), "CNNLAB_DATA": data, "CNNLAB_DOWNLOADS": "0"}
        from cnnlab import datasets
        from cnnlab.engine import close_engine, get_engine

        run_id = recorded()
        say(f"Asking {options.tries} times of each kind.")
        images = len(datasets.load("mnist").test)
        try:
            get_engine().ask("warm", timeout=120.0)
            (worker,) = get_engine().status().workers
            assert worker.pid is not None
            for layer in ("conv2d", "conv2d_1"):
                facts = {"images": images, "made_up": made_up}
                measured(run_id, layer, worker.pid, options.tries, facts)
        finally:
            close_engine()


if __name__ == "__main__":
    main()
