"""`Architecture.trace()` of a 20-layer stack, in ms; the budget is 1 ms. Its peer: Keras building the stack.

Every try traces an architecture of its own, so that nothing remembered helps.
"""

from __future__ import annotations

import time

from bench.common import arguments, machine, measure, summary, tell, verdict
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import KINDS

BUDGET_MS = 1.0
WARM_UP = 20
PEER_TRIES = 20
STACK = (
    *(("Conv2D", "Conv2D", "MaxPooling2D", "Dropout") * 4),
    "Flatten",
    "Dense",
    "Dropout",
    "Dense",
)


def stack(filters: int = 16) -> Architecture:
    """Twenty layers on a 64×64 colour image, as deep as a student's stack gets."""
    arguments_of = {"Conv2D": {"filters": filters, "padding": "same"}}
    layers = tuple(KINDS[kind](**arguments_of.get(kind, {})) for kind in STACK)
    return Architecture(input_shape=(64, 64, 3), classes=10, layers=layers)


def traced(architecture: Architecture) -> float:
    """Milliseconds that one trace takes."""
    began = time.perf_counter()
    trace = architecture.trace()
    took = (time.perf_counter() - began) * 1000
    assert trace.ok
    assert len(trace.rows) == len(STACK) + 1
    return took


def main() -> None:
    """Print the machine, the time of a trace, of reading the stack from JSON, and of Keras building it."""
    tries = arguments(__doc__ or "", tries=500).tries
    tell("machine", **machine())
    fresh = [stack(filters=8 + number % 57) for number in range(WARM_UP + tries)]
    milliseconds = [traced(architecture) for architecture in fresh][WARM_UP:]
    numbers = summary(milliseconds, digits=4)
    tell("trace of a 20-layer stack", unit="ms", **numbers, **verdict(numbers["p95"], BUDGET_MS))

    text = fresh[0].to_json()
    reading = [seconds * 1000 for seconds in measure(lambda: Architecture.from_json(text), tries=tries)]
    tell("the same stack read from JSON", unit="ms", **summary(reading, digits=4))

    from cnnlab.backend.build import build

    building = [seconds * 1000 for seconds in measure(lambda: build(fresh[0]), tries=PEER_TRIES)]
    tell("the same stack built by Keras", unit="ms", **summary(building, digits=1))


if __name__ == "__main__":
    main()
