"""The routes and the middleware that the launcher adds to Streamlit's server."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.routing import BaseRoute


def routes() -> list[BaseRoute]:
    """The routes to add to Streamlit's own."""
    return []


def middleware() -> list[Middleware]:
    """The middleware to put around Streamlit's own."""
    return []
