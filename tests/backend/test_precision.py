"""A training in bfloat16: what computes in it, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab import datasets
from cnnlab.backend import build
from cnnlab.backend.session import Session
from cnnlab.spec import presets
from cnnlab.spec.layers import BatchNormalization, Dropout


def test_layers_compute_in_bfloat16_and_weights_and_logits_stay_float32():
    architecture = presets.get("digits")
    model = build.build(architecture, seed=0, adjustable=True, precision="mixed_bfloat16")
    *layers, output = model.layers[1:]
    assert {layer.compute_dtype for layer in layers} == {"bfloat16"}
    assert (output.compute_dtype, model.output.dtype) == ("float32", "float32")
    assert {weight.dtype for weight in model.weights} == {"float32"}


def test_the_precision_changes_neither_names_nor_initial_weights():
    architecture = presets.get("digits")
    plain = build.build(architecture, seed=3)
    mixed = build.build(architecture, seed=3, precision="mixed_bfloat16")
    for one, other in zip(plain.weights, mixed.weights, strict=True):
        assert one.path == other.path
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.slow
def test_a_training_in_bfloat16_goes_nearly_as_in_float32():
    preset = presets.preset("digits")
    # Dropout draws its noise in the layer's own precision: with it the two could not be compared.
    layers = [layer for layer in preset.architecture.layers if not isinstance(layer, Dropout)]
    architecture = preset.architecture.replace(layers=(*layers, BatchNormalization()))
    losses = {}
    for precision in ("float32", "mixed_bfloat16"):
        training = preset.design.training.replace(precision=precision, epochs=2)
        design = preset.design.replace(architecture=architecture, training=training)
        session = Session(design, datasets.load("digits", seed=0))
        losses[precision] = session.advance(10).losses
        assert session.logits(session.data.test).dtype == np.float32
    np.testing.assert_allclose(losses["mixed_bfloat16"], losses["float32"], rtol=0.1)
    assert not np.array_equal(losses["mixed_bfloat16"], losses["float32"])
