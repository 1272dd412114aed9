"""Own data sets on disk: what is known of each, renaming, deleting, taking them away.

Each is a folder `own-<id>` among the stored data sets, written beside its place and renamed. What is known
of it (`own.json`) outlives its images: runs that learnt from deleted images still name their classes.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from cnnlab import settings
from cnnlab.datasets import store
from cnnlab.datasets.dataset import DatasetInfo
from cnnlab.datasets.own.pictures import Preparation
from cnnlab.datasets.own.sources import Skipped
from cnnlab.errors import DatasetError, DatasetUnavailable

PREFIX = "own-"
SHARED_OWNER = "local"
"""Owner of what is imported from Python or the command line; everybody on this server sees it."""

MAX_TITLE = 60
_NAME = re.compile(r"own-[0-9a-f]{10}")
_CARD = "own.json"


@dataclass(frozen=True)
class Card:
    """What is known of an own data set.

    Attributes:
        name: `own-` and ten hexadecimal digits.
        title: what its owner calls it.
        owner: whose it is.
        class_names: one name a class.
        counts: images of each class.
        preparation: what was done to every picture.
        source: where the pictures came from, as a title.
        created_at: when, as ISO 8601 in UTC.
        skipped: the first files that were left out, and why.
        skipped_count: how many there were.
        deleted: whether its images are gone.
    """

    name: str
    title: str
    owner: str
    class_names: tuple[str, ...]
    counts: tuple[int, ...]
    preparation: Preparation
    source: str
    created_at: str
    skipped: tuple[Skipped, ...] = ()
    skipped_count: int = 0
    deleted: bool = False

    @property
    def images(self) -> int:
        """Number of images."""
        return sum(self.counts)

    @property
    def info(self) -> DatasetInfo:
        """As every data set is described."""
        return DatasetInfo(
            name=self.name,
            title=self.title,
            description=f"Own images, {self.preparation.in_words()}.",
            image_shape=self.preparation.image_shape,
            class_names=self.class_names,
            images=self.images,
            source=f"Own images, from {self.source}",
            licence="Not stated",
            url="",
            own=True,
        )


def is_own(name: str) -> bool:
    """Whether a name is that of an own data set; it may not exist."""
    return _NAME.fullmatch(name) is not None


def new_name() -> str:
    """A random name: 40 bits, so that no one guesses that of another user's images."""
    return PREFIX + secrets.token_hex(5)


def folder(name: str) -> Path:
    """The folder of an own data set."""
    return store.root() / name


