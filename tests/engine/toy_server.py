"""A server process under test: trains one run, says so, and stays until it is killed."""

from __future__ import annotations

import json
import sys
import threading

from cnnlab.engine import Engine
from cnnlab.runs.store import get_store


def main(root: str, tasks: str, run_id: str) -> None:
    engine = Engine(tasks, (root,), spare_seconds=0)
    engine.warm()
    engine.train(run_id)
    tick = threading.Event()
    while not (get_store().run(run_id).status == "running" and len(engine.status().workers) == 2):
        tick.wait(0.01)
    sys.stdout.write(json.dumps([worker.pid for worker in engine.status().workers]) + "\n")
    sys.stdout.flush()
    tick.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
