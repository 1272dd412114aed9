"""Names of classes: as people write them, as folders may be called, in the order that people expect."""

from __future__ import annotations

import re
import unicodedata


def class_name(text: str) -> str:
    r"""A class's name as a person would write it and as a folder may be called; "" where nothing is left.

    Example:
        >>> class_name("  red/blue\tmugs. ")
        'red-blue mugs'
    """
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r'[/\\:*?"<>|]+', "-", text)
    text = "".join(" " if character.isspace() else character for character in text)
    text = "".join(character for character in text if unicodedata.category(character)[0] != "C")
    return re.sub(r" +", " ", text)[:60].strip(" .-")


def natural_order(text: str) -> list[tuple[int, int, str]]:
    """Sorts "class 2" before "class 10", whatever the case."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in re.split(r"(\d{1,18})", text)
    ]
