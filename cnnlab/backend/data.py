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
        DatasetUnavailable: it is not on this machine; a worker downloads nothing.
        DatasetError: it is damaged, or there is none of this name.
        SpecError: the network takes other images, or tells another number of classes apart.
    """
    training, architecture = design.training, design.architecture
    data = _opened(settings.get().home, design.dataset, training.seed, training.validation_share)
    mismatch = data.info.mismatch(architecture.input_shape, architecture.classes)
    if mismatch is not None:
        raise SpecError(f"{mismatch} Choose the data set again in Design: the network then follows it.")
    return data


@functools.lru_cache(maxsize=3)
def _opened(home: Path, name: str, seed: int, validation_share: float) -> Dataset:
    # A question about one image must not sort 60,000 labels again. `home` is there to tell settings apart.
    datasets.require(name)  # a download would run unseen here, and no command could stop it
    return datasets.load(name, seed=seed, validation_share=validation_share)
