"""Where a network looked: networks whose answer is known by construction, and plain Keras and NumPy loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.api import attribution as api
from cnnlab.backend import checkpoint
from cnnlab.backend.attribution import METHODS, MOST_STEPS, STEPS, attribution, squares
from cnnlab.backend.build import build
from cnnlab.backend.data import dataset_of
from cnnlab.backend.load import model
from cnnlab.errors import RunError
from cnnlab.runs import RunFiles, RunRow, get_store
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.design import Design
from cnnlab.spec.layers import (
    AnyLayer,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    ResidualBlock,
)

SIDE, HALF = 8, 4
LOOKS, HALF_AS_MUCH, BLIND = 3, 8, 5
"""Classes of the network that only looks at the top-left quarter: the logit is the sum of the quarter's
pixels, half of it, nothing."""


def run_of(layers: Sequence[AnyLayer], weights: dict[str, NDArray[Any]], channels: int = 1) -> str:
    """The id of a run of digits whose weights, of step 0, are these; those not named are zero."""
    architecture = Architecture(input_shape=(SIDE, SIDE, channels), classes=10, layers=tuple(layers))
    row = get_store().create_run(Design(dataset="digits", architecture=architecture), owner="ada")
    shapes = {
        f"{part.name}/{name}": shape
        for each in architecture.trace().rows
        for part in each.primitives
        for name, shape in part.weight_shapes.items()
    }
    assert set(weights) <= set(shapes)
    everything = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    for name, values in weights.items():
        assert values.shape == shapes[name], name
        everything[name] = values.astype(np.float32)
    RunFiles(row.id).write_weights(0, 0.0, everything)
    return row.id


@pytest.fixture
def corner() -> str:
    """A run of convolutions that see where they are by the zeros of the padding, and pass on a quarter.

    The first layer gives the image and a map of ones. In the second each place counts the ones of up to four
    rows above and of up to four columns to the left: four of them are only there beyond the quarter. The
    third takes ten times those places away, before its ReLU.
    """
    first, second = np.zeros((1, 1, 1, 2)), np.zeros((9, 9, 2, 3))
    first[0, 0, 0, 0] = 1
    second[4, 4, 0, 0] = 1
    second[:4, 4, 1, 1] = second[4, :4, 1, 2] = 1
    dense = np.zeros((SIDE * SIDE, 10))
    dense[:, LOOKS], dense[:, HALF_AS_MUCH] = 1, 0.5
    layers = [
        Conv2D(filters=2, kernel_size=1),
        Conv2D(filters=3, kernel_size=9, padding="same"),
        Conv2D(filters=1, kernel_size=1),
        Flatten(),
    ]
    return run_of(
        layers,
        {
            "conv2d/kernel": first,
            "conv2d/bias": np.array([0, 1]),
            "conv2d_1/kernel": second,
            "conv2d_1/bias": np.array([0, -3, -3]),
            "conv2d_2/kernel": np.array([1, -10, -10]).reshape(1, 1, 3, 1),
            "dense/kernel": dense,
        },
    )


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    """An image without a black pixel."""
    return np.random.default_rng(3).integers(40, 256, (SIDE, SIDE, 1), np.uint8)


def quarter(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The image as the network takes it, with zeros beyond the top-left quarter."""
    kept = np.zeros((SIDE, SIDE))
    kept[:HALF, :HALF] = pixels[:HALF, :HALF, 0] / 255
    return kept


@pytest.mark.parametrize("method", ["grad_cam", "gradient_input", "integrated_gradients"])
@pytest.mark.parametrize(
    ("target", "against", "factor"),
    [(LOOKS, None, 1.0), (LOOKS, HALF_AS_MUCH, 0.5), (BLIND, None, 0.0), (HALF_AS_MUCH, BLIND, 0.5)],
)
def test_a_network_that_only_looks_at_a_quarter_lights_up_there(
    method: str, target: int, against: int | None, factor: float, corner: str, pixels: NDArray[np.uint8]
) -> None:
    found = attribution(corner, 0, pixels, method, target, against, "conv2d_2")
    np.testing.assert_allclose(found["map"], factor * quarter(pixels), atol=1e-5)
    assert found["score"] == pytest.approx(factor * quarter(pixels).sum(), abs=1e-4)
    assert found["total"] == pytest.approx(found["score"] - found["black"], abs=1e-4)


