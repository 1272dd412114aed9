from __future__ import annotations

import json

import nbformat
import pytest

from cnnlab.spec import presets
from cnnlab.spec.notebook import notebook
from cnnlab.spec.source import keras_source


def code(text):
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_gives_a_valid_notebook(name):
    text = notebook(presets.preset(name).design, "My network")
    nbformat.validate(nbformat.reads(text, as_version=4))
    headings = [
        cell["source"][0].strip() for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"
    ]
    assert headings[0] == "# My network"
    assert headings[1:] == [
        "## The network", "## The images", "## How it is trained", "## Train it", "## Ask it",
    ]  # fmt: skip
    for cell in code(text):
        compile(cell, "cell", "exec")


@pytest.mark.parametrize("name", presets.names())
def test_the_cells_are_the_script(name):
    design = presets.preset(name).design
    joined = "\n".join(code(notebook(design, "My network")))
    for line in keras_source(design).splitlines():
        assert line.replace("model.fit(", "history = model.fit(") in joined


def test_it_says_where_the_images_come_from():
    assert "CNN Lab itself for the images" in notebook(presets.preset("digits").design, "x")
    assert "CNN Lab itself" not in notebook(presets.preset("fashion_mnist").design, "x")