def card(name: str) -> Card:
    """What is known of an own data set.

    Raises:
        DatasetError: there is none of this name, or what is known of it cannot be read.
    """
    path = folder(name) / _CARD
    if not is_own(name) or not path.is_file():
        raise DatasetError(
            f"There are no own images {name[:60]!r} on this machine. They may have been deleted."
        )
    try:
        return _from_plain(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DatasetError(
            f"{path} is damaged ({exc}). Delete its folder, and make the data set again."
        ) from exc


def cards(owner: str) -> list[Card]:
    """An owner's data sets and those shared with everybody, the newest first, without deleted ones."""
    found = []
    for path in store.root().glob(f"{PREFIX}*/{_CARD}"):
        try:
            read = card(path.parent.name)
        except DatasetError:
            continue  # a list must be shown whatever one of them is like
        if read.owner in (owner, SHARED_OWNER) and not read.deleted:
            found.append(read)
    return sorted(found, key=lambda each: (each.created_at, each.name), reverse=True)


def new_card(title: str, owner: str, preparation: Preparation, source: str, counts: dict[str, int]) -> Card:
    """The card of a data set that is being made; `counts` maps each class to its images."""
    return Card(
        name=new_name(),
        title=free_title(checked_title(title), owner),
        owner=owner,
        class_names=tuple(counts),
        counts=tuple(counts.values()),
        preparation=preparation,
        source=source,
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
    )


def checked_title(title: str) -> str:
    """A title on one line.

    Raises:
        DatasetError: nothing is left of it, or it is too long.
    """
    line = " ".join("".join(each if each.isprintable() else " " for each in title).split())
    if not 0 < len(line) <= MAX_TITLE:
        raise DatasetError(
            f"Own images: expected a name of 1 to {MAX_TITLE} characters. Received {line[:70]!r}."
        )
    return line


def free_title(title: str, owner: str) -> str:
    """The title, with a number behind it where the owner can choose another set of this title already."""
    from cnnlab.datasets import catalogue  # which looks up own images here

    taken = {entry.info.title for entry in catalogue.ENTRIES.values()}
    taken |= {other.title for other in cards(owner)}
    free, number = title, 2
    while free in taken:
        free, number = f"{title[: MAX_TITLE - 5]} {number}", number + 1
    return free


def write_card(place: Path, written: Card) -> None:
    """Write `own.json` into a folder, whole or not at all."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place, delete=False) as file:
        json.dump(asdict(written), file)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(place / _CARD)


def rename(name: str, title: str) -> None:
    """Give an own data set another title.

    Raises:
        DatasetError: there is none of this name, or the title cannot be used.
    """
    old = card(name)
    title = checked_title(title)
    if title != old.title:
        write_card(folder(name), replace(old, title=free_title(title, old.owner)))


def delete(name: str) -> None:
    """Delete the images of an own data set for good.

    Raises:
        DatasetError: there is none of this name.
    """
    gone = replace(card(name), deleted=True, skipped=(), source="")
    place = folder(name)
    for path in place.iterdir():
        # Who has the images open goes on seeing them until they are closed.
        if path.name != _CARD:
            path.unlink(missing_ok=True)
    write_card(place, gone)


def unavailable(name: str) -> DatasetUnavailable:
    """The error for images that were deleted."""
    return DatasetUnavailable(
        f"The images of {card(name).title} were deleted. Import them again on the page Data, "
        f"or choose another data set."
    )


# Taking it away


def export_zip(name: str, path: Path) -> None:
    """Write the images as a zip with a folder a class, PNG, which loses nothing.

    Raises:
        DatasetError: there is no such data set, or the file cannot be written.
    """
    from PIL import Image

    found = card(name)
    with _written(path) as beside, zipfile.ZipFile(beside, "w") as archive:
        images, labels, _ = _stored(found)
        for at, (image, label) in enumerate(zip(images, labels, strict=True)):
            grey = image.shape[2] == 1
            with archive.open(f"{found.class_names[label]}/{at:05}.png", "w") as file:
                Image.fromarray(image[..., 0] if grey else image).save(file, "PNG")


def export_npz(name: str, path: Path) -> None:
    """Write x (n, height, width, channels) uint8, y (n,) int64 and class_names (classes,) as an npz.

    Raises:
        DatasetError: there is no such data set, or the file cannot be written.
    """
    found = card(name)
    images, labels, _ = _stored(found)
    with _written(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, x=images, y=labels, class_names=np.array(found.class_names))


EXPORTS = {"zip": export_zip, "npz": export_npz}

_EXPORT = "export-"
_EXPORT_KEPT_SECONDS = 24 * 3600.0
"""No download takes so long: what is older was left by a server that was killed."""


def export_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for one export on its way out; it goes with the object, and what killed servers left goes now.

    It lies beside the data, where there is room for what is as large: /tmp may lie in memory.

    Raises:
        DatasetUnavailable: it cannot be made.
    """
    sweep_exports()
    home = settings.get().home
    try:
        return tempfile.TemporaryDirectory(prefix=_EXPORT, dir=home)
    except OSError as exc:
        raise DatasetUnavailable(
            f"The export cannot be written in {home}: {exc.strerror or exc}. Make room there, or name "
            f"another folder in CNNLAB_HOME."
        ) from exc


def sweep_exports() -> None:
    """Remove the exports that killed servers have left."""
    for left in settings.get().home.glob(f"{_EXPORT}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _EXPORT_KEPT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _stored(found: Card) -> store.Stored:
    if found.deleted:
        raise unavailable(found.name)
    return store.read(folder(found.name), found.info)


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    """A path beside, renamed when all went well: no half file is ever left."""
    beside = path.with_name(f".new-{secrets.token_hex(4)}-{path.name}")
    try:
        yield beside
        beside.replace(path)
    except OSError as exc:
        raise DatasetError(f"{path} cannot be written: {exc.strerror or exc}.") from exc
    finally:
        beside.unlink(missing_ok=True)


def _from_plain(plain: dict[str, Any]) -> Card:
    return Card(
        **plain
        | {
            "class_names": tuple(plain["class_names"]),
            "counts": tuple(plain["counts"]),
            "preparation": Preparation(**plain["preparation"]),
            "skipped": tuple(Skipped(**each) for each in plain["skipped"]),
        }
    )