def test_covering_anything_but_the_quarter_changes_nothing(corner: str, pixels: NDArray[np.uint8]) -> None:
    found = attribution(corner, 0, pixels, "occlusion", LOOKS)
    assert found["patch"] == (2, 2)
    # A square that covers the first pixel beyond the quarter covers the quarter's last one, too.
    reached = HALF + found["patch"][0] - 1
    assert (found["map"][:HALF, :HALF] > 0.1).all()
    np.testing.assert_allclose(found["map"][reached:], 0, atol=1e-5)
    np.testing.assert_allclose(found["map"][:, reached:], 0, atol=1e-5)
    # In the corner, one square covers one pixel and its three neighbours.
    assert found["map"][0, 0] == pytest.approx(quarter(pixels)[:2, :2].sum(), abs=1e-4)


def test_what_speaks_against_a_class_is_below_zero(corner: str, pixels: NDArray[np.uint8]) -> None:
    for method in ("gradient_input", "integrated_gradients", "occlusion"):
        found = attribution(corner, 0, pixels, method, BLIND, LOOKS)["map"]
        assert (found[:HALF, :HALF] < -0.1).all(), method
    assert not attribution(corner, 0, pixels, "grad_cam", BLIND, LOOKS, "conv2d_2")["map"].any()


def test_without_a_class_the_predicted_one_is_explained(corner: str, pixels: NDArray[np.uint8]) -> None:
    assert attribution(corner, None, pixels, "gradient_input")["target"] == LOOKS


def plain_grad_cam(whole: keras.Model, image: NDArray[Any], layer: str, score: Any) -> NDArray[Any]:
    """The equations of the paper, on the network cut in two behind the layer."""
    names = [each.name for each in whole.layers]
    maps = keras.Model(whole.input, whole.get_layer(layer).output)(image)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        values = maps
        for each in whole.layers[names.index(layer) + 1 :]:
            values = each(values)
        answer = score(values[0])
    gradient = tape.gradient(answer, maps).numpy()[0]
    alphas = [gradient[..., k].mean() for k in range(gradient.shape[-1])]
    return np.maximum(sum(alpha * maps.numpy()[0, ..., k] for k, alpha in enumerate(alphas)), 0)


def enlarged(heat: NDArray[Any], side: int) -> NDArray[Any]:
    """Linear interpolation along both axes between the middles of the cells."""
    for _ in range(2):
        at = (np.arange(side) + 0.5) * len(heat) / side - 0.5
        heat = np.stack([np.interp(at, np.arange(len(heat)), column) for column in heat.T], axis=0)
    return heat


@pytest.mark.parametrize("layer", ["conv2d", "max_pooling2d"])
@pytest.mark.parametrize("against", [None, 4])
def test_grad_cam_is_that_of_a_plain_gradient_tape(layer: str, against: int | None, finished: RunRow) -> None:
    whole, data = model(finished.id), dataset_of(finished.design)
    lit = 0
    for image in range(6):
        scaled = data.test.images[image : image + 1].astype(np.float32) / 255
        expected = plain_grad_cam(
            whole, scaled, layer, lambda logits: logits[2] - (0 if against is None else logits[against])
        )
        found = attribution(finished.id, None, image, "grad_cam", 2, against, layer)
        np.testing.assert_allclose(found["map"], enlarged(expected, SIDE), rtol=1e-4, atol=1e-6)
        assert found["grid"] == expected.shape
        assert found["total"] == pytest.approx(expected.sum(), rel=1e-4, abs=1e-6)
        lit += bool(expected.any())
    assert lit, "no image lights up: nothing was compared"


def test_gradient_times_input_of_a_linear_network_is_weight_times_pixel(pixels: NDArray[np.uint8]) -> None:
    kernel = np.random.default_rng(1).normal(size=(SIDE * SIDE, 10))
    bias = np.arange(10.0)
    run = run_of([Flatten()], {"dense/kernel": kernel, "dense/bias": bias})
    expected = (kernel[:, 6] - kernel[:, 2]).reshape(SIDE, SIDE) * pixels[..., 0] / 255
    for method in ("gradient_input", "integrated_gradients"):
        found = attribution(run, 0, pixels, method, 6, 2)
        np.testing.assert_allclose(found["map"], expected, rtol=1e-4, atol=1e-5)
        assert found["black"] == pytest.approx(4.0, abs=1e-5)
        assert found["score"] == pytest.approx(4.0 + expected.sum(), abs=1e-4)


ACTIVATIONS = ("relu", "tanh", "elu", "linear")


def random_layers(draw: np.random.Generator) -> list[AnyLayer]:
    """A small stack of convolutions and pooling, with every freedom that matters to a gradient."""
    layers: list[AnyLayer] = [
        Conv2D(
            filters=int(draw.integers(2, 5)),
            kernel_size=int(draw.integers(1, 4)),
            strides=int(draw.integers(1, 3)),
            padding=str(draw.choice(["same", "valid"])),
            activation=str(draw.choice(ACTIVATIONS)),
        )
    ]
    between = [MaxPooling2D(), AveragePooling2D(), BatchNormalization(), DepthwiseConv2D(padding="same")]
    layers.append(between[draw.integers(4)])
    layers.append(Conv2D(filters=3, kernel_size=2, padding="same", activation=str(draw.choice(ACTIVATIONS))))
    layers.append(GlobalAveragePooling2D() if draw.integers(2) else Flatten())
    layers.append(Dense(units=6, activation=str(draw.choice(ACTIVATIONS))))
    return layers


