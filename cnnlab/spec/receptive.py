"""The receptive field: how far a value of some layer looks back into the image."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from cnnlab.spec.layers import Layer, Shape


@dataclass(frozen=True, slots=True)
class View:
    """How values at a depth look back into the image.

    Source: Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill
    2019: with its padding, the first window begins `padding · jump` before, ends `(span - 1) · jump` later.

    Attributes:
        image: height and width of the image.
        begin: on both axes, where the pixels begin that the first value sees; negative in the padding.
        end: on both axes, the last of them.
        jump: pixels of the image from one value to the next.
        everything: whether each value sees the whole image.
    """

    image: Shape
    begin: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)
    jump: int = 1
    everything: bool = False

    def behind(self, layer: Layer, shape: Shape) -> View:
        """The view of the values that this layer gives, whose input has `shape`."""
        if self.everything:
            return self
        if layer.mixes_everything or len(shape) == 1:
            return dataclasses.replace(self, everything=True)
        window = layer.window()
        if window is None:
            return self
        out = [window.overhang(side) * self.jump for side in shape[:2]]
        more = (window.span - 1) * self.jump
        begin = (self.begin[0] - out[0], self.begin[1] - out[1])
        end = (self.end[0] - out[0] + more, self.end[1] - out[1] + more)
        return View(self.image, begin, end, self.jump * window.stride)

    def united(self, other: View) -> View:
        """The view of the sum of two branches: what either sees."""
        if self.everything or other.everything:
            return dataclasses.replace(self, everything=True)
        begin = (min(self.begin[0], other.begin[0]), min(self.begin[1], other.begin[1]))
        end = (max(self.end[0], other.end[0]), max(self.end[1], other.end[1]))
        return View(self.image, begin, end, self.jump)

    @property
    def field(self) -> tuple[int, int]:
        """The receptive field, at most the whole image."""
        height, width = self.image[:2]
        if self.everything:
            return height, width
        return min(self.end[0] - self.begin[0] + 1, height), min(self.end[1] - self.begin[1] + 1, width)
