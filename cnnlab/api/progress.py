"""Progress bars for notebooks and terminals."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from cnnlab.runs.history import History

Watch = Callable[[History], None]
"""Called several times a second while a run trains, with what its record says so far."""


def wanted() -> bool:
    """Whether someone looks: a terminal, or a notebook's output below a cell."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


@contextlib.contextmanager
def training_bar(*, enabled: bool = True) -> Iterator[Watch]:
    """A bar over a run's steps, with the last losses, and a line for each epoch that is done.

    The lines stay where the bar is not shown, so that a log file tells the training too.

    Args:
        enabled: whether to show anything at all.
    """
    if not enabled:
        yield lambda history: None
        return
    # Not `tqdm.auto`: it warns in notebooks without ipywidgets.
    from tqdm.std import tqdm  # type: ignore[import-untyped]

    with tqdm(unit=" steps", disable=not wanted(), file=sys.stderr, leave=False, dynamic_ncols=True) as bar:
        told = 0

        def watch(history: History) -> None:
            nonlocal told
            if history.epochs and told == 0:
                told = history.epochs[0]["epoch"] - 1
            for row in history.epochs:
                if row["epoch"] > told:
                    told = row["epoch"]
                    tqdm.write(epoch_line(row, history.total_epochs), file=sys.stderr)
            if history.total_steps and bar.total != history.total_steps:
                bar.reset(total=history.total_steps)
                # What was done before a resume is no part of the rate.
                bar.initial = bar.n = history.last_step
            bar.set_postfix_str(batch_words(history), refresh=False)
            bar.update(history.last_step - bar.n)
            bar.refresh()

        yield watch


@contextlib.contextmanager
def download_bar(title: str, *, enabled: bool = True) -> Iterator[Callable[[int, int], None] | None]:
    """A bar over the bytes of a download, for `cnnlab.datasets.install`; it appears with the first byte."""
    with counting_bar(title, "B", enabled=enabled, scale=True) as told:
        yield told


@contextlib.contextmanager
def counting_bar(
    title: str, unit: str, *, enabled: bool = True, scale: bool = False
) -> Iterator[Callable[[int, int], None] | None]:
    """A bar that is told what is done and what there is in all; it appears when first told.

    Args:
        title: what stands before it.
        unit: what is counted.
        enabled: whether to show it at all.
        scale: whether to write 1.2k for 1,200.
    """
    if not enabled or not wanted():
        yield None
        return
    from tqdm.std import tqdm

    bars: list[Any] = []

    def progress(done: int, total: int) -> None:
        if not bars:
            bars.append(
                tqdm(desc=title, total=total, unit=unit, unit_scale=scale, file=sys.stderr, leave=False)
            )
        bars[0].update(done - bars[0].n)

    try:
        yield progress
    finally:
        for bar in bars:
            bar.close()


def epoch_line(row: dict[str, Any], epochs: int) -> str:
    """One epoch in words: "Epoch 2/5 · loss 0.412 · accuracy 87.1 % · validation …"."""
    parts = [
        f"Epoch {row['epoch']}/{epochs}",
        f"loss {_number(row['loss'])}",
        f"accuracy {_share(row['accuracy'])}",
    ]
    if row["val_loss"] is not None:
        parts.append(f"validation loss {_number(row['val_loss'])}, accuracy {_share(row['val_accuracy'])}")
    parts.append(f"{row['seconds']:.1f} s")
    return " · ".join(parts)


def batch_words(history: History) -> str:
    """The loss and accuracy of the last batch in words; empty before the first."""
    if not history.last_step:
        return ""
    return f"loss {history.loss[-1]:.4f}, accuracy {_share(float(history.accuracy[-1]))}"


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
