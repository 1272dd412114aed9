"""A design as the text of a link (`?lab=…`) and back.

The text is a version digit and the design's JSON, deflated, in the URL-safe base64 alphabet without padding.
Whatever comes in by a link is untrusted: its length and what it unpacks to are bounded before it is parsed.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterator
from typing import Any

from cnnlab.errors import LinkError, SpecError
from cnnlab.spec.design import Design
from cnnlab.spec.fields import Spec, controls

VERSION = "1"
MAX_LINK_CHARACTERS = 8_000
"""Browsers and proxies cut longer addresses; the deepest stack allowed takes a quarter of it."""
MAX_JSON_BYTES = 64 * 1024
"""Twice the JSON of the deepest stack allowed; a link that unpacks to more is no design."""


def encode(design: Design) -> str:
    """The design as text for a link: letters, digits, "-" and "_"."""
    document = json.loads(design.to_json())
    for part, plain in _parts(design, document):
        for name, control in controls(type(part)).items():
            # What stands behind "More" is seldom changed: left out, it has its default when the link is read.
            if control.advanced and plain.get(name) == control.default:
                del plain[name]
    packed = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), level=9)
    return VERSION + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _parts(design: Design, document: dict[str, Any]) -> Iterator[tuple[Spec, dict[str, Any]]]:
    """The parts of a design that have controls, each with its place in the document."""
    yield design.training, document["training"]
    yield from zip(design.architecture.layers, document["architecture"]["layers"], strict=True)


def decode(text: str) -> Design:
    """The design that a link carries.

    Raises:
        LinkError: in one message, why the link cannot be read.
    """
    if len(text) > MAX_LINK_CHARACTERS:
        raise _error(f"it has {len(text):,} characters, a design takes at most {MAX_LINK_CHARACTERS:,}")
    if not text.startswith(VERSION):
        raise _error(f"it should start with {VERSION}, the version of the form that this CNN Lab reads")
    source = _unpack(text[len(VERSION) :])
    try:
        return Design.from_json(source)
    except SpecError as exc:
        raise _error(str(exc).rstrip(".")) from exc


def _unpack(text: str) -> bytes:
    """The JSON behind the version digit, at most `MAX_JSON_BYTES` of it."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        inflater = zlib.decompressobj()
        source = inflater.decompress(packed, MAX_JSON_BYTES)
    except (binascii.Error, ValueError, zlib.error) as exc:
        raise _error("it was cut off or changed on its way") from exc
    if inflater.unconsumed_tail:
        raise _error(f"it unpacks to more than the {MAX_JSON_BYTES:,} bytes that a design can take")
    if not inflater.eof or inflater.unused_data:
        raise _error("it was cut off or changed on its way")
    return source


def _error(reason: str) -> LinkError:
    return LinkError(f"The link holds no design that can be read: {reason}. Ask for the link again.")
