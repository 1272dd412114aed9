"""What excites filters, against brute force in NumPy, and ascents whose summit is known by construction."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnlab import api, settings
from cnnlab.analysis.excitation import field_at, view_behind
from cnnlab.api import excitation as asking
from cnnlab.api.foretell import EVALUATED_MACS_PER_SECOND
from cnnlab.backend import graph
from cnnlab.backend.ascent import STARTS, STEPS, Ascent, roughness_slope, starts
from cnnlab.backend.build import build
from cnnlab.backend.excitation import excitation, searched, wanted_image
from cnnlab.backend.load import model
from cnnlab.datasets import Dataset
from cnnlab.errors import RunError, StorageError
from cnnlab.runs import RunFiles, RunRow, npz
from cnnlab.runs.excitation import TOP, Excitation, read_excitation
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePooling2D,
    ResidualBlock,
)

PATTERN = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 0]], np.float32)
"""The patch that one filter fires on."""

STEP = 21


def template_network(bias: float = 0.0, activation: str = "relu") -> keras.Model:
    """Two filters on images of 12×12: the first fires most on the pattern alone, the second is dead."""
    inputs = keras.Input((12, 12, 1))
    layer = keras.layers.Conv2D(2, 3, activation=activation, name="conv")
    network = keras.Model(inputs, layer(inputs))
    kernel = np.zeros((3, 3, 1, 2), np.float32)
    kernel[:, :, 0, 0] = 2 * PATTERN - 1
    kernel[:, :, 0, 1] = 1
    layer.set_weights([kernel, np.array([bias, -1000], np.float32)])
    return network


def planted() -> tuple[np.ndarray, dict[int, tuple[int, int]]]:
    """Images `(60, 12, 12, 1) uint8` of dim noise, nine with the pattern: image → its row and column."""
    random = np.random.default_rng(3)
    images = random.integers(0, 60, (60, 12, 12, 1), np.uint8)
    chosen = random.permutation(60)[:TOP]
    places = {
        int(image): (int(row), int(column))
        for image, (row, column) in zip(chosen, random.integers(0, 10, (TOP, 2)), strict=True)
    }
    for rank, (image, (row, column)) in enumerate(places.items()):
        images[image, row : row + 3, column : column + 3, 0] = PATTERN * (255 - 4 * rank)
    return images, places


def sought(network: keras.Model, images: np.ndarray, batch_size: int = 16) -> Excitation:
    """What excites a network's output among all these images."""
    data = graph.resident(images, np.zeros(len(images), np.int64))
    return searched(network, data, np.arange(len(images)), batch_size)


def brute_force(maps: np.ndarray) -> dict[str, np.ndarray]:
    """The same from all maps `(n, height, width, filters)` at once."""
    n, _, width, filters = maps.shape
    flat = maps.reshape(n, -1, filters)
    values = flat.max(axis=1)
    top = np.argsort(-values, axis=0, kind="stable")[:TOP].T
    where = np.take_along_axis(flat.argmax(axis=1), top.T, axis=0).T
    return {
        "images": top,
        "values": np.take_along_axis(values, top.T, axis=0).T,
        "places": np.stack(np.divmod(where, width), axis=-1),
        "minimum": flat.min(axis=(0, 1)),
        "maximum": flat.max(axis=(0, 1)),
        "active": (values > 0).mean(axis=0),
    }


def assert_same(found: Excitation, expected: dict[str, np.ndarray]) -> None:
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(found, name), values, rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_filter_that_fires_on_one_patch_finds_the_images_and_places_that_hold_it() -> None:
    images, places = planted()
    found = sought(template_network(), images)
    assert [int(image) for image in found.images[0]] == list(places), "the brightest first"
    assert [tuple(place) for place in found.places[0].tolist()] == list(places.values())
    bright = (255 - 4 * np.arange(TOP)) / 255 * PATTERN.sum()
    np.testing.assert_allclose(found.values[0], bright, rtol=1e-5)


def test_a_filter_with_a_bias_of_minus_1000_is_dead() -> None:
    found = sought(template_network(), planted()[0])
    assert found.dead.tolist() == [False, True]
    assert (found.active[1], found.minimum[1], found.maximum[1]) == (0, 0, 0)
    assert found.active[0] > 0


def test_a_negative_filter_without_a_rectifier_is_not_dead_but_a_saturated_one_is() -> None:
    images, _ = planted()
    assert sought(template_network(activation="linear"), images).dead.tolist() == [False, False]
    assert sought(template_network(activation="tanh"), images).dead.tolist() == [False, True]


@pytest.mark.parametrize("batch_size", [1, 7, 60, 512])
def test_the_size_of_a_batch_changes_nothing(batch_size: int) -> None:
    images, _ = planted()
    maps = template_network().predict(images / np.float32(255), verbose=0)
    found = sought(template_network(), images, batch_size)
    assert_same(found, brute_force(maps))


