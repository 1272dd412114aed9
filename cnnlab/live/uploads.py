"""Own images on their way in and out: uploads that never lie in memory whole, and data sets to take away.

An upload is one file as the body of a POST. It is taken from its owner alone, and from a page of this server:
a foreign page may send a form with our cookie, but neither its origin nor our header.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from cnnlab.live.owner import OWNER_COOKIE, OWNER_PATTERN

if TYPE_CHECKING:
    from cnnlab.datasets.own.drafts import Upload

UPLOAD_URL = "cnnlab/uploads"
"""Address relative to the app's root."""

UPLOAD_HEADER = "x-cnnlab-upload"
"""A header that no form can send: a foreign page's script would be asked for leave first, and gets none."""

_WRITE_BYTES = 1 << 20
"""Received before it is written: one hop to a thread for each network packet would cost more than writing."""


async def receive(request: Request) -> Response:
    """Takes one file: `?name=` is its name, `?class=` the class of a picture, empty for a zip."""
    from cnnlab.datasets.own import drafts, jobs  # not needed for the first page
    from cnnlab.errors import DatasetError, DatasetUnavailable

    owner = owner_of(request)
    if owner is None or not _from_our_page(request):
        return _refusal(403, "Uploads are taken from pages of this server only. Open the page Data here.")
    job = jobs.current(owner)
    if job is not None and job.active:  # its end removes what it was made of, and would remove this too
        return _refusal(409, "A data set is being made of your pictures. Add more when it is done.")
    announced = request.headers.get("content-length", "0")
    name, into = request.query_params.get("name", ""), request.query_params.get("class", "")
    try:
        draft = await asyncio.to_thread(drafts.draft, owner)
        target = await asyncio.to_thread(draft.target, name, into)
        receiving = draft.receiving(target, int(announced) if announced.isdigit() else 0)
        async with _in_threads(receiving) as upload:
            await _write(request, upload)
    except DatasetUnavailable as exc:
        return _refusal(507, str(exc))
    except DatasetError as exc:
        return _refusal(413, str(exc))
    except ClientDisconnect:
        return _refusal(400, "The upload broke off.")
    return JSONResponse({"name": name, "bytes": upload.size}, headers=_NO_STORE)


async def take_away(request: Request) -> Response:
    """An own data set as a zip with a folder a class, or as an npz; written to a file and then sent."""
    from cnnlab.datasets.own import shelf
    from cnnlab.errors import DatasetError, DatasetUnavailable

    name, form = request.path_params["name"], request.path_params["form"]
    try:
        card = await asyncio.to_thread(shelf.card, name)
        if form not in shelf.EXPORTS or card.owner not in (owner_of(request), shelf.SHARED_OWNER):
            raise DatasetError("There are no such images for this browser.")
        folder = await asyncio.to_thread(shelf.export_folder)
    except DatasetUnavailable as exc:
        return _refusal(507, str(exc))
    except DatasetError as exc:
        return _refusal(404, str(exc))
    try:
        path = Path(folder.name) / f"images.{form}"
        await asyncio.to_thread(shelf.EXPORTS[form], name, path)
    except DatasetError as exc:
        folder.cleanup()
        return _refusal(404, str(exc))
    return FileResponse(
        path,
        filename=f"{card.title}.{form}",
        headers=_NO_STORE,
        background=BackgroundTask(folder.cleanup),
    )


def owner_of(request: Request) -> str | None:
    """Whose browser asks; None where its cookie is none of ours."""
    cookie = request.cookies.get(OWNER_COOKIE, "")
    return cookie if OWNER_PATTERN.fullmatch(cookie) else None


_NO_STORE = {"Cache-Control": "no-store"}


@asynccontextmanager
async def _in_threads(manager: AbstractContextManager[Upload]) -> AsyncIterator[Upload]:
    """Begins and ends an upload outside the event loop: both reach for the disk, and count a whole draft."""
    inside = await asyncio.to_thread(manager.__enter__)
    try:
        yield inside
    except BaseException as exc:
        if not await asyncio.to_thread(manager.__exit__, type(exc), exc, exc.__traceback__):
            raise
    else:
        await asyncio.to_thread(manager.__exit__, None, None, None)


async def _write(request: Request, upload: Upload) -> None:
    """The body to the disk, a megabyte in memory at a time."""
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= _WRITE_BYTES:
            await asyncio.to_thread(upload.write, bytes(waiting))
            waiting.clear()
    if waiting:
        await asyncio.to_thread(upload.write, bytes(waiting))


def _from_our_page(request: Request) -> bool:
    if UPLOAD_HEADER not in request.headers:
        return False
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    hosts = {request.headers.get("host"), request.headers.get("x-forwarded-host")}
    return origin is None or urlsplit(origin).netloc in hosts


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status, headers=_NO_STORE)
