"""From a picture to what a network takes, against NumPy and Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from cnnlab.analysis import tensors

IMAGE = np.zeros((8, 9, 1), np.uint8)
IMAGE[2:7, 3:8, 0] = 200 * (np.indices((5, 5)).sum(axis=0) % 2 == 0) + np.arange(5)


def test_the_window_shows_as_many_different_values_as_can_be():
    assert tensors.liveliest(IMAGE) == tensors.Place(2, 3, 5)
    assert tensors.liveliest(np.zeros((3, 4, 3), np.uint8)) == tensors.Place(0, 0, 3)


def test_pixels_are_divided_by_255():
    place = tensors.liveliest(IMAGE)
    pixels = tensors.crop(IMAGE, place, 0)
    assert (pixels == IMAGE[2:7, 3:8, 0]).all()
    np.testing.assert_array_equal(tensors.scaled(pixels), pixels.astype("float32") / 255)
    assert tensors.scaled(np.array([0, 255], np.uint8)).tolist() == [0.0, 1.0]


def test_a_one_hot_label_is_that_of_keras():
    assert (tensors.one_hot(3, 10) == keras.utils.to_categorical(3, 10)).all()


def test_the_frame_hides_nothing_inside_or_outside_of_it():
    image = np.full((8, 8, 1), 7, np.uint8)
    large = tensors.marked(image, tensors.Place(1, 2, 5), size=80)
    assert large.shape == (80, 80, 3)
    assert large[10, 20].tolist() == large[59, 69].tolist() == [230, 159, 0]
    for row, column in ((9, 20), (10, 19), (12, 22), (60, 69)):
        assert large[row, column].tolist() == [7, 7, 7]


@pytest.mark.parametrize(
    ("shape", "shapes"),
    [
        ((28, 28, 1), [(28, 28), (28, 28, 1), (32, 28, 28, 1)]),
        ((32, 32, 3), [(32, 32, 3), (32, 32, 32, 3)]),
    ],
)
def test_a_grey_image_gets_a_channel_axis_and_every_image_a_batch_axis(shape, shapes):
    assert [after for _, after in tensors.axes(shape, 32)] == shapes


def test_each_rank_has_an_example_with_as_many_axes_and_brackets():
    examples = tensors.ranks(IMAGE, 3, 10, 32, tensors.liveliest(IMAGE))
    assert [each.rank for each in examples] == [0, 1, 2, 3, 4]
    assert [each.shape for each in examples] == [(), (10,), (8, 9), (8, 9, 1), (32, 8, 9, 1)]
    assert [each.numbers.count("[") for each in examples] == [0, 1, 2, 3, 4]
    assert examples[0].numbers == f"{IMAGE[2, 3, 0] / 255:.2f}"
    assert examples[1].numbers == "[0.00 0.00 0.00 …]"


def test_brackets_say_whether_there_is_more():
    assert tensors.brackets(np.array([[1.0, 0.5]], np.float32)) == "[[1.00 0.50]]"
    assert tensors.brackets(np.zeros((2, 4), np.float32)) == "[[0.00 0.00 0.00 …] …]"
