"""Each form is read back by its own tool and compared with what the network says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cnnlab.backend import build, load
from cnnlab.backend.export import task
from cnnlab.backend.export.deployable import Deployable, _from_pixels_to_probabilities
from cnnlab.backend.export.task import export
from cnnlab.backend.export.writers import WRITERS
from cnnlab.backend.scores import softmax
from cnnlab.errors import ExportError, RunStateError, StorageError
from cnnlab.runs import RunRow
from cnnlab.spec import formats, presets, usage
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Flatten,
    Layer,
    ResidualBlock,
    SeparableConv2D,
)
from tests.backend.conftest import DESIGN, TrainRun, finished, store, train_run, trained_home

__all__ = ["finished", "store", "train_run", "trained_home"]  # fixtures

pytestmark = pytest.mark.slow

NETWORKS = [form for form in formats.FORMATS if form.content == "network"]


@pytest.fixture
def expected(finished: RunRow) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Test images and what the network says about them, by Keras alone."""
    import keras

    network = Deployable(finished.id)
    images = network.test_images()
    logits = load.model(finished.id).predict(images.astype("float32") / 255, verbose=0)
    return images, np.array(keras.ops.softmax(logits))


@pytest.mark.parametrize("form", NETWORKS, ids=lambda form: form.name)
def test_a_written_network_says_what_the_trained_one_says(
    form: formats.Format,
    finished: RunRow,
    expected: tuple[NDArray[np.uint8], NDArray[np.float32]],
    tmp_path: Path,
) -> None:
    name = form.file_name(finished.name)
    report = export(finished.id, form.name, str(tmp_path / name))
    images, wanted = expected
    file = tmp_path / name / "model.tflite" if form.name == "serve" else tmp_path / name
    found = WRITERS["litert" if form.name == "serve" else form.name][1](file, images)
    difference = np.abs(found - wanted).max()
    assert report.images == len(images) == 100
    assert report.largest_difference == pytest.approx(difference, abs=1e-6)
    assert report.equal_predictions == (found.argmax(axis=1) == wanted.argmax(axis=1)).mean()
    assert difference < (0.15 if form.name == "litert-int8" else 1e-5)
    assert report.path == str(tmp_path / name)
    size = sum(
        each.stat().st_size for each in [tmp_path / name, *(tmp_path / name).rglob("*")] if each.is_file()
    )
    assert report.bytes <= size < report.bytes + 5000  # the README is beside what is counted
    beside = tmp_path / name / "README.md" if form.folder else tmp_path / f"{name}.README.md"
    assert report.words() in beside.read_text()
    assert {each.name for each in tmp_path.iterdir()} == {"home", name, beside.relative_to(tmp_path).parts[0]}


@pytest.mark.parametrize(
    "form", [form for form in NETWORKS if form.name != "serve"], ids=lambda form: form.name
)
def test_the_code_beside_a_file_names_the_class(
    form: formats.Format,
    finished: RunRow,
    expected: tuple[NDArray[np.uint8], NDArray[np.float32]],
    tmp_path: Path,
) -> None:
    images, wanted = expected
    certain = int(wanted.max(axis=1).argmax())
    Image.fromarray(images[certain, :, :, 0]).save(tmp_path / "photo.png")
    export(finished.id, form.name, str(tmp_path / "it") + form.suffix)
    code = usage.snippet(form, task.about(finished, 1), "it" + form.suffix)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split()[0] == str(wanted[certain].argmax())


