"""The id of a run: ten hexadecimal digits, safe as a file name, in a link and in a message."""

from __future__ import annotations

import re
import secrets

from cnnlab.errors import RunNotFound

_PATTERN = re.compile(r"[0-9a-f]{10}")
_SHOWN = 40
"""An id comes from a link, so a message repeats no more than this many characters of it."""


def new_id() -> str:
    """A random id; 40 bits, so that no one guesses the id of another user's run."""
    return secrets.token_hex(5)


def checked_id(run_id: object) -> str:
    """The id itself, when it has the form of one.

    Every path of a run's files is made from an id that passed here, so that `../` never gets into a path.

    Raises:
        RunNotFound: the id does not have the form of an id, so no run has it.
    """
    if isinstance(run_id, str) and _PATTERN.fullmatch(run_id):
        return run_id
    raise not_found(run_id)


def not_found(run_id: object) -> RunNotFound:
    """The error for an id that no run has."""
    shown = repr(run_id)
    if len(shown) > _SHOWN:
        shown = shown[: _SHOWN - 1] + "…"
    return RunNotFound(
        f"There is no run {shown}. It may have been deleted; a run's id is ten characters of 0–9 and a–f, as "
        f"in the link to the run."
    )
