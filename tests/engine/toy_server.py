"""A server process under test: trains one run, says so, and stays until it is killed.

With a last argument `still` its training stands still by then, and would for long.
"""

from __future__ import annotations

import json
import sys
import threading

import cnnlab.engine.engine as module
from cnnlab.engine import Engine, courtesy
from cnnlab.runs.store import get_store


def main(root: str, tasks: str, run_id: str, how: str = "") -> None:
    engine = Engine(tasks, (root,), spare_seconds=0)
    engine.warm()
    engine.train(run_id)
    tick = threading.Event()
    while not (get_store().run(run_id).status == "running" and len(engine.status().workers) == 2):
        tick.wait(0.01)
    if how == "still":
        courtesy.HOLD_SECONDS = courtesy.SAVED_SECONDS = engine._courtesy._saved = 600.0
        engine._courtesy._wanted = True
        module.BEGINNING_SECONDS = 0.0
        engine.give_way()
    sys.stdout.write(json.dumps([worker.pid for worker in engine.status().workers]) + "\n")
    sys.stdout.flush()
    tick.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
