"""One image at every kept step, against the feature maps of each step by itself."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab.backend import over_time as module
from cnnlab.backend.build import build
from cnnlab.backend.over_time import over_time
from cnnlab.backend.probe import feature_maps
from cnnlab.datasets import Dataset
from cnnlab.errors import RunError, RunNotFound, RunStateError, StorageError
from cnnlab.runs import RunFiles, RunRow, Store
from cnnlab.spec.design import Design
from cnnlab.spec.layers import DepthwiseConv2D, Flatten

STEPS = [0, 21]


@pytest.mark.parametrize("layer", ["conv2d", "max_pooling2d", "flatten", "dense", "dense_1"])
def test_each_step_gives_what_its_weights_make_of_the_image(finished: RunRow, layer: str) -> None:
    found = over_time(finished.id, STEPS, 17, layer)
    assert found["maps"].dtype == found["probabilities"].dtype == np.float32
    for place, step in enumerate(STEPS):
        alone = feature_maps(finished.id, step, 17, layer)
        np.testing.assert_allclose(found["maps"][place], alone["maps"], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            found["probabilities"][place], alone["probabilities"], rtol=1e-5, atol=1e-6
        )
    assert found["channels"] == alone["maps"].shape[-1]
    assert np.abs(found["maps"][0] - found["maps"][1]).max() > 0.01  # it learnt


def test_the_kernels_are_those_of_each_step(finished: RunRow, files: RunFiles) -> None:
    found = over_time(finished.id, STEPS, 0, "conv2d")
    assert found["filters"] == 4
    for place, step in enumerate(STEPS):
        kernel = files.read_weights(step)["conv2d/kernel"]
        np.testing.assert_allclose(found["kernels"][place], kernel.mean(axis=2), atol=1e-7)
    without = over_time(finished.id, STEPS, 0, "flatten")
    assert (without["kernels"], without["filters"]) == (None, 0)


def test_each_kernel_of_a_depthwise_convolution_is_shown_by_itself(store: Store, design: Design) -> None:
    network = design.architecture.with_layers((DepthwiseConv2D(depth_multiplier=3), Flatten()))
    run = store.create_run(design.replace(architecture=network), owner="ada")
    model = build(network)
    names = [f"{layer.name}/{weight.name}" for layer in model.layers for weight in layer.weights]
    weights = dict(zip(names, model.get_weights(), strict=True))
    RunFiles(run.id).write_weights(0, 0.0, weights)
    found = over_time(run.id, [0], 0, "depthwise_conv2d")
    (kernel,) = (values for name, values in weights.items() if values.ndim == 4)
    np.testing.assert_array_equal(found["kernels"][0], kernel[:, :, 0])


def test_pixels_are_answered_as_the_test_image_that_they_are(finished: RunRow, data: Dataset) -> None:
    by_place = over_time(finished.id, STEPS, 17, "conv2d")
    given = over_time(finished.id, STEPS, np.array(data.test.images[17]), "conv2d")
    np.testing.assert_array_equal(given["maps"], by_place["maps"])
    np.testing.assert_array_equal(given["probabilities"], by_place["probabilities"])


def test_many_or_large_maps_are_the_first_of_all(finished: RunRow, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = over_time(finished.id, STEPS, 17, "conv2d")["maps"]
    two = 2 * len(STEPS) * whole[0, ..., 0].size
    for name, value, shown in (("TILES", 3, 3), ("VALUES", two, 2), ("VALUES", 1, 1)):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            few = over_time(finished.id, STEPS, 17, "conv2d")
        np.testing.assert_array_equal(few["maps"], whole[..., :shown])
        assert few["channels"] == few["filters"] == 4


def test_an_answer_does_not_depend_on_the_question_before(finished: RunRow) -> None:
    first = over_time(finished.id, STEPS, 3, "conv2d")
    over_time(finished.id, [21], 3, "dense")
    over_time(finished.id, STEPS[::-1], 4, "conv2d")
    again = over_time(finished.id, STEPS, 3, "conv2d")
    np.testing.assert_array_equal(first["maps"], again["maps"])
    assert len(module._networks) == 1


def test_what_is_not_there_is_said_in_words(finished: RunRow, files: RunFiles) -> None:
    with pytest.raises(RunNotFound):
        over_time("0123456789", STEPS, 0, "conv2d")
    with pytest.raises(RunStateError, match=r"keeps no weights of step 20"):
        over_time(finished.id, [0, 20], 0, "conv2d")
    with pytest.raises(RunError, match=r"no layer 'conv2d_7'. It has conv2d, max_pooling2d"):
        over_time(finished.id, STEPS, 0, "conv2d_7")
    with pytest.raises(RunError, match=r"images 0 to 358. Received 359."):
        over_time(finished.id, STEPS, 359, "conv2d")
    with pytest.raises(RunError, match=r"at least one epoch. Received none."):
        over_time(finished.id, [], 0, "conv2d")


def test_a_damaged_file_is_named_and_the_other_steps_are_given(finished: RunRow, files: RunFiles) -> None:
    whole = over_time(finished.id, STEPS, 0, "conv2d")
    assert (whole["read"], whole["damage"]) == (STEPS, ())
    (file,) = files.folder.glob("weights-*21-*")
    file.write_bytes(file.read_bytes()[:100])
    found = over_time(finished.id, STEPS, 0, "conv2d")
    assert found["read"] == STEPS[:1]
    np.testing.assert_array_equal(found["maps"], whole["maps"][:1])
    (said,) = found["damage"]
    assert file.name in said
    with pytest.raises(StorageError, match=file.name):
        over_time(finished.id, STEPS[1:], 0, "conv2d")