def test_fewer_images_than_nine_are_all_told() -> None:
    found = sought(template_network(), planted()[0][:4])
    assert found.images.shape == (2, 4)
    assert sorted(found.images[0].tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("layer", ["conv2d", "max_pooling2d", "flatten", "dense", "dense_1"])
def test_each_layer_s_answer_is_that_of_brute_force(finished: RunRow, data: Dataset, layer: str) -> None:
    whole = model(finished.id, STEP)
    part = keras.Model(whole.input, whole.get_layer(layer).output)
    maps = part.predict(data.test.images.astype(np.float32) / 255, verbose=0)
    found = excitation(finished.id, STEP, layer)
    assert found.count == len(data.test)
    expected = brute_force(maps if maps.ndim == 4 else maps[:, None, None, :])
    # Equal images and flat patches have equal values, whose order rounding decides: their values count.
    for name in ("values", "minimum", "maximum", "active"):
        np.testing.assert_allclose(getattr(found, name), expected[name], rtol=1e-4, atol=1e-5, err_msg=name)
    places = (found.places[..., 0], found.places[..., 1]) if maps.ndim == 4 else ()
    filters = np.arange(maps.shape[-1])[:, None]
    np.testing.assert_allclose(maps[(found.images, *places, filters)], found.values, rtol=1e-4, atol=1e-5)
    assert all(len(set(images)) == TOP for images in found.images.tolist()), "nine different images"


def test_what_was_computed_is_kept(
    finished: RunRow, files: RunFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = excitation(finished.id, STEP, "conv2d")
    monkeypatch.setattr("cnnlab.backend.excitation.searched", None)
    for second in (excitation(finished.id, STEP, "conv2d"), read_excitation(files, STEP, "conv2d")):
        assert second is not None
        assert_same(second, vars(first))
    assert read_excitation(files, 0, "conv2d") is None
    assert read_excitation(files, STEP, "dense") is None


def test_what_cannot_be_kept_is_answered_all_the_same(
    finished: RunRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("cnnlab.backend.excitation.write_excitation", full)
    assert excitation(finished.id, STEP, "conv2d").images.shape == (4, TOP)


def test_what_was_kept_goes_with_its_weights(finished: RunRow, files: RunFiles) -> None:
    excitation(finished.id, 0, "conv2d")
    (files.folder / "excitation-00000007-conv2d.npz").write_bytes(b"of weights that are gone")
    excitation(finished.id, STEP, "conv2d")
    kept = sorted(path.name for path in files.folder.glob("excitation-*"))
    assert kept == ["excitation-00000000-conv2d.npz", "excitation-00000021-conv2d.npz"]


@pytest.mark.parametrize("kept", ["damaged", "of another version"])
def test_a_file_that_cannot_be_read_is_computed_anew(finished: RunRow, files: RunFiles, kept: str) -> None:
    first = excitation(finished.id, STEP, "conv2d")
    path = files.folder / "excitation-00000021-conv2d.npz"
    if kept == "damaged":
        path.write_bytes(path.read_bytes()[:100])
    else:
        npz.write(path, {"strongest": first.images}, {"count": first.count}, durable=False)
    assert read_excitation(files, STEP, "conv2d") is None
    assert_same(excitation(finished.id, STEP, "conv2d"), vars(first))
    again = read_excitation(files, STEP, "conv2d")
    assert again is not None
    assert_same(again, vars(first))


def test_a_wanted_image_is_given_the_time_of_its_ascent(
    finished: RunRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    class Engine:
        def ask(self, task: str, *, timeout: float, **_: object) -> dict[str, object]:
            given.append(timeout)
            return {"image": np.zeros((8, 8, 1), np.float32), "value": 0.0, "start": 0.0, "place": (0, 0)}

    monkeypatch.setattr("cnnlab.api.excitation.get_engine", Engine)
    run = api.get(finished.id)
    asking.wanted_image(run, "conv2d", 0)
    # A gradient costs twice what it is the gradient of.
    macs = 3 * STEPS * STARTS * run.design.architecture.trace().total_macs
    (seconds,) = given
    assert seconds >= settings.get().question_seconds + macs / EVALUATED_MACS_PER_SECOND


def test_what_is_kept_needs_no_worker(
    finished: RunRow, files: RunFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = excitation(finished.id, STEP, "conv2d")
    monkeypatch.setattr("cnnlab.api.excitation.get_engine", None)
    run = api.get(finished.id)
    assert_same(asking.excitation(run, "conv2d"), vars(first))
    for ask in (asking.excitation, lambda run, layer: asking.wanted_image(run, layer, 0)):
        with pytest.raises(RunError, match=r"no layer '../conv2d'. It has conv2d, max_pooling2d"):
            ask(run, "../conv2d")


def test_unknown_layers_and_filters_are_said_in_words(finished: RunRow) -> None:
    with pytest.raises(RunError, match=r"no layer 'conv2d_7'. It has conv2d, max_pooling2d"):
        excitation(finished.id, STEP, "conv2d_7")
    with pytest.raises(RunError, match=r"conv2d has filters 0 to 3. Received 4."):
        wanted_image(finished.id, STEP, "conv2d", 4)


def test_the_image_that_a_known_filter_wants_is_its_pattern() -> None:
    bias = -2.0  # below what any grey gives: the ReLU itself has no slope there
    network = template_network(bias)
    climbed = Ascent(network, network.get_layer("conv")).climb(starts((12, 12, 1), 0), 0)
    assert climbed.place == (5, 5)
    assert (climbed.before == 0).all()
    for image in climbed.images:
        np.testing.assert_allclose(image[5:8, 5:8, 0], PATTERN, atol=1e-6)
    np.testing.assert_allclose(climbed.after, PATTERN.sum() + bias, rtol=1e-5)


def test_nothing_moves_a_dead_filter() -> None:
    network = template_network()
    climbed = Ascent(network, network.get_layer("conv")).climb(starts((12, 12, 1), 0), 1)
    assert (climbed.after == 0).all()


@pytest.mark.parametrize("layer", ["conv2d", "max_pooling2d", "dropout", "dense", "dense_1"])
def test_a_wanted_image_excites_more_than_any_test_image(finished: RunRow, layer: str) -> None:
    found = excitation(finished.id, STEP, layer)
    chosen = int(found.maximum.argmax())
    wanted = wanted_image(finished.id, STEP, layer, chosen)
    assert wanted["value"] > found.maximum[chosen]
    assert wanted["value"] > wanted["start"]
    image = wanted["image"]
    assert (image.shape, image.dtype) == ((8, 8, 1), np.float32)
    assert image.min() >= 0
    assert image.max() <= 1
    whole = model(finished.id, STEP)
    part = keras.Model(whole.input, whole.get_layer(layer).output)
    maps = part.predict(image[np.newaxis], verbose=0)[0]
    where = wanted["place"] if maps.ndim == 3 else ()
    assert maps[(*where, chosen)] == pytest.approx(wanted["value"], rel=1e-4)


def test_a_wanted_image_is_that_of_its_seed(finished: RunRow) -> None:
    one, two, other = (wanted_image(finished.id, STEP, "dense", 3, seed)["image"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 1e-3


def test_the_slope_of_roughness_is_tensorflow_s_gradient() -> None:
    images = tf.constant(np.random.default_rng(0).random((2, 5, 4, 3)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(images)
        down = images[:, 1:] - images[:, :-1]
        right = images[:, :, 1:] - images[:, :, :-1]
        rough = tf.reduce_sum(down**2) + tf.reduce_sum(right**2)
    np.testing.assert_allclose(roughness_slope(images), tape.gradient(rough, images), rtol=1e-4, atol=1e-5)


DEEP = Architecture(
    input_shape=(20, 24, 2),
    classes=3,
    layers=(
        Conv2D(filters=3, kernel_size=3, dilation_rate=2, activation="linear"),
        AveragePooling2D(pool_size=2),
        BatchNormalization(),
        DepthwiseConv2D(kernel_size=4, padding="same", activation="linear"),
        ResidualBlock(filters=4, strides=2, batch_normalization=False, activation="linear"),
        GlobalAveragePooling2D(),
        Flatten(),
    ),
)


@pytest.mark.parametrize(
    "row",
    [part for row in DEEP.trace().rows for part in row.primitives],
    ids=lambda row: row.name,
)
def test_a_receptive_field_is_where_the_gradient_is(row) -> None:
    network = build(DEEP, seed=1)
    part = keras.Model(network.inputs, network.get_layer(row.name).output)
    maps = row.output_shape[:-1]
    view = view_behind(DEEP, row.name)
    corners = [tuple(0 for _ in maps), tuple(side // 2 for side in maps), tuple(side - 1 for side in maps)]
    for place in corners:
        image = tf.constant(np.random.default_rng(0).random((1, 20, 24, 2)).astype(np.float32))
        with tf.GradientTape() as tape:
            tape.watch(image)
            value = tf.reduce_sum(part(image, training=False)[(0, *place)])
        touched = np.argwhere(np.abs(tape.gradient(value, image)[0]).sum(axis=-1) > 0)
        box = field_at(view, place or (0, 0)).clipped((20, 24))
        assert (box.top, box.left) == tuple(touched.min(axis=0))
        assert (box.bottom, box.right) == tuple(touched.max(axis=0) + 1)


def test_every_layer_of_a_residual_network_can_be_asked_about() -> None:
    network = build(DEEP, seed=1)
    images = np.random.default_rng(0).integers(0, 256, (30, 20, 24, 2), np.uint8)
    for layer in network.layers[1:]:
        part = keras.Model(network.inputs, layer.output)
        maps = part.predict(images / np.float32(255), verbose=0)
        found = sought(part, images)
        np.testing.assert_allclose(
            found.maximum, maps.reshape(-1, maps.shape[-1]).max(axis=0), rtol=1e-4, atol=1e-5
        )
        climbed = Ascent.of(network, layer).climb(starts((20, 24, 2), 0), 0)
        assert climbed.after.max() > climbed.before.max(), layer.name
