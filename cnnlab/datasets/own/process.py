"""`python -m cnnlab.datasets.own.process`: makes a data set of a draft, in a process of its own.

Decoding takes a core for a while and unpacks what strangers have sent: the server neither slows nor grows,
and a decoder that crashes takes nothing down. The request is one line of JSON on standard input; answers are
lines of JSON: `{"done": 3, "total": 9}`, at last `{"name": "own-…"}` or `{"error": "…"}`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import Any

from cnnlab.datasets.own import drafts
from cnnlab.datasets.own.importing import import_source
from cnnlab.datasets.own.pictures import Preparation
from cnnlab.errors import CNNLabError

TELL_SECONDS = 0.1
"""Between two words on the progress."""

NICENESS = 10
"""Pages and live charts go before."""


def main() -> int:
    """Do what standard input asks for. Returns the exit status."""
    with contextlib.suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(NICENESS)
    request = json.loads(sys.stdin.readline())
    told = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if done == total or now - told >= TELL_SECONDS:
            told = now
            _say(done=done, total=total)

    try:
        name = import_source(
            drafts.Draft(request["owner"]).source(),
            request["title"],
            Preparation(**request["preparation"]),
            owner=request["owner"],
            progress=progress,
        )
    except CNNLabError as exc:
        _say(error=str(exc))
        return 1
    _say(name=name)
    return 0


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
