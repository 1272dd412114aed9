"""One fast training in a process of its own, through `cnnlab.backend`; its last line is JSON, too."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cnnlab.spec.design import Design

if TYPE_CHECKING:
    from cnnlab.backend.pace import Pace
    from cnnlab.backend.session import Session


def main() -> None:
    """Train the design that is given as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("design", help="a design as JSON")
    print(json.dumps(trained(Design.from_json(parser.parse_args().design))))


def trained(design: Design) -> dict[str, Any]:
    """Train all epochs, and test after each.

    Returns:
        parameters; for each of the `epochs` the `seconds` from the start, testing included, and the test
        `accuracy`; `images_per_second` of the training steps but the first call's, which compiles.
    """
    from cnnlab.backend.data import dataset_of
    from cnnlab.backend.pace import Pace
    from cnnlab.backend.session import Session

    data = dataset_of(design)
    begin = time.perf_counter()
    session = Session(design, data)
    epochs, calls, pace = [], [], Pace()
    for _ in range(design.training.epochs):
        calls += _one_epoch(session, pace)
        accuracy = session.score(data.test).accuracy
        epochs.append({"seconds": time.perf_counter() - begin, "accuracy": accuracy})
        session.next_epoch()
    warm = calls[1:] or calls
    return {
        "parameters": session.model.count_params(),
        "epochs": epochs,
        "images_per_second": sum(images for images, _ in warm) / sum(seconds for _, seconds in warm),
    }


def _one_epoch(session: Session, pace: Pace) -> Iterator[tuple[int, float]]:
    """Images and seconds of each call; calls are as long as in the app, whose chart wants to move."""
    while session.batches_left:
        begin = time.perf_counter()
        batches = session.advance(pace.steps)
        seconds = time.perf_counter() - begin
        pace.took(len(batches.losses), seconds)
        yield batches.images, seconds


if __name__ == "__main__":
    main()
