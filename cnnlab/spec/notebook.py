"""A design as a Jupyter notebook: the Keras script in cells, with words between them."""

from __future__ import annotations

import ast
import json
from typing import Any

from cnnlab.spec.design import Design
from cnnlab.spec.source import keras_source

_IMAGES = "## The images\n\nPixels become numbers from 0 to 1."
_HEADINGS = (
    ("augmentation", "## Augmentation"),
    ("model", "## The network"),
    ("images", _IMAGES),
    ("x_train", _IMAGES),
    ("epochs", "## How it is trained"),
    ("model.compile", "## Train it"),
)
"""What a paragraph of the script assigns or calls → the heading above it, once; the first that fits."""

_AFTER_FIT = """\
for number, loss in enumerate(history.history["loss"], start=1):
    print(number, {name: round(values[number - 1], 4) for name, values in history.history.items()})"""

_ASK = """\
import numpy as np

logits = model.predict(x_test[:10])
print("predicted", logits.argmax(axis=1))
print("actual   ", np.array(y_test[:10]).ravel())"""


def notebook(design: Design, title: str) -> str:
    """A notebook in Jupyter's format 4.5 that builds and trains the same network as `keras_source`.

    Args:
        design: The design.
        title: Its heading.

    Raises:
        SpecError: The architecture has a problem; the message is the problem's.
    """
    cells = [_markdown(_introduction(design, title))]
    told = set()
    for lines, names in _paragraphs(keras_source(design)):
        found, heading = next((each for each in _HEADINGS if each[0] in names), ("", ""))
        if heading and heading not in told:
            cells.append(_markdown(heading))
            told.add(heading)
        cells += [_code(part) for part in _parts(lines, names)]
        if found == "model":
            cells.append(_code("model.summary()"))
    cells += [_markdown("## Ask it\n\nThe class of the largest logit is the answer."), _code(_ASK)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return json.dumps(_document(cells), indent=1, ensure_ascii=False) + "\n"


def _introduction(design: Design, title: str) -> str:
    needs = "Keras 3 with TensorFlow"
    if "import cnnlab" in keras_source(design):
        needs += ", and CNN Lab itself for the images (`pip install .` in its folder)"
    return (
        f"# {title}\n\nThe network and the training of a run of CNN Lab, as plain Keras code. It needs "
        f"{needs}. Numbers differ a little from the run's: Keras shuffles the images in an order of its own."
    )


def _paragraphs(source: str) -> list[tuple[str, set[str]]]:
    """The script's paragraphs, split at empty lines between statements, with what each assigns or calls."""
    lines = source.splitlines()
    starts: list[int] = []
    names: list[set[str]] = []
    for statement in ast.parse(source).body:
        first = statement.lineno - 1
        while lines[first - 1].startswith("#"):  # a comment belongs to what comes after it
            first -= 1
        # A network with branches has paragraphs of its own, from `inputs` to `model`: one cell.
        inside = names and "inputs" in names[-1] and "model" not in names[-1]
        if not starts or (not lines[first - 1].strip() and not inside):
            starts.append(first)
            names.append(set())
        names[-1] |= _names(statement)
    ends = [*starts[1:], len(lines)]
    return [
        ("\n".join(lines[start:end]).strip("\n"), found)
        for start, end, found in zip(starts, ends, names, strict=True)
    ]


def _names(statement: ast.stmt) -> set[str]:
    """Names that a statement assigns, and the function it calls by its dotted name."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return {ast.unparse(statement.value.func)}
    if isinstance(statement, ast.Assign):
        return {
            node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)
        }
    return set()


def _parts(paragraph: str, names: set[str]) -> list[str]:
    """One cell; three where it trains: what comes before the test, the curves, the test."""
    if "model.fit" not in names:
        return [paragraph]
    training, _, test = paragraph.replace("\nmodel.fit(", "\nhistory = model.fit(").partition(
        "\nmodel.evaluate("
    )
    return [training, _AFTER_FIT, f"model.evaluate({test}"]


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }


def _document(cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
