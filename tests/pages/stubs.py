"""An engine without workers, for tests of what pages do with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnlab.errors import EngineError
from cnnlab.runs.store import get_store


class NotingEngine:
    """Notes what pages ask of the engine; runs stay queued.

    Attributes:
        trained: Ids given to `train`, each call.
        asked: Task and arguments of each question.
        answers: Task → function that answers it; any other task fails in words.
        places: Run's id → its place in the queue.
    """

    def __init__(self) -> None:
        self.trained: list[str] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Callable[..., Any]] = {}
        self.places: dict[str, int] = {}

    def train(self, run_id: str) -> None:
        """Queue a run, a resumed one too."""
        self.trained.append(run_id)
        get_store().set_status(run_id, "queued", expect=("stopped", "failed", "interrupted"))

    def cancel(self, run_id: str) -> bool:
        """Take a queued run out of the queue."""
        return get_store().set_status(run_id, "stopped", expect=("queued",))

    def position(self, run_id: str) -> int | None:
        """How many runs go before this one."""
        return self.places.get(run_id)

    def ask(self, task: str, /, timeout: float | None = None, **arguments: Any) -> Any:
        """Answer as the test said, or fail."""
        self.asked.append((task, arguments))
        if task not in self.answers:
            raise EngineError(f"Nobody answers {task!r} here.")
        return self.answers[task](**arguments)
