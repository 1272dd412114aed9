"""Plotly.js from the installed plotly package: lecture halls have no network, so nothing comes from a CDN."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import threading
import zlib
from pathlib import Path

PLOTLY_NAME = f"plotly-{importlib.metadata.version('plotly')}.min.js"
PLOTLY_URL = f"cnnlab/assets/{PLOTLY_NAME}"
"""Address relative to the app's root. It carries the version, so that browsers may keep the file for good."""

_BLOCK_BYTES = 1 << 18
_GZIP = zlib.MAX_WBITS | 16
_lock = threading.Lock()
_compressed: bytes | None = None


def plotly_path() -> Path:
    """Where the installed plotly package keeps Plotly.js; plotly itself is not imported.

    Raises:
        FileNotFoundError: plotly is not installed, or without its JavaScript.
    """
    spec = importlib.util.find_spec("plotly")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"plotly.min.js was expected in the installed plotly package, looked in {folders}."
    )


def plotly_gzip() -> bytes:
    """Plotly.js gzipped, about 1.4 MB; compressed once, in blocks: the 4.8 MB are never in memory whole."""
    global _compressed
    with _lock:
        if _compressed is None:
            packer = zlib.compressobj(level=6, wbits=_GZIP)
            with plotly_path().open("rb") as source:
                blocks = [packer.compress(block) for block in iter(lambda: source.read(_BLOCK_BYTES), b"")]
            _compressed = b"".join([*blocks, packer.flush()])
        return _compressed
