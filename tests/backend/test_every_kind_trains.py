"""Every layer kind in a training here, in a resumed one, and in what is asked of a run."""

from __future__ import annotations

import numpy as np
import pytest

from cnnlab.backend import checkpoint
from cnnlab.backend.build import build
from cnnlab.backend.probe import feature_maps
from cnnlab.backend.session import Session
from cnnlab.datasets import Dataset
from cnnlab.runs import Store
from cnnlab.spec.design import Design
from cnnlab.spec.layers import KINDS, Conv2D, Dense, Flatten, Layer

pytestmark = pytest.mark.slow

BEFORE = Conv2D(filters=4, padding="same")


def with_kind(design: Design, layer: Layer) -> Design:
    """The design with a small network that has this layer, on a map where it takes one."""
    behind: tuple[Layer, ...] = (Flatten(), Dense(units=8))
    layers = (BEFORE, Flatten(), layer) if layer.rank == 1 else (BEFORE, layer, *behind)
    return design.replace(architecture=design.architecture.with_layers(layers))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_trains_and_goes_on_as_if_unbroken(
    kind: type[Layer], design: Design, data: Dataset
) -> None:
    fields = {"strides": 2, "filters": 6} if kind.__name__ == "ResidualBlock" else {}
    design = with_kind(design, kind(**fields))
    unbroken = Session(design, data)
    before = unbroken.weights()
    first = unbroken.advance(3).losses
    arrays, position = unbroken.state()
    expected = unbroken.advance(2).losses
    assert np.isfinite(first).all()
    trainable = {variable.path for variable in unbroken.model.trainable_variables}
    changed = [name for name, value in unbroken.weights().items() if not np.array_equal(value, before[name])]
    assert len(changed) >= len(trainable)
    resumed = Session(design, data)
    resumed.restore(arrays, position)
    np.testing.assert_array_equal(resumed.advance(2).losses, expected)


def test_the_feature_maps_inside_a_block_are_keras_s_own(design: Design, data: Dataset, store: Store) -> None:
    design = with_kind(design, KINDS["ResidualBlock"](filters=6, strides=2))
    model = build(design.architecture, seed=1)
    run = store.create_run(design, owner="ada")
    store.files(run.id).write_weights(0, 0.0, checkpoint.weights(model))
    image = data.test.images[2:3].astype(np.float32) / 255
    block = design.architecture.trace().rows[1]
    assert len(block.parts) == 10
    for part in block.parts:
        inner = type(model)(model.input, model.get_layer(part.name).output)
        found = feature_maps(run.id, 0, 2, part.name)["maps"]
        assert found.shape == part.output_shape
        np.testing.assert_allclose(found, inner.predict(image, verbose=0)[0], rtol=1e-5, atol=1e-6)
