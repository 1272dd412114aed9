"""The owner's cookie: a random name for each browser, so that everyone sees their own runs unasked."""

from __future__ import annotations

import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWNER_COOKIE = "cnnlab_owner"
OWNER_PATTERN = re.compile(r"[0-9a-f]{32}")

_YEAR_SECONDS = 365 * 24 * 3600


class OwnerCookie:
    """Middleware that gives a browser its owner's cookie with the first page it loads.

    Args:
        app: The application inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; add the cookie to an HTML page for a browser that has none."""
        if scope["type"] != "http" or _has_owner(scope):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _cookie(secure=scope["scheme"] == "https"))
                    # A shared cache must not hand one browser's owner to another.
                    headers["cache-control"] = "no-store"
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def _has_owner(scope: Scope) -> bool:
    cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
    return OWNER_PATTERN.fullmatch(cookies.get(OWNER_COOKIE, "")) is not None


def _cookie(*, secure: bool) -> str:
    parts = [
        f"{OWNER_COOKIE}={secrets.token_hex(16)}",
        "Path=/",
        f"Max-Age={_YEAR_SECONDS}",
        "HttpOnly",
        "SameSite=Lax",
    ]
    return "; ".join([*parts, "Secure"] if secure else parts)
