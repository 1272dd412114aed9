"""What the server says besides pages: the event stream of a run, assets, the owner's cookie, an orderly end.

Built on Starlette alone: nothing here imports Streamlit.
"""

from __future__ import annotations

from cnnlab.live.lifespan import lifespan
from cnnlab.live.routes import middleware, routes

__all__ = ["lifespan", "middleware", "routes"]
