"""Start and end of the server process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Around the server's life."""
    yield
