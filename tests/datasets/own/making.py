"""Pictures, folders and zips made for tests."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

RED, BLUE = (220, 30, 30), (30, 30, 220)


def picture(
    colour: tuple[int, ...] | int = RED, *, size: tuple[int, int] = (40, 30), mode: str = "RGB"
) -> Any:
    """A picture of one colour, as Pillow has it; `size` is (width, height)."""
    return Image.new(mode, size, colour)


def encoded(image: Any, form: str = "JPEG", **options: Any) -> bytes:
    """The bytes of a picture's file."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def two_classes(count: int = 4) -> dict[str, bytes]:
    """So many red and so many blue pictures, by path: photos/red/0.jpg …"""
    return {
        f"photos/{name}/{number}.jpg": encoded(picture(colour))
        for name, colour in (("red", RED), ("blue", BLUE))
        for number in range(count)
    }


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    """A zip of these files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def unpacked(path: Path, files: dict[str, bytes]) -> Path:
    """A folder of these files."""
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def gradient(width: int = 60, height: int = 40) -> np.ndarray:
    """(height, width, 3) uint8 whose red grows to the right and whose green grows downwards."""
    red = np.broadcast_to(np.linspace(0, 255, width), (height, width))
    green = np.broadcast_to(np.linspace(0, 255, height)[:, None], (height, width))
    return np.stack([red, green, np.zeros((height, width))], axis=-1).astype(np.uint8)
