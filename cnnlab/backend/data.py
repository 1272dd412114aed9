"""The data set of a design, checked against its network, opened once a process."""

from __future__ import annotations

import functools
from pathlib import Path

from cnnlab import datasets, settings
from cnnlab.datasets import Dataset
from cnnlab.errors import SpecError
from cnnlab.spec.design import Design


def dataset_of(design: Design) -> Dataset:
    """The data set of a design, with the split that its training uses.

    Raises:
        DatasetError: it is not there, or damaged.
        SpecError: the network takes other images, or tells another number of classes apart.
    """
    training, architecture = design.training, design.architecture
    data = _opened(settings.get().home, design.dataset, training.seed, training.validation_share)
    expected = (tuple(architecture.input_shape), architecture.classes)
    if expected != (tuple(data.image_shape), data.classes):
        raise SpecError(
            f"The network takes {_images(*expected)}; the data set {design.dataset!r} has "
            f"{_images(data.image_shape, data.classes)}. Choose the data set anew: the network follows it."
        )
    return data


@functools.lru_cache(maxsize=3)
def _opened(home: Path, name: str, seed: int, validation_share: float) -> Dataset:
    # A question about one image must not sort 60,000 labels again. `home` is there to tell settings apart.
    return datasets.load(name, seed=seed, validation_share=validation_share)


def _images(shape: tuple[int, ...], classes: int) -> str:
    return f"{'×'.join(map(str, shape))} images of {classes} classes"
