"""The figures of the concept cards."""

from __future__ import annotations

import numpy as np
import pytest
from plotly.subplots import make_subplots

from cnnlab.figures.concepts.pooling import rows


def test_each_picture_has_the_place_that_plotlys_own_subplots_give_it() -> None:
    pictures = [(np.full((4, 4), value), np.full((4, 4), value)) for value in (1.0, 2.0, 3.0)]
    figure = rows(pictures)
    oracle = make_subplots(rows=3, cols=2, vertical_spacing=0.04, horizontal_spacing=0.06)
    for number in ("", "2", "3", "4", "5", "6"):
        for axis in (f"xaxis{number}", f"yaxis{number}"):
            ours, theirs = figure.layout[axis], oracle.layout[axis]
            assert ours.anchor == theirs.anchor
            assert ours.domain == pytest.approx(theirs.domain)
    assert [trace.xaxis for trace in figure.data] == ["x", "x2", "x3", "x4", "x5", "x6"]
    assert [trace.z[0][0] for trace in figure.data] == [1, 1, 2, 2, 3, 3]
