"""A learning rate changed in mid-run: from the call until the training has it, and the record says so.

In s: 0.25 s at the 95th percentile. The peer is how long one call of training steps lasts in the same run: a
change can only come between two of them.
"""

from __future__ import annotations

import os
import random
import tempfile
import time

from bench.common import arguments, machine, say, summary, tell, verdict
from cnnlab import api, datasets, settings
from cnnlab.engine import close_engine
from cnnlab.runs import get_store
from cnnlab.spec import presets

BUDGET_SECONDS = 0.25
PRESETS = ("digits", "cifar10")
ENDLESS = 500
POLL_SECONDS = 0.005
LIMIT_SECONDS = 60.0


def measure(preset: str, tries: int) -> None:
    """Change the rate of one training so often, at random moments."""
    design = presets.preset(preset).design
    run = api.start(design.replace(training=design.training.replace(epochs=ENDLESS)))
    _first_event(run.id, "epoch", after=0)
    pauses, delays = random.Random(0), []
    began = seq = get_store().events(run.id)[-1].seq
    for k in range(tries):
        time.sleep(pauses.uniform(0.2, 0.6))
        asked = time.time()
        run.set("learning_rate", (0.001, 0.002)[k % 2])
        seen, seq = _first_event(run.id, "changed", after=seq)
        delays.append(seen - asked)
    steps = [event.payload for event in get_store().events(run.id, after=began) if event.kind == "steps"]
    calls = [len(each["loss"]) * design.training.batch_size / each["images_per_second"] for each in steps]
    run.stop()
    run.wait_for_end()
    numbers = summary(delays)
    tell("changed → in effect", preset=preset, unit="s", **numbers, **verdict(numbers["p95"], BUDGET_SECONDS))
    tell("one call of steps", preset=preset, unit="s", **summary(calls))


def _first_event(run_id: str, kind: str, after: int) -> tuple[float, int]:
    """Time and number of the first event of this kind, once it is there."""
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        for event in get_store().events(run_id, after=after):
            if event.kind == kind:
                return event.time.timestamp(), event.seq
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"Run {run_id} told no {kind} within {LIMIT_SECONDS:g} s.")


def main() -> None:
    """Print the machine and what a change takes."""
    options = arguments(__doc__)
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as home:
        os.environ["CNNLAB_HOME"] = home
        settings.get.cache_clear()
        for preset in PRESETS:
            dataset = presets.preset(preset).dataset
            if not datasets.is_installed(dataset):
                say(f"{preset} is left out: {dataset} is not on this machine.")
                continue
            measure(preset, options.tries)
        close_engine()


if __name__ == "__main__":
    main()
