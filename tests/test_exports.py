"""Exports from Python and from the command line, through a real worker."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import cnnlab
from cnnlab.__main__ import main
from cnnlab.errors import ExportError
from cnnlab.spec import presets


@pytest.mark.slow
def test_a_trained_run_is_taken_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    design = presets.preset("digits").design
    config = design.training.replace(epochs=2)
    run = cnnlab.train(design.architecture, "digits", config, progress=False, name="Small digits")
    out = tmp_path / "out"
    out.mkdir()

    report = run.export("keras", out)  # a folder takes the file under the run's name
    assert report.path == str(out / "small-digits.keras")
    assert report.equal_predictions == 1
    assert report.largest_difference is not None
    assert report.largest_difference < 1e-5
    first = run.checkpoints()[0].step
    report = run.export("keras", out / "first", step=first)  # a name without an ending gets its form's
    assert report.path == str(out / "first.keras")
    with pytest.raises(ExportError, match=r"A Keras file's name ends in \.keras\. Received 'old\.h5'\."):
        run.export("keras", out / "old.h5")

    import keras

    data = cnnlab.datasets.load("digits", seed=config.seed, validation_share=config.validation_share)
    pixels = data.test.images.astype("float32")
    for name, step in (("small-digits", None), ("first", first)):
        found = keras.models.load_model(out / f"{name}.keras").predict(pixels, verbose=0)
        np.testing.assert_allclose(found, run.evaluate(step).probabilities, atol=1e-5)

    capsys.readouterr()
    assert main(["export", run.id, "--format", "tflite", "-o", str(out / "it.tflite"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["format"], said["path"], said["images"]) == ("litert", str(out / "it.tflite"), 100)
    assert main(["export", run.id, "--format", "tensorboard", "-o", str(out / "curves")]) == 0
    assert capsys.readouterr().out.startswith(f"Wrote {out / 'curves'}, ")
    assert sorted(each.name for each in out.iterdir()) == [
        "curves", "first.keras", "first.keras.README.md", "it.tflite", "it.tflite.README.md",
        "small-digits.keras", "small-digits.keras.README.md",
    ]  # fmt: skip
