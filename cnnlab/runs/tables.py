"""A run's events as plain tables: what a spreadsheet, a data frame or TensorBoard takes."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.runs.events import Event
from cnnlab.runs.history import History

_OF_EACH_STEP = ("loss", "accuracy", "precision", "recall")


class Tables:
    """The epochs and the steps of a run, as they count: what a resume did again is there once.

    Args:
        events: The run's events, in order.

    Attributes:
        epochs: One dict an epoch, the fields of `Epoch`.
        tested: The fields of `Tested`, or None.
        step: Recorded steps, `(n,) int64`, rising from 1.
        time: When each was recorded, in seconds since 1970, `(n,) float64`.
        steps: Column → value at each step, `(n,) float64`: loss, accuracy, learning_rate, and precision and
            recall where they were recorded.
        epoch: The epoch that each step belongs to, `(n,) int64`, from 1.
        epoch_times: When each epoch was recorded, in seconds since 1970.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        history = History()
        columns: dict[str, array[float]] = {}
        ended: dict[int, float] = {}
        for event in events:
            history.add(event)
            if event.kind == "steps":
                _note(columns, event)
            elif event.kind == "epoch":
                ended[event.payload["epoch"]] = event.time.timestamp()
        self.epochs: list[dict[str, Any]] = history.epochs
        self.epoch_times = [ended[row["epoch"]] for row in history.epochs]
        self.tested = history.tested
        self.step = history.step
        self.epoch = -(-self.step // max(1, history.steps_per_epoch))
        known = {name: np.array(values)[self.step - 1] for name, values in columns.items()}
        self.time: NDArray[np.float64] = known.pop("time", np.zeros(0))
        self.steps: dict[str, NDArray[np.float64]] = known

    def write_csv(self, folder: Path) -> None:
        """Write `epochs.csv` and `steps.csv`; a number that is not finite, or not known, is an empty cell."""
        names = list(dict.fromkeys(name for row in self.epochs for name in row))
        used = [name for name in names if any(row.get(name) is not None for row in self.epochs)]
        with (folder / "epochs.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(used)
            writer.writerows([_cell(row.get(name)) for name in used] for row in self.epochs)
        with (folder / "steps.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["step", "epoch", *self.steps])
            rows = zip(self.step.tolist(), self.epoch.tolist(), *self._columns(), strict=True)
            writer.writerows([_cell(value) for value in row] for row in rows)

    def _columns(self) -> list[list[float]]:
        return [values.tolist() for values in self.steps.values()]


def _note(columns: dict[str, array[float]], event: Event) -> None:
    """Put the values of some consecutive steps into the columns, each at its step."""
    first, count = event.payload["first_step"], len(event.payload["loss"])
    values = {name: event.payload[name] for name in _OF_EACH_STEP if event.payload.get(name) is not None}
    values["learning_rate"] = [event.payload["learning_rate"]] * count
    values["time"] = [event.time.timestamp()] * count
    longest = max([first - 1 + count, *map(len, columns.values())])
    for name in (*columns, *(name for name in values if name not in columns)):
        column = columns.setdefault(name, array("d"))
        column.extend([math.nan] * (longest - len(column)))
        if name in values:
            numbers = (math.nan if value is None else value for value in values[name])
            column[first - 1 : first - 1 + count] = array("d", numbers)


def _cell(value: float | None) -> float | str:
    return "" if value is None or not math.isfinite(value) else value
