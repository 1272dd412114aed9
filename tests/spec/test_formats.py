from __future__ import annotations

import re

import pytest

from cnnlab.errors import ExportError, RunError
from cnnlab.spec import formats, usage
from cnnlab.spec.formats import FORMATS, ExportReport
from cnnlab.spec.usage import About

ABOUT = About(
    run="Boots & bags",
    run_id="0123456789",
    data="Fashion-MNIST",
    image_shape=(28, 28, 1),
    class_names=("T-shirt/top", "Bag"),
    step=1234,
    accuracy=0.912,
)


def test_every_form_is_declared_once():
    assert len({each.name for each in FORMATS}) == len(FORMATS)
    assert {"keras", "savedmodel", "litert", "litert-int8", "onnx", "source", "notebook", "tensorboard"} < {
        each.name for each in FORMATS
    }
    assert formats.get("tflite") is formats.get("litert")
    assert set(formats.names()) == {each.name for each in FORMATS} | {"tflite", "tflite-int8"}
    # Two files of one run never have the same name.
    assert len({each.file_name("digits") for each in FORMATS}) == len(FORMATS)


def test_a_file_is_named_after_its_run():
    assert formats.get("litert").file_name("Boots & bags, 2") == "boots-bags-2.tflite"
    assert formats.get("serve").file_name("数字") == "run-service"


def test_an_unknown_form_is_refused_with_those_that_are_there():
    with pytest.raises(RunError, match=r"There is no export format 'hologram'. There are keras, serve, "):
        formats.get("hologram")


def test_a_missing_package_is_said_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "tf2onnx" else object())
    assert formats.get("onnx").missing() == (
        "ONNX needs the package tf2onnx. Install with: pip install tf2onnx"
    )
    with pytest.raises(ExportError, match="pip install tf2onnx$"):
        formats.get("onnx").require()
    assert formats.get("keras").missing() is None


def test_a_report_says_how_close_the_file_is():
    assert ExportReport("csv", "here", 12).words() == ""
    assert ExportReport("onnx", "here", 12, 100, 4.77e-7, 1.0).words() == (
        "Checked on 100 test images: all predictions equal, probabilities differ by "
        "4.8\u00a0×\u00a010⁻⁷ at most."
    )
    assert "99% predictions equal" in ExportReport("litert-int8", "here", 12, 100, 0.12, 0.99).words()


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_the_text_beside_a_file_says_what_goes_in_and_what_comes_out(form):
    name = form.file_name(ABOUT.run)
    text = usage.readme(form, ABOUT, ExportReport(form.name, name, 12, 100, 0.001, 1.0), name)
    assert text.startswith(f"# {name}\n\nWeights of step 1,234; the run got 91.2% of its test images right.")
    assert re.search(r"\n{3,}", text) is None
    if form.content == "network":
        assert "The division by 255 and the softmax are inside." in text.replace("\n", " ")
        assert "28, 28, 1)" in text
        assert "Classes, in the order of the probabilities: T-shirt/top, Bag." in text
        assert "probabilities differ by 0.001 at most" in text
    if form.name not in ("serve", "source", "notebook"):
        assert name in usage.snippet(form, ABOUT, name)
