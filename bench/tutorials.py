"""Each tutorial's own script against the fast recipe of its preset, as fresh processes on the same images.

`python -m bench.tutorials [--data DIR] [--tutorial NAME] [--seeds N] [--json]`. The last line is a JSON
object: `speedup` is the time from the start of the training to the target, published ÷ fast, the median of
the seeds. The start is before the model is built; compiling counts, imports and the reading of the data do
not. Both test on the test images after each epoch. The target is the test accuracy that the tutorial reports;
on a part of a data set, the best that its script reaches with the same seed within 15 epochs. Nothing in the
fast recipe was chosen by a test image. With several tutorials, `speedup` and `images_per_second_ratio` of the
last line are the least of theirs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.common import machine, say
from bench.race import run
from bench.race.reckoning import TUTORIALS, VARIANTS, Tutorial, reckoned
from cnnlab import datasets, processor, settings
from cnnlab.spec import presets

SEEDS = 3
COLUMNS = ("", "target %", "published s", "fast s", "speedup", "images/s ratio", "reached")


def main(arguments: Sequence[str] | None = None) -> None:
    """Race, and print a table and the line of JSON."""
    options = _options(arguments)
    if options.data is not None:
        os.environ["CNNLAB_DATA"] = str(options.data.resolve())
        settings.get.cache_clear()
    chosen = [by_name(options.tutorial)] if options.tutorial else TUTORIALS
    told = [result for tutorial in chosen if (result := _raced(tutorial, options.seeds)) is not None]
    if not options.json:
        print(table(told), end="\n\n")
    print(json.dumps(summed_up(told), ensure_ascii=False))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with NAME.npz (default: what CNN Lab has here)")
    names = ", ".join(tutorial.name for tutorial in (*TUTORIALS, *VARIANTS))
    parser.add_argument("--tutorial", type=_known, help=f"one of {names}, or a preset (default: T1 to T4)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="pairs of trainings (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the line of JSON alone")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds: expected 1 or more. Received {options.seeds}.")
    return options


def _known(name: str) -> str:
    try:
        return by_name(name).name
    except KeyError:
        raise argparse.ArgumentTypeError(f"there is no tutorial {name!r}") from None


def by_name(name: str) -> Tutorial:
    """A tutorial by its own name in any case, or by its preset's.

    Raises:
        KeyError: there is none.
    """
    for tutorial in (*TUTORIALS, *VARIANTS):
        if name.lower() in (tutorial.name.lower(), tutorial.preset):
            return tutorial
    raise KeyError(name)


def _raced(tutorial: Tutorial, seeds: int) -> dict[str, Any] | None:
    """What is told of one tutorial; None where its data set is not on this machine."""
    dataset = presets.preset(tutorial.preset).dataset
    if not datasets.is_installed(dataset):
        say(f"{tutorial.name} is left out: {dataset} is not on this machine. Put {dataset}.npz into --data.")
        return None
    with tempfile.TemporaryDirectory() as folder:
        ground = run.prepare(dataset, Path(folder))
        pairs = [run.race(tutorial, ground, seed) for seed in range(seeds)]
    bfloat16 = processor.gains_from_bfloat16()
    design = run.fast_design(tutorial, ground, seed=0)
    return {
        "tutorial": tutorial.name,
        "preset": tutorial.preset,
        "data": {
            "name": dataset,
            "whole": ground.whole,
            "train_images": ground.train_images,
            "test_images": ground.test_images,
        },
        "recipe": design.training.model_dump(mode="json", exclude_defaults=True),
        **reckoned(tutorial, pairs, whole=ground.whole, bfloat16=bfloat16),
    }


def summed_up(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The last line: one tutorial's own, or the least of several with all of them."""
    facts = {"what": "tutorials", "machine": machine(), "bfloat16": processor.gains_from_bfloat16()}
    if len(told) == 1:
        return facts | dict(told[0])
    speedups, ratios = ([each[key] for each in told] for key in ("speedup", "images_per_second_ratio"))
    return {
        **facts,
        "speedup": min(speedups, default=None),
        "images_per_second_ratio": min(ratios, default=None),
        "kept": bool(told) and all(each["kept"] for each in told),
        "tutorials": list(told),
    }


def table(told: Sequence[dict[str, Any]]) -> str:
    """The races as lines of text: medians over the seeds."""
    rows = [COLUMNS, *(_row(each) for each in told)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    return (
        told["tutorial"],
        f"{100 * statistics.median(told['target']):.2f}",
        _seconds(told["published"]["seconds_to_target"]),
        _seconds(told["fast"]["seconds_to_target"]),
        f"{told['speedup']:.1f}",
        f"{told['images_per_second_ratio']:.1f}",
        f"{told['seeds_that_reach_the_target']} of {told['seeds']}",
    )


def _seconds(values: Sequence[float | None]) -> str:
    """The median, a value that was never reached being greater than any other."""
    middle = statistics.median(math.inf if value is None else value for value in values)
    return f"{middle:.1f}" if math.isfinite(middle) else "never"


if __name__ == "__main__":
    main()
