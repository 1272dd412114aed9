from __future__ import annotations

import numpy as np

from cnnlab.figures.tensors import describe_grid, describe_one_hot, grid, one_hot

PIXELS = np.array([[0, 128], [255, 64]], np.uint8)


def test_every_cell_says_its_number_and_can_be_read():
    cells, numbers = grid(PIXELS, 255, decimals=0).data
    assert np.array_equal(cells.z, PIXELS)
    assert (cells.zmin, cells.zmax) == (0, 255)
    assert list(numbers.text) == ["0", "128", "255", "64"]
    assert list(numbers.textfont.color) == ["#FFFFFF", "#000000", "#000000", "#FFFFFF"]


def test_decimals_are_as_many_as_asked_for():
    assert list(grid(PIXELS / 255, 1, decimals=3).data[1].text) == ["0.000", "0.502", "1.000", "0.251"]


def test_the_first_row_is_on_top():
    assert list(grid(PIXELS, 255, decimals=0).layout.yaxis.range) == [1.5, -0.5]


def test_a_one_hot_vector_stands_under_the_names_of_the_classes():
    figure = one_hot(np.array([0, 1, 0], np.float32), ("shirt", "coat", "bag"))
    assert list(figure.data[1].text) == ["0", "1", "0"]
    assert list(figure.layout.xaxis.ticktext) == ["shirt", "coat", "bag"]


def test_grids_are_said_in_words():
    assert describe_grid(PIXELS) == "2 by 2 numbers from 0 to 255."
    assert (
        describe_one_hot(np.array([0, 1]), ("a", "b")) == "2 numbers: a 1 for 'b', a 0 for each other class."
    )
