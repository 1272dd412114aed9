from __future__ import annotations

import pytest

from cnnlab.spec.starter import MAX_EPOCHS, starter


@pytest.mark.parametrize("side", [16, 24, 28, 32, 48, 64, 96, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_fits_every_side_that_own_images_may_have(side: int, channels: int) -> None:
    design = starter("own-0123456789", (side, side, channels), 10, 30)
    assert design.obstacle() is None
    trace = design.architecture.trace()
    assert trace.ok
    flat = next(row for row in trace.rows if row.kind == "Flatten")
    assert 8 <= flat.input_shape[0] <= 15
    assert trace.total_parameters < 250_000


@pytest.mark.parametrize("images", [4, 30, 200, 2_000, 20_000])
def test_few_images_are_seen_often_and_many_seldom(images: int) -> None:
    training = starter("own-0123456789", (64, 64, 3), 2, images).training
    steps = training.epochs * -(-0.72 * images // training.batch_size)
    assert training.epochs <= MAX_EPOCHS
    assert steps >= 300 or training.epochs == MAX_EPOCHS
    assert bool(training.augmentation) == (images < 2_000)
