"""What a data set is once it is open: images on disk, labels, and three splits of their indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set without opening it.

    Attributes:
        name: the name by which it is loaded; options such as the size are part of it (`shapes-64`).
        title: what people call it.
        description: one or two sentences on what the images show.
        image_shape: (height, width, channels) of every image.
        class_names: one name a class; label i is `class_names[i]`.
        images: number of images in all, training and test.
        source: who made it and from what.
        licence: under which terms, or that none were stated.
        url: where to read more; "" where there is no such place.
        download_bytes: size of the download in bytes; None where nothing is downloaded.
        built_in: whether it needs no network.
        own: whether a user made it of own images.
    """

    name: str
    title: str
    description: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    images: int
    source: str
    licence: str
    url: str
    download_bytes: int | None = None
    built_in: bool = False
    own: bool = False

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def mismatch(self, image_shape: Sequence[int], classes: int) -> str | None:
        """Why a network does not fit these images, in words; None where it does. Who says it adds what to do.

        Args:
            image_shape: (height, width, channels) of the images that the network takes.
            classes: number of classes that it tells apart.
        """
        if (tuple(image_shape), classes) == (tuple(self.image_shape), self.classes):
            return None
        return (
            f"The network takes {_times(image_shape)} images in {classes} classes, but {self.title} has "
            f"{_times(self.image_shape)} in {self.classes}."
        )


def _times(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


@dataclass(frozen=True)
class Content:
    """The images of a data set on their way to the disk, a chunk at a time, so that memory stays small.

    Attributes:
        count: number of images in all.
        test_count: the last so many are the set's own test images; 0 where it has none of its own.
        chunks: pairs of (n, height, width, channels) uint8, 0–255, and (n,) integer labels.
    """

    count: int
    test_count: int
    chunks: Iterator[tuple[Images, NDArray[np.integer]]]


@dataclass(frozen=True, eq=False)
class Split:
    """One part of a data set: indices into its images, which are read only when asked for."""

    indices: Indices
    _images: Images = field(repr=False)
    _labels: Labels = field(repr=False)

    def __len__(self) -> int:
        """Number of images in this part."""
        return len(self.indices)

    @property
    def images(self) -> Images:
        """(n, height, width, channels) uint8, 0–255: a fresh copy in memory at each access."""
        return self._images[self.indices]

    @property
    def labels(self) -> Labels:
        """(n,) int64: for each image the index of its class name."""
        return self._labels[self.indices]


@dataclass(frozen=True, eq=False)
class Dataset:
    """An open data set.

    Attributes:
        info: what is known of it; `info.images` counts what is really there.
        origin: where this copy came from: "built in", "download", or a file's name.
        images: (n, height, width, channels) uint8, 0–255, memory-mapped: all processes share one copy.
        labels: (n,) int64, memory-mapped.
        train: what the network learns from.
        validation: held back from the training part; empty where its share is 0.
        test: never seen in training.
    """

    info: DatasetInfo
    origin: str
    images: Images = field(repr=False)
    labels: Labels = field(repr=False)
    train: Split
    validation: Split
    test: Split

    @property
    def name(self) -> str:
        """The name by which it is loaded."""
        return self.info.name

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name a class; label i is `class_names[i]`."""
        return self.info.class_names

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.info.classes

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every image."""
        return self.info.image_shape