def test_the_8_bit_file_takes_pixel_bytes_as_they_are(finished: RunRow, tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    export(finished.id, "litert-int8", str(tmp_path / "it.tflite"))
    whole = Interpreter(model_path=str(tmp_path / "it.tflite"))
    into, out = whole.get_input_details()[0], whole.get_output_details()[0]
    assert (into["dtype"], into["quantization"]) == (np.uint8, (1.0, 0))
    assert (out["dtype"], out["quantization"]) == (np.uint8, (1 / 256, 0))
    export(finished.id, "litert", str(tmp_path / "float.tflite"))
    assert (tmp_path / "it.tflite").stat().st_size < (tmp_path / "float.tflite").stat().st_size


def test_an_onnx_file_names_its_input_and_output(finished: RunRow, tmp_path: Path) -> None:
    import onnxruntime

    export(finished.id, "onnx", str(tmp_path / "it.onnx"))
    session = onnxruntime.InferenceSession(str(tmp_path / "it.onnx"))
    (into,), (out,) = session.get_inputs(), session.get_outputs()
    assert (into.name, into.shape, into.type) == ("image", ["n", 8, 8, 1], "tensor(float)")
    assert (out.name, out.shape) == ("probabilities", ["n", 10])


def test_the_keras_file_is_flat_and_can_be_trained_further(finished: RunRow, tmp_path: Path) -> None:
    import keras

    export(finished.id, "keras", str(tmp_path / "it.keras"))
    model = keras.models.load_model(tmp_path / "it.keras")
    names = [layer.name for layer in model.layers]
    trained = [row.name for row in finished.design.architecture.trace().rows]
    assert names == ["image", "rescaling", *trained, "probabilities"]
    assert model.count_params() == finished.design.architecture.trace().total_parameters
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    data = Deployable(finished.id).data
    losses = model.fit(data.train.images, data.train.labels, epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]


def test_what_was_trained_in_bfloat16_is_written_in_float32(train_run: TrainRun, tmp_path: Path) -> None:
    import keras

    training = DESIGN.training.replace(epochs=1, precision="mixed_bfloat16")
    row = train_run(DESIGN.replace(training=training))
    report = export(row.id, "keras", str(tmp_path / "it.keras"))
    assert report.largest_difference is not None
    assert report.largest_difference < 1e-5
    model = keras.models.load_model(tmp_path / "it.keras")
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}


def small(*layers: Layer) -> Architecture:
    return presets.get("digits").with_layers((Conv2D(filters=4), *layers, Flatten()))


@pytest.mark.parametrize(
    "architecture",
    [
        small(
            *(Activation(activation=name) for name in get_args(Conv2D.model_fields["activation"].annotation))
        ),
        small(
            ResidualBlock(filters=6),
            BatchNormalization(),
            SeparableConv2D(filters=3),
            ResidualBlock(filters=3),
        ),
    ],
    ids=["every activation", "branches"],
)
@pytest.mark.parametrize("name", list(WRITERS))
def test_every_layer_has_its_like_in_every_form(
    name: str, architecture: Architecture, finished: RunRow, tmp_path: Path
) -> None:
    network = Deployable(finished.id)
    trained = build.build(architecture, seed=3)
    network.model = _from_pixels_to_probabilities(trained)
    write, read = WRITERS[name]
    file = tmp_path / formats.get(name).file_name("it")
    write(network, file)
    images = network.test_images()[:20]
    wanted = softmax(np.array(trained(images.astype("float32") / 255, training=False)))
    np.testing.assert_allclose(read(file, images), wanted, atol=0.1 if name == "litert-int8" else 1e-5)


@pytest.mark.parametrize("name", ["cifar10_two_dense_batchnorm", "tiny_vgg"])
def test_other_networks_keep_their_weights(name: str) -> None:
    trained = build.build(presets.get(name), seed=3)
    images = np.random.default_rng(0).integers(0, 256, (5, *trained.input_shape[1:]), np.uint8)
    found = _from_pixels_to_probabilities(trained)(images.astype("float32"))
    wanted = softmax(np.array(trained(images.astype("float32") / 255, training=False)))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_file_that_says_something_else_is_not_kept(
    finished: RunRow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, _ = WRITERS["keras"]
    monkeypatch.setitem(WRITERS, "keras", (write, lambda path, images: np.full((len(images), 10), 0.1, "f")))
    with pytest.raises(
        ExportError, match="does not say what the network says.*expected at most 0.01. Nothing was"
    ):
        export(finished.id, "keras", str(tmp_path / "it.keras"))
    assert list(tmp_path.glob("*it*")) == list(tmp_path.glob(".*it*")) == []


def test_where_nothing_can_be_written_nothing_is(finished: RunRow, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(
        StorageError, match=r"it\.keras cannot be written: what should be its folder is a file\. Choose"
    ):
        export(finished.id, "keras", str(tmp_path / "file" / "it.keras"))
    with pytest.raises(RunStateError, match="keeps no weights of step 7"):
        export(finished.id, "keras", str(tmp_path / "it.keras"), step=7)
    assert [each.name for each in tmp_path.iterdir() if each.name != "home"] == ["file"]


def test_the_notebook_runs_and_learns() -> None:
    from cnnlab.spec.notebook import notebook

    design = presets.preset("digits").design
    design = design.replace(training=design.training.replace(epochs=4))
    cells = json.loads(notebook(design, "Digits"))["cells"]
    code = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    code += '\nassert history.history["accuracy"][-1] > 0.85\n'
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "actual" in done.stdout