def random_run(seed: int) -> str:
    """A run of `random_layers` whose weights are drawn, biases and moving statistics too."""
    draw = np.random.default_rng(seed)
    layers = random_layers(draw)
    architecture = Architecture(input_shape=(SIDE, SIDE, 1), classes=10, layers=tuple(layers))
    drawn = {
        name: draw.uniform(0.5, 1.5, values.shape)
        if "variance" in name
        else draw.normal(0, 0.6, values.shape)
        for name, values in checkpoint.weights(build(architecture, seed=seed)).items()
    }
    return run_of(layers, drawn)


@pytest.mark.parametrize("seed", range(12))
def test_integrated_gradients_add_up_to_the_difference_from_black(
    seed: int, pixels: NDArray[np.uint8]
) -> None:
    run = random_run(seed)
    whole = model(run)
    image, black = whole(np.stack([pixels / 255, np.zeros(pixels.shape)]).astype(np.float32)).numpy()
    for target, against in ((seed % 10, None), ((seed + 1) % 10, (seed + 4) % 10)):
        expected = (image - black)[target] - (0 if against is None else (image - black)[against])
        found = attribution(run, 0, pixels, "integrated_gradients", target, against)
        assert found["score"] - found["black"] == pytest.approx(expected, abs=1e-3)
        assert found["total"] == pytest.approx(found["map"].sum(), abs=1e-3)
        assert abs(found["total"] - expected) <= 0.01 * max(abs(expected), 1.0) + 1e-3
        assert STEPS <= found["steps"] <= MOST_STEPS


@pytest.mark.parametrize(
    ("kink", "steps", "total"),
    # The slope of 100 / (1 - kink) / 10 begins at the kink: steps whose midpoint lies beyond it, times slope.
    [(0.5, 64, 10.0), (0.9, 512, 51 / 512 * 100), (0.99, 1024, 10 / 1024 * 1000)],
)
def test_integrated_gradients_take_more_steps_where_the_sum_is_off(
    kink: float, steps: int, total: float
) -> None:
    run = run_of(
        [Conv2D(filters=1, kernel_size=1), Flatten()],
        {
            "conv2d/kernel": np.ones((1, 1, 1, 1)),
            "conv2d/bias": np.array([-kink]),
            "dense/kernel": np.full((SIDE * SIDE, 10), 10 / (1 - kink)),
        },
    )
    pixels = np.zeros((SIDE, SIDE, 1), np.uint8)
    pixels[2, 5] = 255
    found = attribution(run, 0, pixels, "integrated_gradients", 0)
    assert found["steps"] == steps
    assert found["total"] == pytest.approx(total, rel=1e-3)
    assert found["score"] - found["black"] == pytest.approx(10.0, rel=1e-3)
    assert found["map"][2, 5] == pytest.approx(total, rel=1e-3)


