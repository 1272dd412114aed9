"""What the command line reads and writes: options of a training, designs, tables, one-line complaints."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from cnnlab import datasets, processor
from cnnlab.errors import SpecError
from cnnlab.spec import links, presets
from cnnlab.spec.architecture import MAX_LAYERS
from cnnlab.spec.design import Design
from cnnlab.spec.fields import Control
from cnnlab.spec.training import TrainingConfig

BAD_INPUT = 2
"""Exit status when what was asked cannot be meant."""

MAX_DESIGN_BYTES = 10_000_000
"""The deepest stack allowed takes a hundredth of it; the rest leaves room to say what is too much."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """End with the message and the status of bad input."""
        complain(f"{message}. See {self.prog} --help.")
        sys.exit(BAD_INPUT)


def complain(message: str) -> None:
    """One line on standard error."""
    print(f"cnnlab: {' '.join(message.split())}", file=sys.stderr)


# What is asked


def add_training(training: argparse.ArgumentParser) -> None:
    """What to train, and an option for each field of `TrainingConfig`."""
    what = training.add_mutually_exclusive_group(required=True)
    what.add_argument("--preset", metavar="NAME", help="a network to start from: see the command presets")
    what.add_argument("--design", metavar="FILE", help="a design as JSON")
    what.add_argument("--link", metavar="TEXT", help="a design as its link, or the text behind ?lab= in it")
    training.add_argument(
        "--recipe",
        choices=presets.RECIPES,
        help="train a tutorial's preset as published, fast to the same accuracy, or short for a first look",
    )
    training.add_argument("--dataset", metavar="NAME", help="train on another data set than the design's")
    training.add_argument("--name", help="what to call the run")
    fields = training.add_argument_group("training settings")
    for control in TrainingConfig.controls().values():
        how: dict[str, Any] = {
            "type": _reader(control),
            "choices": control.options or None,
            "metavar": None if control.options else "N" if control.kind == "integer" else "X",
        }
        if control.kind == "switch":
            how = {"action": argparse.BooleanOptionalAction, "default": None}
        words = f"{control.help} (default: the design's)".replace("%", "%%")
        fields.add_argument("--" + control.name.replace("_", "-"), help=words, **how)


def _reader(control: Control) -> Callable[[str], Any]:
    """Reads the text of an option; the field's declaration decides what is accepted."""

    def read(text: str) -> Any:
        try:
            value = {"integer": int, "real": float}.get(control.kind, str)(text)
        except ValueError:
            value = None
        if value is None or not (control.kind == "choice" or control.accepts(value)):
            raise argparse.ArgumentTypeError(f"expected {control.expected}, received {text[:40]!r}")
        return value

    return read


def whole_number(text: str) -> int:
    """Reads the text of an option that counts something; who takes the number says what its bounds are."""
    try:
        return int(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"expected a whole number, received {text[:40]!r}") from exc


def chosen_design(options: argparse.Namespace) -> Design:
    """The design that the options of `train` describe.

    Raises:
        SpecError: It cannot be meant.
        DatasetError: There is no such data set.
    """
    if options.recipe is not None:
        design = _by_recipe(options)
    elif options.preset is not None:
        design = presets.preset(options.preset).design
    elif options.link is not None:
        design = links.decode(_behind_lab(options.link))
    else:
        design = _read_design(Path(options.design))
    given = {name: getattr(options, name) for name in TrainingConfig.controls()}
    design = design.replace(
        training=design.training.replace(
            **{name: value for name, value in given.items() if value is not None}
        )
    )
    if options.dataset is not None:
        info = datasets.info(options.dataset)
        architecture = design.architecture.with_data(info.image_shape, len(info.class_names))
        design = design.replace(dataset=options.dataset, architecture=architecture)
    return design


def _by_recipe(options: argparse.Namespace) -> Design:
    if options.preset is None:
        raise SpecError("--recipe: expected a tutorial's preset to go with it. Name one with --preset.")
    preset = presets.preset(options.preset)
    training = preset.recipe(options.recipe, bfloat16=processor.gains_from_bfloat16())
    return preset.design.replace(training=training)


def _behind_lab(link: str) -> str:
    """The text of a design in a whole address (`…/design?lab=…`); any other text as it is."""
    found = re.search(r"[?&]lab=([^&#]*)", link)
    return found[1] if found else link


def _read_design(path: Path) -> Design:
    try:
        with path.open("rb") as file:
            source = file.read(MAX_DESIGN_BYTES + 1)
    except OSError as exc:
        raise SpecError(f"The design {path} cannot be read: {exc.strerror or exc}.") from exc
    if len(source) > MAX_DESIGN_BYTES:
        raise SpecError(
            f"{path}: expected a design as JSON, with at most {MAX_LAYERS} layers. Received more than "
            f"{MAX_DESIGN_BYTES:,} bytes, and no design takes a hundredth of that."
        )
    return Design.from_json(source)


# What is answered


def show(rows: list[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows as JSON, with everything that is known; or as a table of some columns."""
    if as_json:
        print(json.dumps(rows, allow_nan=False))
        return
    table = [[column.replace("_", " ") for column in columns]]
    table += [[_cell(column, row[column]) for column in columns] for row in rows]
    widths = [max(len(line[place]) for line in table) for place in range(len(columns))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "–"
    if column.endswith("_accuracy"):
        return percent(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "×".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def percent(share: float | None) -> str:
    """A share of 1 as a percentage; a dash where it is not known."""
    return "–" if share is None else f"{100 * share:.1f} %"


def whole(number: float | None) -> float | None:
    """2 for 2.0: epochs are whole, unless the training was stopped within one."""
    return int(number) if number is not None and number == int(number) else number
