"""Every data set, declared once: what it is, and how its images are come by.

To add one, add a function below that returns its entry (or its entries, one for each variant) and name it in
`_ALL`. Nothing else has to change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnlab.datasets import archives
from cnnlab.datasets.builtin import digits, shapes
from cnnlab.datasets.dataset import Content, DatasetInfo
from cnnlab.datasets.downloads import RemoteFile
from cnnlab.datasets.own import shelf
from cnnlab.errors import DatasetError


@dataclass(frozen=True)
class BuiltIn:
    """Images that are drawn, or read from an installed package.

    Attributes:
        version: to be changed with whatever changes the pixels.
        content: makes them.
    """

    version: str
    content: Callable[[], Content]


@dataclass(frozen=True)
class Download:
    """Images that are taken from `NAME.npz` in the data folder, or downloaded.

    Attributes:
        files: what is downloaded.
        content: reads the downloaded files, given in the same order.
    """

    files: tuple[RemoteFile, ...]
    content: Callable[[Sequence[Path]], Content]


@dataclass(frozen=True)
class Imported:
    """A user's own images: they are here, or they were deleted."""


@dataclass(frozen=True)
class Entry:
    """One data set.

    Attributes:
        info: what is known of it without opening it.
        recipe: how its images are come by.
        family: the name that its variants share.
        listed: whether `names()` shows it; variants that are not listed can be loaded all the same.
    """

    info: DatasetInfo
    recipe: BuiltIn | Download | Imported
    family: str
    listed: bool = True


def _digits() -> list[Entry]:
    info = DatasetInfo(
        name="digits",
        title="Digits",
        description="Handwritten digits, 8×8 pixels: small enough to train on in seconds.",
        image_shape=(8, 8, 1),
        class_names=tuple("0123456789"),
        images=1797,
        source="Optical Recognition of Handwritten Digits (E. Alpaydin and C. Kaynak, 1998), "
        "UCI Machine Learning Repository: its test part, as packaged with scikit-learn",
        licence="CC BY 4.0",
        url="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
        built_in=True,
    )
    return [Entry(info, BuiltIn(digits.VERSION, digits.content), "digits")]


def _shapes() -> list[Entry]:
    """Sizes 32 and 64, three difficulties; a default is not spelled out in the name."""
    return [_shapes_variant(size, difficulty) for size in (32, 64) for difficulty in shapes.DIFFICULTIES]


def _shapes_variant(size: int, difficulty: str) -> Entry:
    parts = ["shapes"] + ["64"] * (size == 64) + [difficulty] * (difficulty != "default")
    info = DatasetInfo(
        name="-".join(parts),
        title=" ".join(["Shapes", f"{size}×{size}"] + [difficulty] * (difficulty != "default")),
        description=f"Coloured shapes of any size, place and rotation, {size}×{size} pixels.",
        image_shape=(size, size, 3),
        class_names=shapes.CLASS_NAMES,
        images=shapes.COUNT,
        source=f"Drawn by CNN Lab from the seed {shapes.SEED}",
        licence="Apache-2.0, as CNN Lab",
        url="https://python-pillow.org",
        built_in=True,
    )
    draw = functools.partial(shapes.content, size=size, difficulty=difficulty)
    return Entry(info, BuiltIn(shapes.VERSION, draw), "shapes", listed=difficulty == "default")


_TF_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def _mnist() -> list[Entry]:
    file = RemoteFile(
        _TF_KERAS + "mnist.npz",
        "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        11_490_434,
    )
    info = DatasetInfo(
        name="mnist",
        title="MNIST",
        description="Handwritten digits, 28×28 pixels: where convolutional networks began.",
        image_shape=(28, 28, 1),
        class_names=tuple("0123456789"),
        images=70_000,
        source="Y. LeCun, C. Cortes and C. J. C. Burges, from NIST's Special Databases 1 and 3",
        licence="CC BY-SA 3.0",
        url="https://yann.lecun.com/exdb/mnist/",
        download_bytes=file.size,
    )
    return [Entry(info, Download((file,), lambda paths: archives.npz(paths[0])), "mnist")]


def _fashion_mnist() -> list[Entry]:
    files = (
        RemoteFile(
            _TF_KERAS + "train-images-idx3-ubyte.gz", "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880
        ),
        RemoteFile(_TF_KERAS + "train-labels-idx1-ubyte.gz", "md5:25c81989df183df01b3e8a0aad5dffbe", 29_515),
        RemoteFile(
            _TF_KERAS + "t10k-images-idx3-ubyte.gz", "md5:bef4ecab320f06d8554ea6380940ec79", 4_422_102
        ),
        RemoteFile(_TF_KERAS + "t10k-labels-idx1-ubyte.gz", "md5:bb300cfdad3c16e7a12a480ee83cd310", 5_148),
    )
    names = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    info = DatasetInfo(
        name="fashion_mnist",
        title="Fashion-MNIST",
        description="Articles of clothing, 28×28 pixels: as simple to use as MNIST, harder to get right.",
        image_shape=(28, 28, 1),
        class_names=names,
        images=70_000,
        source="H. Xiao, K. Rasul and R. Vollgraf, Zalando Research, 2017",
        licence="MIT",
        url="https://github.com/zalandoresearch/fashion-mnist",
        download_bytes=sum(file.size for file in files),
    )
    return [Entry(info, Download(files, archives.idx), "fashion_mnist")]


def _cifar10() -> list[Entry]:
    file = RemoteFile(
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "md5:c32a1d4ab5d03f1284b67883e8d87530",
        170_052_171,
    )
    info = DatasetInfo(
        name="cifar10",
        title="CIFAR-10",
        description="Small colour photographs of animals and vehicles, 32×32 pixels.",
        image_shape=(32, 32, 3),
        class_names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        images=60_000,
        source="A. Krizhevsky, V. Nair and G. Hinton, 2009, from the Tiny Images collection",
        licence="None stated by its authors, who ask that their technical report be cited",
        url="https://www.cs.toronto.edu/~kriz/cifar.html",
        download_bytes=file.size,
    )
    return [Entry(info, Download((file,), archives.cifar_binary), "cifar10")]


_ALL = (_digits, _shapes, _mnist, _fashion_mnist, _cifar10)

ENTRIES: dict[str, Entry] = {each.info.name: each for entries in _ALL for each in entries()}


def entry(name: str) -> Entry:
    """The declaration of a data set.

    Raises:
        DatasetError: there is no data set of this name.
    """
    if shelf.is_own(name):
        return Entry(shelf.card(name).info, Imported(), name, listed=False)
    found = ENTRIES.get(name)
    if found is None:
        raise DatasetError(f"There is no data set {name[:60]!r}. Expected one of {', '.join(ENTRIES)}.")
    return found
