"""POST /api/METHOD: who may call, with what, and how the answer goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.slack.setup.faults import Fault, FaultKind, Faults
from local.slack.setup.installation import Installation
from local.slack.wire.scopes import OF_CHANNELS, MissingScopeError, of_method
from local.slack.wire.wire import Arguments, Call, Json, Method, SlackError, read_json

Admit = Callable[[str, bool], None]  # a token, and whether the method takes the app's; raises SlackError
Find = Callable[[str], Json]  # a channel by its id or name; raises SlackError


class WebApi:
    """`methods` take the bot's token, `app_methods` the app's."""

    def __init__(
        self,
        methods: Mapping[str, Method],
        app_methods: Mapping[str, Method],
        admit: Admit,
        faults: Faults,
        path: str,
        installation: Installation,
        find: Find,
    ) -> None:
        self._installation = installation
        self._find = find
        self._methods = {**methods, **app_methods}
        self._app_methods = frozenset(app_methods)
        self._admit = admit
        self._faults = faults
        self._path = path

    async def endpoint(self, request: Request) -> Response:
        """Answer one call, or do with it what a fault says."""
        method = request.path_params["method"]
        try:
            given = await arguments_of(request)
        except SlackError as refusal:
            return JSONResponse(refusal.answer())
        token = token_of(request, given)
        call = Call(Arguments(given), f"{request.base_url}{self._path}")
        return await self.answer(request, method, given, lambda: self._carry_out(method, token, call))

    async def answer(
        self, request: Request, method: str, given: Json, carry_out: Callable[[], Json]
    ) -> Response:
        """Record a call and carry it out, or do with it what a fault says."""
        fault = self._faults.take(method, given)
        self._faults.record(method, given, fault)
        if fault and (answer := await befall(request, fault)):
            return answer
        try:
            body = carry_out()
        except SlackError as refusal:
            body = refusal.answer()
        if fault and fault.kind is FaultKind.ANSWER_LOST:
            return Response("internal error", 500)
        granted = ",".join(sorted(self._installation.scopes))
        return JSONResponse(body, headers={"X-OAuth-Scopes": granted})

    def _carry_out(self, method: str, token: str, call: Call) -> Json:
        if method not in self._methods:
            raise SlackError("unknown_method")
        self._admit(token, method in self._app_methods)
        self._check_scope(method, call.arguments.text("channel"))
        return self._methods[method](call)

    def _check_scope(self, method: str, channel: str) -> None:
        found = self._find(channel) if method in OF_CHANNELS and channel else None
        needed = of_method(method, found)
        if needed and needed in self._installation.lacking:
            raise MissingScopeError(needed, self._installation.scopes)


async def arguments_of(request: Request) -> Json:
    """Query, form and JSON in one: slack_sdk uses all three.

    No address holds a token, as at Slack: any page can name an address, and a browser then asks for it.
    """
    given: Json = {name: value for name, value in request.query_params.items() if name != "token"}
    content_type = request.headers.get("content-type", "")
    body = await request.body()
    if content_type.startswith("application/json"):
        given |= _object(body)
    elif content_type.startswith("application/x-www-form-urlencoded"):
        given |= parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return given


def _object(body: bytes) -> Json:
    try:
        found = read_json(body or b"{}")
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(found, dict):
        raise SlackError("json_not_object")
    return found


def token_of(request: Request, given: Json) -> str:
    """The caller's token, taken out of the arguments so that it is kept nowhere."""
    in_body = str(given.pop("token", ""))
    scheme, _, in_header = request.headers.get("authorization", "").partition(" ")
    return in_header.strip() if scheme.lower() == "bearer" else in_body


async def befall(request: Request, fault: Fault) -> Response | None:
    """The answer instead of the method's own; None where it is to be carried out."""
    if fault.kind is FaultKind.ERROR:
        return JSONResponse({"ok": False, "error": fault.error})
    if fault.kind is FaultKind.STATUS:
        return Response("fault", fault.status)
    if fault.kind is FaultKind.RATE_LIMITED:
        limited = {"ok": False, "error": "ratelimited"}
        return JSONResponse(limited, 429, {"Retry-After": str(fault.retry_after)})
    if fault.kind is FaultKind.DELAY:
        await asyncio.sleep(fault.seconds)
    return hung_up(request) if fault.kind is FaultKind.NO_ANSWER else None


def hung_up(request: Request) -> Response:
    """Close the connection under the request, as a dying server does; the answer then goes nowhere."""
    # ASGI has no verb for this. uvicorn's receive is a method of the object that owns the connection.
    connection = getattr(request.receive, "__self__")  # noqa: B009 - not an attribute that ASGI promises
    connection.transport.abort()
    return Response(status_code=500)
