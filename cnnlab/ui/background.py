"""Questions that take seconds, asked beside the page: it is drawn meanwhile, and looks again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

KEPT = 64
"""Answers of this server that are kept, those asked for last."""
THREADS = 2
"""Questions that are asked at once; each waits for a worker, which does the work."""

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="cnnlab-question")
_lock = threading.Lock()
_answers: OrderedDict[tuple[str, str], Future[Any]] = OrderedDict()


def ask(question: str, about: str, answer: Callable[[], Any]) -> None:
    """Have a question answered in the background, unless it is known or asked already; a failed one anew.

    Args:
        question: Its name.
        about: What it is about, as text: the same text has the same answer.
        answer: Finds the answer; called in another thread.
    """
    key = (question, about)
    with _lock:
        known = _answers.get(key)
        if known is not None and not (known.done() and known.exception() is not None):
            return
        _answers[key] = _pool.submit(answer)
        _answers.move_to_end(key)
        while len(_answers) > KEPT:
            _answers.popitem(last=False)


def known(question: str, about: str) -> Future[Any] | None:
    """What is known of a question: None where nobody asked, else a future that may be done."""
    with _lock:
        return _answers.get((question, about))
