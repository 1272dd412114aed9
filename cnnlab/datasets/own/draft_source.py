"""The pictures of a draft as one source, wherever they lie in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cnnlab.datasets.own.sources import FolderSource, Item, Listing, Reader, Skipped, Source, ZipSource


class DraftSource:
    """A draft's zip and its classes, together.

    Args:
        archive: its zip and what it is called; None where it has none.
        classes: the folder with a folder of pictures for each class; it need not exist.
    """

    def __init__(self, archive: tuple[Path, str] | None, classes: Path) -> None:
        self._parts: dict[str, Source] = {}
        if archive is not None:
            self._parts["zip"] = ZipSource(*archive)
        if classes.is_dir():
            self._parts["classes"] = FolderSource(classes)
        self.title = archive[1] if archive else "pictures put together here"

    def listing(self) -> Listing:
        """What both hold."""
        items: list[Item] = []
        skipped: list[Skipped] = []
        for key, part in self._parts.items():
            found = part.listing() if key == "zip" else _by_folder(part.listing())
            items += (replace(item, path=f"{key}/{item.path}") for item in found.items)
            skipped += found.skipped
        return Listing(tuple(items), tuple(skipped))

    def reader(self) -> Reader:
        """Reads of both."""
        return _DraftReader({key: part.reader() for key, part in self._parts.items()})


class _DraftReader:
    def __init__(self, readers: dict[str, Reader]) -> None:
        self._readers = readers

    def read(self, path: str) -> bytes:
        key, _, rest = path.partition("/")
        return self._readers[key].read(rest)

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close()


def _by_folder(found: Listing) -> Listing:
    """Each picture's class is the folder that it was put into, be it the only one."""
    items = (replace(item, class_name=item.path.partition("/")[0]) for item in found.items)
    return Listing(tuple(items), found.skipped)
