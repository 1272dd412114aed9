"""The tables of a run, compared with the events that were written."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cnnlab.runs import Epoch, Event, Payload, Started, Steps, Tested
from cnnlab.runs.tables import Tables


def events(*payloads: Payload) -> list[Event]:
    """Events a second apart."""
    return [
        Event(seq, "0123456789", datetime.fromtimestamp(1000 + seq, UTC), each.kind, plain(each))
        for seq, each in enumerate(payloads, start=1)
    ]


def plain(payload: Payload) -> dict[str, Any]:
    fields = payload.model_dump()
    return {
        name: [None if isinstance(v, float) and math.isnan(v) else v for v in value]
        if isinstance(value, tuple)
        else value
        for name, value in fields.items()
    }


def started(step: int = 0) -> Started:
    return Started(step=step, total_steps=6, steps_per_epoch=3, epochs=2, batch_size=8, train_images=24)


def steps(first: int, losses: list[float], rate: float = 0.1) -> Steps:
    return Steps(
        first_step=first,
        loss=losses,
        accuracy=[0.5] * len(losses),
        learning_rate=rate,
        images_per_second=9,
    )


def epoch(number: int, loss: float = 0.5) -> Epoch:
    return Epoch(
        epoch=number, step=3 * number, loss=loss, accuracy=0.7, val_loss=loss + 0.1, val_accuracy=0.6,
        seconds=1.5, images_per_second=16,
    )  # fmt: skip


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_files_hold_every_epoch_and_every_step(tmp_path: Path) -> None:
    told = events(
        started(),
        steps(1, [3.0, 2.0]),
        steps(3, [1.5], 0.05),
        epoch(1),
        steps(4, [1.0, 0.9, math.nan]),
        epoch(2),
    )
    Tables(told).write_csv(tmp_path)
    rows = read(tmp_path / "steps.csv")
    assert [row["step"] for row in rows] == list("123456")
    assert [row["epoch"] for row in rows] == list("111222")
    assert [row["loss"] for row in rows] == ["3.0", "2.0", "1.5", "1.0", "0.9", ""]
    assert [row["learning_rate"] for row in rows] == ["0.1", "0.1", "0.05", "0.1", "0.1", "0.1"]
    assert list(rows[0]) == ["step", "epoch", "loss", "accuracy", "learning_rate"]
    epochs = read(tmp_path / "epochs.csv")
    assert [(row["epoch"], row["step"], row["val_loss"]) for row in epochs] == [
        ("1", "3", "0.6"),
        ("2", "6", "0.6"),
    ]
    assert "precision" not in epochs[0]  # nobody measured it


def test_what_a_resume_did_again_counts_once(tmp_path: Path) -> None:
    told = events(
        started(), steps(1, [3.0, 2.0, 1.5]), epoch(1, 9.0), steps(4, [7.0, 7.0]), started(3),
        steps(4, [1.0]), epoch(1, 0.4), Tested(step=4, loss=0.3, accuracy=0.9),
    )  # fmt: skip
    tables = Tables(told)
    assert tables.steps["loss"].tolist() == [3.0, 2.0, 1.5, 1.0]
    assert tables.time.tolist() == [1002, 1002, 1002, 1006]
    assert [row["loss"] for row in tables.epochs] == [0.4]
    assert tables.epoch_times == [1007]
    assert tables.tested is not None
    assert tables.tested["accuracy"] == 0.9


def test_a_run_that_has_not_begun_has_empty_tables(tmp_path: Path) -> None:
    Tables([]).write_csv(tmp_path)
    assert read(tmp_path / "steps.csv") == read(tmp_path / "epochs.csv") == []


def test_precision_is_told_where_it_was_measured(tmp_path: Path) -> None:
    with_precision = steps(2, [1.0, 0.5]).model_copy(update={"precision": (0.25, 0.75), "recall": (0.5, 0.5)})
    Tables(events(started(), steps(1, [3.0]), with_precision)).write_csv(tmp_path)
    assert [row["precision"] for row in read(tmp_path / "steps.csv")] == ["", "0.25", "0.75"]
