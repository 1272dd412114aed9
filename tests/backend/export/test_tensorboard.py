"""The event files, read by TensorBoard's own reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnnlab.backend.export.task import export
from cnnlab.runs import History, RunRow, get_store
from tests.backend.conftest import finished, store, trained_home

__all__ = ["finished", "store", "trained_home"]  # fixtures

pytestmark = [
    pytest.mark.slow,
    # TensorBoard's reader asks NumPy and protobuf in ways of their last years.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard"),
]


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {
        tag: [(each.step, each.value) for each in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]
    }


def test_tensorboard_shows_the_curves_of_the_record(finished: RunRow, tmp_path: Path) -> None:
    report = export(finished.id, "tensorboard", str(tmp_path / "curves"))
    history = History.fold(get_store().events(finished.id))
    train = scalars(tmp_path / "curves" / "train")
    assert [step for step, _ in train["batch_loss"]] == history.step.tolist()
    np.testing.assert_allclose([value for _, value in train["batch_loss"]], history.loss, rtol=1e-6)
    np.testing.assert_allclose([value for _, value in train["batch_accuracy"]], history.accuracy, rtol=1e-6)
    assert len(train["learning_rate"]) == len(history.step)
    (epoch,) = history.epochs
    assert train["epoch_loss"] == [(1, pytest.approx(epoch["loss"]))]
    assert scalars(tmp_path / "curves" / "validation")["epoch_accuracy"] == [
        (1, pytest.approx(epoch["val_accuracy"]))
    ]
    assert history.tested is not None
    assert scalars(tmp_path / "curves" / "test")["epoch_accuracy"] == [
        (1, pytest.approx(history.tested["accuracy"]))
    ]
    assert report.images == 0
    assert "tensorboard --logdir curves" in (tmp_path / "curves" / "README.md").read_text()
