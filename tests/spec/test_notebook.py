from __future__ import annotations

import json

import nbformat
import pytest

from cnnlab.spec import presets
from cnnlab.spec.augmentation import Rotate
from cnnlab.spec.layers import Conv2D, Flatten, ResidualBlock
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


def test_a_network_with_branches_and_augmentation_has_a_cell_each():
    design = presets.preset("digits").design
    layers = (Conv2D(filters=4), ResidualBlock(filters=4), Flatten())
    training = design.training.replace(
        augmentation=(Rotate(),), early_stopping=3, keep_best=True, precision="mixed_bfloat16"
    )
    design = design.replace(architecture=design.architecture.with_layers(layers), training=training)
    text = notebook(design, "My network")
    cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
    network = cells.index("## The network") + 1
    assert cells[network].startswith("inputs = keras.Input")
    assert cells[network].endswith("model = keras.Model(inputs, x)")
    assert cells[network + 1] == "model.summary()"
    assert cells[network + 2] == "## Augmentation"
    assert cells.count("model.summary()") == 1
    for cell in code(text):
        compile(cell, "cell", "exec")


def test_it_says_where_the_images_come_from():
    assert "CNN Lab itself for the images (`pip install .`" in notebook(presets.preset("shapes").design, "x")
    for name in ("digits", "fashion_mnist"):
        text = notebook(presets.preset(name).design, "x")
        assert "CNN Lab itself" not in text
        assert "import cnnlab" not in text
