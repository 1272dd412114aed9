"""From the click on Home to the confusion matrix, on a server that has just started; the budget is 15 s.

Each try starts a server of its own and clicks as soon as Home can be read. The peer is a plain Keras
script, the one that Design shows, in a fresh process: it imports Keras, loads the same images, trains the
same network as long, and counts the confusion matrix.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser

from bench.app import App, Clock, chromium_started
from bench.common import alternate, arguments, machine, say, summary, tell, verdict
from cnnlab.spec import presets
from cnnlab.spec.source import keras_source
from tests.browser.journey import keyed
from tests.browser.server import ROOT, AppServer

BUDGET_SECONDS = 15.0

MATRIX_DRAWN = """() => {
    const matrix = document.querySelector('.st-key-w-train-matrix');
    return matrix !== null && deep('.numbers span', matrix).length > 0;
}"""

COUNT = """
import numpy as np

predicted = model.predict(x_test).argmax(axis=1)
print(np.bincount(10 * y_test + predicted, minlength=100).reshape(10, 10))
"""


def first_journey(browser: Browser, folder: Path, waited: list[float]) -> Callable[[], float]:
    """Clicks on Home of a fresh server; adds to `waited` how long ago the server first answered."""
    count = 0

    def act() -> float:
        nonlocal count
        count += 1
        with AppServer(folder / f"home-{count}", folder / f"{count}.log") as server:
            answered = time.perf_counter()
            page = App(server, browser).page()
            page.goto(server.url)
            button = keyed(page, "first").get_by_role("button")
            button.wait_for()
            clock = Clock(page, "click", MATRIX_DRAWN)
            button.click()
            waited.append(time.perf_counter() - answered)
            seconds = clock.seconds()
            page.context.close()
        return seconds

    return act


def plain_script(folder: Path) -> Callable[[], float]:
    """Runs the app's own Keras source of the design, and the counting, in a fresh process."""
    script = folder / "plain.py"
    script.write_text(keras_source(presets.preset("digits").design) + COUNT, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CNNLAB_HOME": str(folder / "plain")}

    def act() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, str(script)], check=True, capture_output=True, env=environment)
        return time.perf_counter() - began

    return act


def main() -> None:
    """Print the machine, the journey's time and the plain script's."""
    options = arguments(__doc__ or "")
    tell("machine", **machine())
    waited: list[float] = []
    with tempfile.TemporaryDirectory() as name, chromium_started() as browser:
        folder = Path(name)
        say(f"{options.tries} first journeys, each on a fresh server, and as many plain scripts.")
        actions = [first_journey(browser, folder, waited), plain_script(folder)]
        ours, plain = alternate(actions, tries=options.tries, warm_up=0)
    numbers = summary(ours)
    kept = verdict(numbers["p95"], BUDGET_SECONDS)
    tell("click on Home → confusion matrix, on a fresh server", unit="s", **numbers, **kept)
    tell("from the server's first answer to that click", unit="s", **summary(waited))
    tell("the same training as a plain Keras script", unit="s", **summary(plain))


if __name__ == "__main__":
    main()
