"""Memory: the server with one session on Home, and all processes together while CIFAR-10 is trained.

The server's resident memory, before a data set is opened, has 200 MB; its peer is an empty two-page Streamlit
app. All processes of the app together (shared pages counted once: PSS) have 2 GB while the `cifar10` preset
trains; the peer is a plain Keras script on the same images. Without CIFAR-10 in CNNLAB_DATA the images are
made up, as many and as large.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.app import App, chromium_started, running
from bench.common import (
    TRIES,
    alternate,
    descendants,
    machine,
    proportional_mb,
    resident_mb,
    say,
    summary,
    tell,
    verdict,
)
from bench.startup import EMPTY_LAUNCHER, FIRST_BUTTON
from cnnlab.runs.store import Store
from cnnlab.spec import presets
from cnnlab.spec.source import keras_source
from tests.browser.journey import train
from tests.browser.server import ROOT, AppServer
from tests.browser.watch import wait_idle

BUDGET_SERVER_MB = 200.0
BUDGET_ALL_MB = 2000.0
TRAININGS = 3
EPOCHS = 2
SAMPLE_SECONDS = 0.2
DOWNLOAD = "keras.datasets.cifar10.load_data()"
LOAD = """
import numpy

with numpy.load({path!r}) as file:
    cifar10 = ((file["x_train"], file["y_train"]), (file["x_test"], file["y_test"]))
"""
TRAIN_IMAGES, TEST_IMAGES = 50_000, 10_000


def server_on_home(script: Path, button: str, folder: Path) -> Callable[[], float]:
    """Starts an app and opens its first page; the server's resident memory in MB when all rests."""
    count = 0

    def act() -> float:
        nonlocal count
        count += 1
        home, log = folder / f"home-{count}", folder / f"{count}.log"
        with chromium_started() as browser, AppServer(home, log, script=script) as server:
            app = App(server, browser)
            page = app.page()
            page.goto(server.url)
            page.get_by_text(button).first.wait_for()
            wait_idle(page)
            if script.parent == ROOT:
                app.settle()
            return resident_mb(server.pid)

    return act


class Peak(threading.Thread):
    """The largest sum of a process's and its descendants' memory in MB, sampled until `stop` is set."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.stop = threading.Event()
        self.most = 0.0

    def run(self) -> None:
        """Sample."""
        while not self.stop.wait(SAMPLE_SECONDS):
            with contextlib.suppress(OSError):  # one of them has just ended
                self.most = max(self.most, sum(proportional_mb(pid) for pid in descendants(self.pid)))


def training_in_the_app(data: str) -> Callable[[], float]:
    """Trains the preset for some epochs, with a viewer; the most memory of all processes in MB."""
    design = presets.preset("cifar10").design
    design = design.model_copy(update={"training": design.training.replace(epochs=EPOCHS)})

    def act() -> float:
        with running(CNNLAB_DATA=data) as app:
            page = app.page()
            app.settle()
            peak = Peak(app.server.pid)
            peak.start()
            run_id = train(page, app.server, design)
            store = Store(app.server.home / "runs.sqlite")
            while (status := store.run(run_id).status) in ("queued", "running"):
                time.sleep(SAMPLE_SECONDS)
            store.close()
            peak.stop.set()
            if status != "finished":
                raise RuntimeError(f"The training was {status}")
            return peak.most

    return act


def plain_script(data: str, folder: Path) -> Callable[[], float]:
    """Trains the same with the Keras source that Design shows; the process's most memory in MB."""
    design = presets.preset("cifar10").design
    design = design.model_copy(update={"training": design.training.replace(epochs=EPOCHS)})
    script = folder / "plain.py"
    source = keras_source(design)
    assert DOWNLOAD in source
    load = LOAD.format(path=str(Path(data) / "cifar10.npz"))
    script.write_text(load + source.replace(DOWNLOAD, "cifar10"), encoding="utf-8")

    def act() -> float:
        process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.DEVNULL)
        peak = Peak(process.pid)
        peak.start()
        code = process.wait()
        peak.stop.set()
        if code:
            raise RuntimeError(f"The plain script ended with {code}")
        return peak.most

    return act


def cifar10(folder: Path) -> tuple[str, bool]:
    """The folder with cifar10.npz, and whether its images had to be made up."""
    given = os.environ.get("CNNLAB_DATA", "")
    if given and (Path(given) / "cifar10.npz").is_file():
        return given, False
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", TRAIN_IMAGES), ("test", TEST_IMAGES)):
        arrays[f"x_{part}"] = random.integers(0, 256, (count, 32, 32, 3), np.uint8)
        arrays[f"y_{part}"] = np.arange(count) % 10
    np.savez(folder / "cifar10.npz", **arrays)
    return str(folder), True


def main() -> None:
    """Print the machine, the server's memory and that of all processes, each with its peer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=TRIES, help="starts (default: %(default)s)")
    parser.add_argument("--trainings", type=int, default=TRAININGS, help="trainings (default: %(default)s)")
    options = parser.parse_args()
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        launcher = folder / "empty" / "streamlit_app.py"
        launcher.parent.mkdir()
        launcher.write_text(EMPTY_LAUNCHER, encoding="utf-8")
        say(f"Starting each app {options.tries} times.")
        ours = server_on_home(ROOT / "streamlit_app.py", FIRST_BUTTON, folder / "ours")
        own, empty = alternate(
            [ours, server_on_home(launcher, "Ready", folder / "peer")], tries=options.tries, warm_up=0
        )
        numbers = summary(own, digits=1)
        tell("server, one session on Home", unit="MB", **numbers, **verdict(numbers["p95"], BUDGET_SERVER_MB))
        tell("server of an empty two-page app", unit="MB", **summary(empty, digits=1))

        data, made_up = cifar10(folder)
        say(f"Training CIFAR-10 {options.trainings} times, and as many plain scripts.")
        actions = [training_in_the_app(data), plain_script(data, folder)]
        together, plain = alternate(actions, tries=options.trainings, warm_up=0)
        numbers = summary(together, digits=0)
        kept = verdict(numbers["most"], BUDGET_ALL_MB)
        tell("all processes while training cifar10", unit="MB", made_up=made_up, **numbers, **kept)
        tell("a plain Keras script, same training", unit="MB", made_up=made_up, **summary(plain, digits=0))


if __name__ == "__main__":
    main()
