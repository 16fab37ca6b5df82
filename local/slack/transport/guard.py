"""Who may speak to a workspace that asks nobody to sign in: this machine, and our own page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# A team's addresses may stand below its id. Programs call these; our own page has others.
API = re.compile(r"(?:/[^/]+)?/api/")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFETY = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Refuses other hosts (a name that was made to point here) and other origins (a page elsewhere)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI; lifespan passes through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif not may_come_in(scope):
            await _refuse(scope, receive, send)
        else:
            await self._app(scope, receive, _with_safety(send))


def may_come_in(scope: Scope) -> bool:
    """Whether the request was made to this machine, and by no page of another origin."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    origin = headers.get("origin")
    if _name(host) not in LOOPBACK or origin not in (None, f"http://{host}"):
        return False
    if API.match(scope["path"]):
        return not _is_of_a_browser(headers)
    site = headers.get("sec-fetch-site")
    return site in (None, "none", "same-origin") or _opens_a_page(scope, headers)


def _is_of_a_browser(headers: Headers) -> bool:
    """A browser asks for whatever a page names, such as a picture; old ones don't say why."""
    return headers.get("user-agent", "").startswith("Mozilla/") or any(
        name.startswith("sec-fetch-") for name in headers
    )


def _opens_a_page(scope: Scope, headers: Headers) -> bool:
    """Follows somebody a link to here, from another site, in a window of its own? Pages only show something."""
    why = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    return scope.get("method") == "GET" and why == ("navigate", "document")


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # the handshake is answered with 403
    else:
        refusal = PlainTextResponse("This workspace answers only this machine and its own page.", 403)
        await refusal(scope, receive, send)


def _with_safety(send: Send) -> Send:
    async def safely(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SAFETY.items():
                headers.setdefault(name, value)
        await send(message)

    return safely