def test_more_steps_are_not_tried_where_they_would_take_too_long(
    corner: str, pixels: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnlab.backend.attribution.TOLERANCE", -1.0)  # never reached
    monkeypatch.setattr("cnnlab.backend.attribution.REFINED_SECONDS", 0.0)
    assert attribution(corner, 0, pixels, "integrated_gradients")["steps"] == STEPS


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("against", [None, 7])
def test_occlusion_is_that_of_a_direct_loop(
    seed: int, against: int | None, pixels: NDArray[np.uint8]
) -> None:
    run = random_run(seed)
    whole = model(run)

    def score(image: NDArray[Any]) -> float:
        logits = whole(image[None].astype(np.float32)).numpy()[0]
        return float(logits[1] - (0 if against is None else logits[against]))

    falls: dict[tuple[int, int], list[float]] = {}
    for row in range(SIDE - 1):
        for column in range(SIDE - 1):
            covered = pixels / 255
            covered[row : row + 2, column : column + 2] = 0
            fall = score(pixels / 255) - score(covered)
            for place in ((row, column), (row, column + 1), (row + 1, column), (row + 1, column + 1)):
                falls.setdefault(place, []).append(fall)
    expected = [[np.mean(falls[row, column]) for column in range(SIDE)] for row in range(SIDE)]
    found = attribution(run, 0, pixels, "occlusion", 1, against)
    np.testing.assert_allclose(found["map"], expected, rtol=1e-3, atol=1e-4)
    assert (found["patch"], found["stride"], found["grid"]) == ((2, 2), (1, 1), (7, 7))


def test_a_colour_image_is_covered_with_its_mean_colour() -> None:
    draw = np.random.default_rng(8)
    kernel = draw.normal(size=(SIDE, SIDE, 3))
    weights = np.repeat(kernel.reshape(-1, 1), 10, axis=1)
    pixels = draw.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    found = attribution(run_of([Flatten()], {"dense/kernel": weights}, 3), 0, pixels, "occlusion", 2)
    mean = pixels.mean(axis=(0, 1)) / 255
    assert found["cover"] == pytest.approx(tuple(mean))
    # Of a linear network, covering a pixel takes away its weight times what it is above the cover.
    pixel = (kernel * (pixels / 255 - mean)).sum(axis=-1)
    assert found["map"][0, 0] == pytest.approx(pixel[:2, :2].sum(), abs=1e-4)
    around = [pixel[row : row + 2, column : column + 2].sum() for row in (3, 4) for column in (5, 6)]
    assert found["map"][4, 6] == pytest.approx(np.mean(around), abs=1e-4)


@pytest.mark.parametrize(
    ("side", "last", "stride", "patch"),
    [(1, 0, 1, 1), (2, 0, 1, 2), (8, 6, 1, 2), (28, 21, 2, 7), (32, 24, 2, 8), (64, 48, 4, 16)],
)
def test_the_squares_of_an_occlusion_fit_the_image(side: int, last: int, stride: int, patch: int) -> None:
    starts, length = squares(side)
    assert (starts[0], starts[-1], length) == (0, last, patch)
    assert set(np.diff(starts)) <= {stride, last % stride}
    covered = {pixel for start in starts for pixel in range(start, start + length)}
    assert covered == set(range(side))


@pytest.mark.parametrize("method", METHODS)
def test_pixels_are_explained_as_the_test_image_that_they_are(method: str, finished: RunRow) -> None:
    pixels = np.array(dataset_of(finished.design).test.images[17])
    by_place = attribution(finished.id, None, 17, method, 4, None, "conv2d")
    given = attribution(finished.id, None, pixels, method, 4, None, "conv2d")
    np.testing.assert_array_equal(given.pop("map"), by_place.pop("map"))
    assert given == by_place


def test_the_answer_has_the_fields_of_the_interface(corner: str, pixels: NDArray[np.uint8]) -> None:
    assert set(api.METHODS) == set(METHODS)
    for method in METHODS:
        answer = api.Attribution(**attribution(corner, 0, pixels, method, layer_name="conv2d_2"))
        assert answer.method == method
        assert (answer.layer is None) == (method != "grad_cam")
    answer = api.Attribution(**attribution(corner, 0, pixels, "integrated_gradients"))
    assert answer.gap == pytest.approx(0, abs=1e-5)


def test_the_parts_of_a_block_are_read_by_grad_cam(pixels: NDArray[np.uint8]) -> None:
    block = ResidualBlock(filters=3, batch_normalization=False)
    weights = checkpoint.weights(
        build(Architecture(input_shape=(SIDE, SIDE, 1), classes=10, layers=(block, Flatten())), seed=1)
    )
    run = run_of([block, Flatten()], weights)
    maps = [attribution(run, 0, pixels, "grad_cam", None, None, name) for name in
            ("residual_block_conv2d_1", "residual_block")]  # fmt: skip
    assert all(found["map"].any() for found in maps)
    assert api.last_convolution(get_store().run(run).design) == "residual_block"


def test_what_cannot_be_explained_is_said_in_words(corner: str, pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(RunError, match=r"no method 'lime'. There are grad_cam, gradient_input, integrated_g"):
        attribution(corner, 0, pixels, "lime")
    with pytest.raises(RunError, match=r"The network has classes 0 to 9. Received 10."):
        attribution(corner, 0, pixels, "occlusion", 10)
    with pytest.raises(RunError, match=r"The network has classes 0 to 9. Received -1."):
        attribution(corner, 0, pixels, "occlusion", 1, -1)
    with pytest.raises(RunError, match=r"two classes to tell apart. Received class 3 twice."):
        attribution(corner, 0, pixels, "occlusion", 3, 3)
    with pytest.raises(RunError, match=r"Expected one of conv2d, conv2d_1, conv2d_2. Received 'flatten'."):
        attribution(corner, 0, pixels, "grad_cam", 3, None, "flatten")
    flat = run_of([Flatten()], {})
    with pytest.raises(RunError, match=r"no layer of this network has any"):
        attribution(flat, 0, pixels, "grad_cam", 3, None, "flatten")
