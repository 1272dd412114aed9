"""Loaded code is left out of Python's search for unreachable objects.

Streamlit has all objects of the process searched after every script run. Most of them are the modules' own,
half a million functions, classes and tables that are never given up; looking at them again took longer than a
page, and no other page was served meanwhile.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

LOOK_AGAIN = 500
"""After so many searches everything is searched once: what was given up since then, a closed session, say."""


class _Keeper:
    """Sets aside what survives a search, whenever modules were imported since the last time."""

    def __init__(self) -> None:
        self._modules = 0
        self._searches = 0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Called by the collector at the "start" and the "stop" of each search."""
        if info["generation"] < 2:
            return
        if phase == "start":
            self._searches += 1
            if self._due():
                gc.unfreeze()
        elif self._due():
            gc.freeze()
            self._modules, self._searches = len(sys.modules), 0

    def _due(self) -> bool:
        return self._searches > LOOK_AGAIN or len(sys.modules) != self._modules


def set_loaded_code_aside() -> None:
    """From now on a search leaves out what was there when modules were last imported; once is enough."""
    if not any(isinstance(each, _Keeper) for each in gc.callbacks):
        gc.callbacks.append(_Keeper())
