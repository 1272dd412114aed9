"""The command line: `python -m cnnlab presets|datasets|import|train|resume|evaluate|runs|export`.

Results go to standard output, progress and errors to standard error. Exit status: 0; 1 when something failed;
2 when what was asked cannot be meant; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cnnlab import api, datasets
from cnnlab.api import exports
from cnnlab.api.progress import counting_bar
from cnnlab.cli import (
    BAD_INPUT,
    Parser,
    add_training,
    chosen_design,
    complain,
    percent,
    show,
    whole,
    whole_number,
)
from cnnlab.datasets.own import shelf
from cnnlab.datasets.own.pictures import Preparation
from cnnlab.errors import (
    CNNLabError,
    DatasetError,
    DatasetUnavailable,
    RunError,
    RunNotFound,
    RunStateError,
    SettingsError,
    SpecError,
)
from cnnlab.runs.rows import plain_number
from cnnlab.spec import formats, presets

FAILED, INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    try:
        options = parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int] = options.command
        status = command(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `| head` has read enough; Python must not complain again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except CNNLabError as exc:
        complain(str(exc))
        return BAD_INPUT if _is_bad_input(exc) else FAILED


def _is_bad_input(exc: CNNLabError) -> bool:
    """Whether the error lies in what was asked, and not in what happened then."""
    if isinstance(exc, DatasetUnavailable):
        return False
    # A plain RunError refuses a name, a step or an image; how a training ended is told by `follow`.
    asked = SpecError, SettingsError, RunNotFound, RunStateError, DatasetError
    return isinstance(exc, asked) or type(exc) is RunError


def parser() -> argparse.ArgumentParser:
    """The commands and their options; those of a training come from its declaration."""
    top = Parser(prog="python -m cnnlab", description="Design, train and look into convolutional networks.")
    commands = top.add_subparsers(required=True, metavar="COMMAND", title="commands")

    def add(
        name: str, command: Callable[[argparse.Namespace], int], summary: str, *, run: bool = False
    ) -> Any:
        added = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        added.set_defaults(command=command)
        if run:
            added.add_argument("run", metavar="RUN", help="id of a run, as the command runs shows it")
        added.add_argument("--json", action="store_true", help="print JSON")
        return added

    add("presets", list_presets, "List the networks to start from.")
    add("datasets", list_datasets, "List the data sets.")
    _add_import(add("import", import_images, "Make a data set of own images: a folder of pictures a class."))
    add_training(add("train", train, "Train a network and wait for it."))
    add("resume", resume, "Go on with a run that was stopped, failed or interrupted.", run=True)
    evaluating = add("evaluate", evaluate, "Ask a run's network about its test images.", run=True)
    evaluating.add_argument("--step", type=whole_number, help="step of the weights (default: the last kept)")
    listing = add("runs", list_runs, "List runs, the newest first.")
    listing.add_argument("--owner", help="only those of one owner (default: all)")
    exporting = add("export", export, "Write a run's network in another form.", run=True)
    exporting.add_argument(
        "--format", required=True, choices=formats.names(), metavar="FORMAT", help=", ".join(formats.names())
    )
    exporting.add_argument("--step", type=whole_number, help="step of the weights (default: the last kept)")
    exporting.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help="file or folder (default: the run's name, here; source and notebook: standard output)",
    )
    return top


def _add_import(importing: argparse.ArgumentParser) -> None:
    importing.add_argument(
        "path", metavar="PATH", help="a folder or a zip that holds a folder for each class"
    )
    importing.add_argument("--name", help="what to call it (default: the folder's or the zip's name)")
    importing.add_argument(
        "--size",
        type=whole_number,
        default=Preparation.side,
        help="side of the images in pixels (default: %(default)s)",
    )
    importing.add_argument("--grey", action="store_true", help="make them grey (default: colour)")
    importing.add_argument(
        "--fit", action="store_true", help="keep whole pictures, with black bars (default: crop the middle)"
    )


# Commands


def list_presets(options: argparse.Namespace) -> int:
    """Print name, data set, input shape and parameters of each preset."""
    rows = [
        {
            "name": preset.name,
            "title": preset.title,
            "dataset": preset.dataset,
            "input_shape": list(preset.architecture.input_shape),
            "parameters": preset.architecture.trace().total_parameters,
            "tutorial": preset.tutorial,
        }
        for preset in presets.all()
    ]
    show(rows, ("name", "dataset", "input_shape", "parameters", "title"), as_json=options.json)
    return 0


def list_datasets(options: argparse.Namespace) -> int:
    """Print what is known of each data set, and whether it is on this machine."""
    rows = []
    for name in datasets.names() + [card.name for card in shelf.cards(shelf.SHARED_OWNER)]:
        info = datasets.info(name)
        rows.append(
            {
                "name": name,
                "title": info.title,
                "installed": datasets.is_installed(name),
                "images": info.images,
                "image_shape": list(info.image_shape),
                "classes": list(info.class_names),
                "download_bytes": info.download_bytes,
                "source": info.source,
                "licence": info.licence,
                "url": info.url,
            }
        )
    show(
        rows,
        ("name", "installed", "images", "image_shape", "download_bytes", "licence"),
        as_json=options.json,
    )
    if (missing := datasets.missing_folder()) is not None:
        complain(missing)
    return 0


def import_images(options: argparse.Namespace) -> int:
    """Make a data set of a folder or a zip, and say what was left out."""
    path = Path(options.path)
    make = datasets.import_folder if path.is_dir() else datasets.import_zip
    with counting_bar("Importing", " pictures") as told:
        name = make(
            path,
            options.name or path.stem,
            size=options.size,
            colour=not options.grey,
            crop=not options.fit,
            progress=told,
        )
    card = shelf.card(name)
    for each in card.skipped:
        print(f"left out: {each.path}: {each.reason}", file=sys.stderr)
    result = {
        "name": name,
        "title": card.title,
        "images": card.images,
        "image_shape": list(card.preparation.image_shape),
        "classes": dict(zip(card.class_names, card.counts, strict=True)),
        "left_out": card.skipped_count,
    }
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{name} ({card.title}): {card.images:,} images in {len(card.class_names)} classes.")
    return 0


def train(options: argparse.Namespace) -> int:
    """Start a run and wait for it."""
    design = chosen_design(options)
    api.install(design.dataset)
    return follow(api.start(design, name=options.name), options)


def resume(options: argparse.Namespace) -> int:
    """Go on with a run and wait for it."""
    run = api.get(options.run)
    if run.resumable:
        api.install(run.design.dataset)
    run.resume()
    return follow(run, options)


def follow(run: api.Run, options: argparse.Namespace) -> int:
    """Wait for a run with a progress bar and print its result, however it ended."""
    print(f"Run {run.id} ({run.name}) trains. Ctrl-C stops it and keeps its state.", file=sys.stderr)
    status = 0
    try:
        api.finish(run)
    except RunError as exc:
        complain(str(exc))
        status = FAILED
    except KeyboardInterrupt:
        status = INTERRUPTED
    row, design = run.row, run.design
    if row.status in ("stopped", "interrupted"):
        print(f"It is {row.status}. Go on with: python -m cnnlab resume {run.id}", file=sys.stderr)
    accuracy = row.result.get("test_accuracy")
    result = {
        "run": run.id,
        "name": row.name,
        "status": row.status,
        "message": row.message,
        "test_accuracy": accuracy,
        "test_loss": row.result.get("test_loss"),
        "val_accuracy": row.result.get("val_accuracy"),
        "epochs": whole(row.result.get("epochs_done")),
        "step": row.result.get("step"),
        "seconds": row.result.get("seconds"),
        "parameters": design.architecture.trace().total_parameters,
    }
    if options.json:
        print(json.dumps(result, allow_nan=False))
    else:
        print(f"Run {run.id} is {row.status}: test accuracy {percent(accuracy)}.")
    return status


def evaluate(options: argparse.Namespace) -> int:
    """Print accuracy, loss, confusion matrix and the figures of each class."""
    run = api.get(options.run)
    evaluation = run.evaluate(options.step)
    classes = [
        {
            "name": row.name,
            "precision": row.precision,
            "recall": row.recall,
            "f1": row.f1,
            "support": row.support,
        }
        for row in evaluation.report
    ]
    result = {
        "run": run.id,
        "test_accuracy": evaluation.accuracy,
        "test_loss": plain_number(evaluation.loss),
        "images": len(evaluation),
        "class_names": list(evaluation.class_names),
        "confusion_matrix": evaluation.confusion.tolist(),
        "per_class": classes,
        "macro_f1": evaluation.macro_f1,
    }
    if options.json:
        print(json.dumps(result, allow_nan=False))
        return 0
    print(f"{percent(evaluation.accuracy)} of {len(evaluation):,} test images right.\n")
    show(classes, ("name", "precision", "recall", "f1", "support"), as_json=False)
    print("\nConfusion matrix (rows: actual class, columns: predicted class)")
    width = max(len(str(evaluation.confusion.max())), 3)
    for name, counts in zip(evaluation.class_names, evaluation.confusion.tolist(), strict=True):
        print(" ".join(f"{count:>{width}}" for count in counts), f" {name}")
    return 0


def list_runs(options: argparse.Namespace) -> int:
    """Print a line a run."""
    rows = [
        {
            "run": run.id,
            "name": run.name,
            "owner": run.row.owner,
            "status": run.status,
            "test_accuracy": run.row.result.get("test_accuracy"),
            "epochs": whole(run.row.result.get("epochs_done")),
            "seconds": run.row.result.get("seconds"),
            "created_at": run.row.created_at.isoformat(timespec="seconds"),
            "message": run.row.message,
        }
        for run in api.runs(options.owner)
    ]
    show(
        rows,
        ("run", "name", "status", "test_accuracy", "epochs", "seconds", "created_at"),
        as_json=options.json,
    )
    return 0


def export(options: argparse.Namespace) -> int:
    """Write a run in another form and say how it compares with the network."""
    run, form = api.get(options.run), formats.get(options.format)
    if options.output is None and form.content == "design":
        print(exports.text(form, run.row), end="")
        return 0
    report = run.export(form.name, options.output or form.file_name(run.name), options.step)
    if options.json:
        print(json.dumps(dataclasses.asdict(report), allow_nan=False))
    else:
        print(" ".join(filter(None, [f"Wrote {report.path}, {report.bytes:,} bytes.", report.words()])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
