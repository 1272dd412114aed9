"""What the browser is given of a sweep."""

from __future__ import annotations

import base64

import numpy as np

from cnnlab.ui.components.invariance import LARGEST_SIDE, SHOWN, payload


def test_a_large_picture_is_thinned_and_many_classes_are_cut() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 224, 200, 3), np.uint8)
    shares = np.full((3, 100), 0.001, np.float32)
    shares[:, 42] = 0.9
    given = payload("down", np.array([-1.0, 0, 1]), images, shares, [f"class {k}" for k in range(100)], None)
    assert max(given["height"], given["width"]) <= LARGEST_SIDE
    size = 3 * given["height"] * given["width"] * 3
    sent = np.frombuffer(base64.b64decode(given["pixels"]), np.uint8)
    assert sent.size == size
    np.testing.assert_array_equal(sent.reshape(3, given["height"], given["width"], 3), images[:, ::4, ::4])
    assert [len(best) for best in given["top"]] == [SHOWN] * 3
    assert given["labels"] == ["−1 pixel", "0 pixels", "1 pixel"]
    assert [(name, role) for name, role, _ in given["curves"]] == [("class 42", "right")]
    assert given["right"] == "class 42"
