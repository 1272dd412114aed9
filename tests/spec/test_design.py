from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given

from cnnlab.errors import SpecError
from cnnlab.spec import presets
from cnnlab.spec.design import Design
from tests.spec.strategies import designs


@given(designs())
def test_json_brings_back_an_equal_design(design):
    assert Design.from_json(design.to_json()) == design


def test_the_first_problem_is_the_obstacle():
    design = presets.preset("digits").design
    assert design.obstacle() is None
    without_flatten = design.replace(architecture=design.architecture.with_layers(()))
    assert without_flatten.obstacle() == without_flatten.architecture.trace().problems[0].message


def test_a_step_that_would_not_fit_into_memory_is_an_obstacle():
    design = presets.preset("tiny_vgg").design.replace(training={"batch_size": 4096})
    # 405,7xx bytes of outputs for an image, twice for the gradients, 4096 images.
    assert design.training_bytes() == pytest.approx(2 * 4096 * 405_700, rel=0.01)
    assert design.obstacle() is None
    wide = presets.get("tiny_vgg").layers[0].replace(filters=64)
    larger = design.architecture.with_layers((wide, *design.architecture.layers[1:]))
    assert design.replace(architecture=larger).obstacle() == (
        "Training: a step of 4096 images needs about 9.4 GB, 4 GB are allowed. "
        "Use a smaller batch or a smaller network."
    )


@pytest.mark.parametrize("name", ["../secrets", "Digits", "a" * 65, "mnist\n", "", 3, None])
def test_a_data_sets_name_is_safe_as_a_file_name(name):
    with pytest.raises(SpecError, match="Design, dataset: expected a name of at most 64 small letters"):
        presets.preset("digits").design.replace(dataset=name)


def test_the_spec_needs_neither_numpy_nor_anything_heavier():
    code = (
        "import sys, cnnlab; before = set(sys.modules)\n"
        "from cnnlab.spec import architecture, design, links, presets, source, training\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "sys.exit(', '.join(new & {'numpy', 'tensorflow', 'keras', 'streamlit', 'pandas', 'sklearn'}) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
