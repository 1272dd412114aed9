"""The curves of a training as TensorBoard event files.

`tf.summary` needs the package `tensorboard`; but its files are TFRecords of `Event` messages, and TensorFlow
itself has both. So they are written here, with the times of the training and not those of the export.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import summary_pb2
from tensorflow.core.util import event_pb2

from cnnlab.runs import Event
from cnnlab.runs.tables import Tables

_VERSION = "brain.Event:2"
"""What TensorBoard expects in the first message of a file."""

_MEASURES = ("loss", "accuracy", "precision", "recall")


def write(folder: Path, events: Iterable[Event]) -> None:
    """Write a run's curves.

    As Keras's own callback does, training, validation and test are folders of their own, which TensorBoard
    draws as curves of one chart: `epoch_loss` over epochs; and over steps `batch_loss` and `learning_rate`.

    Args:
        folder: where to; it is made.
        events: the run's events, in order.
    """
    tables = Tables(events)
    folder.mkdir()
    _write(folder / "train", [*_batches(tables), *_epochs(tables, "")])
    if any(row.get("val_loss") is not None for row in tables.epochs):
        _write(folder / "validation", list(_epochs(tables, "val_")))
    if tables.tested is not None and tables.epochs:
        _write(
            folder / "test",
            [_event(tables.epoch_times[-1], tables.epochs[-1]["epoch"], _epoch_values(tables.tested, ""))],
        )


def _batches(tables: Tables) -> Iterator[event_pb2.Event]:
    for place, step in enumerate(tables.step.tolist()):
        values = {
            name if name == "learning_rate" else f"batch_{name}": float(column[place])
            for name, column in tables.steps.items()
        }
        yield _event(float(tables.time[place]), step, values)


def _epochs(tables: Tables, prefix: str) -> Iterator[event_pb2.Event]:
    for time, row in zip(tables.epoch_times, tables.epochs, strict=True):
        yield _event(time, row["epoch"], _epoch_values(row, prefix))


def _epoch_values(row: Mapping[str, Any], prefix: str) -> dict[str, float | None]:
    return {f"epoch_{name}": row.get(prefix + name) for name in _MEASURES}


def _event(time: float, step: int, values: Mapping[str, float | None]) -> event_pb2.Event:
    """One moment; values that are missing or not finite are left out."""
    summary = summary_pb2.Summary(
        value=[
            summary_pb2.Summary.Value(tag=tag, simple_value=value)
            for tag, value in values.items()
            if value is not None and math.isfinite(value)
        ]
    )
    return event_pb2.Event(wall_time=time, step=step, summary=summary)


def _write(folder: Path, events: list[event_pb2.Event]) -> None:
    folder.mkdir()
    first = min((event.wall_time for event in events), default=0.0)
    with tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{int(first):010d}.cnnlab")) as writer:
        writer.write(event_pb2.Event(wall_time=first, file_version=_VERSION).SerializeToString())
        for event in events:
            writer.write(event.SerializeToString())
