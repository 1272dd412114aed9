"""The routes and the middleware that the launcher adds to Streamlit's server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from cnnlab.errors import RunNotFound, StorageError
from cnnlab.live import uploads
from cnnlab.live.assets import PLOTLY_NAME, plotly_gzip, plotly_path
from cnnlab.live.broadcast import Broadcast
from cnnlab.live.give_way import GiveWay
from cnnlab.live.owner import OwnerCookie
from cnnlab.live.pictures import pictures
from cnnlab.live.words import shared_interpreter

_FOREVER = "public, max-age=31536000, immutable"
_STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_shared: Broadcast | None = None


def shared_broadcast() -> Broadcast:
    """The broadcast of this server process."""
    global _shared
    if _shared is None:
        _shared = Broadcast()
    return _shared


def routes(broadcast: Broadcast | None = None) -> list[BaseRoute]:
    """The routes to add to Streamlit's own: the event stream of a run, own images, Plotly.js, `/home`.

    Each is there twice, at the root and below any folder: Streamlit does not put its `server.baseUrlPath`
    before routes that are not its own.

    Args:
        broadcast: What feeds the streams; by default the one of this process.
    """
    source = broadcast or shared_broadcast()

    async def events(request: Request) -> Response:
        return await _events(request, source)

    served: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/home": _home,
        "/cnnlab/runs/{run_id}/events": events,
        "/cnnlab/runs/{run_id}/words": _words,
        "/cnnlab/runs/{run_id}/pictures": _pictures,
        f"/cnnlab/assets/{PLOTLY_NAME}": _plotly,
        "/cnnlab/own/{name}/images.{form}": uploads.take_away,
    }
    prefixes = ("", "/{base:path}")
    return [
        *(
            Route(prefix + path, endpoint, methods=["GET"])
            for prefix in prefixes
            for path, endpoint in served.items()
        ),
        *(Route(f"{prefix}/{uploads.UPLOAD_URL}", uploads.receive, methods=["POST"]) for prefix in prefixes),
    ]


def middleware() -> list[Middleware]:
    """The middleware to put around Streamlit's own."""
    return [Middleware(OwnerCookie), Middleware(GiveWay)]


async def _home(request: Request) -> Response:
    """Home has no name in its address, but whoever knows the other pages' types one."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"./{query}")


async def _events(request: Request, broadcast: Broadcast) -> Response:
    """A run's events as server-sent events, from after `Last-Event-ID`, or else `?after=`."""
    given = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    if not given.isascii() or not given.isdigit() or len(given) > 15:
        return _refusal(400, f"after: expected the number of an event, 0 or more, received {given[:40]!r}.")
    run_id = request.path_params["run_id"]
    try:
        await asyncio.to_thread(_look_up, run_id)
    except RunNotFound as exc:
        return _refusal(404, str(exc))
    except StorageError as exc:
        return _refusal(503, str(exc))
    return StreamingResponse(
        broadcast.stream(run_id, int(given)), media_type="text/event-stream", headers=_STREAM_HEADERS
    )


async def _words(request: Request) -> Response:
    """What the run's numbers say so far, in words."""
    return await _answer(request, lambda run_id: {"words": shared_interpreter().words(run_id)})


async def _pictures(request: Request) -> Response:
    """The run's kernels and feature maps, as they are now."""
    return await _answer(request, pictures)


async def _answer(request: Request, found: Callable[[str], dict[str, Any]]) -> Response:
    """What is known of a run at this moment, as JSON."""
    try:
        answer = await asyncio.to_thread(found, request.path_params["run_id"])
    except RunNotFound as exc:
        return _refusal(404, str(exc))
    except StorageError as exc:
        return _refusal(503, str(exc))
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


async def _plotly(request: Request) -> Response:
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return FileResponse(plotly_path(), media_type="text/javascript", headers=headers)
    body = await asyncio.to_thread(plotly_gzip)
    return Response(body, media_type="text/javascript", headers={**headers, "Content-Encoding": "gzip"})


def _look_up(run_id: str) -> None:
    from cnnlab.runs.store import get_store  # SQLAlchemy is not needed for the first page

    get_store().run(run_id)


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status, headers={"Cache-Control": "no-store"})
