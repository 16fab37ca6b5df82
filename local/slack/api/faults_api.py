"""POST and GET under /faults: troubles on order, and what has passed over the wire."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.slack.api.users import reaction_name
from local.slack.api.web_api import arguments_of
from local.slack.setup.faults import Faults
from local.slack.state.events import rate_limited
from local.slack.state.workspace import Workspace
from local.slack.transport.delivery import Deliveries
from local.slack.transport.socket_mode import SocketMode
from local.slack.transport.transport import Retry, Transport
from local.slack.wire.wire import Arguments, Json, SlackError

DISCONNECTS = ("close", "warning", "refresh_requested")


class FaultsApi:
    """For tests, benchmarks and the curious."""

    def __init__(
        self, faults: Faults, deliveries: Deliveries, transport: Transport, workspace: Workspace
    ) -> None:
        self._workspace = workspace
        self._faults = faults
        self._deliveries = deliveries
        self._transport = transport

    def routes(self) -> list[Route]:
        """Every address under /faults."""
        return [
            Route("/faults/calls", self._calls, methods=["GET"]),
            Route("/faults/deliveries", self._sent, methods=["GET"]),
            Route("/faults/{what}", self._post, methods=["POST"]),
        ]

    async def _calls(self, request: Request) -> Response:
        return JSONResponse({"ok": True, "calls": self._faults.calls(request.query_params.get("method"))})

    async def _sent(self, _request: Request) -> Response:
        return JSONResponse({"ok": True, "deliveries": self._deliveries.records()})

    async def _post(self, request: Request) -> Response:
        orders = {
            "method": self._method,
            "redeliver": self._redeliver,
            "disconnect": self._disconnect,
            "event": self._event,
            "app_rate_limited": self._limited,
            "take": self._take,
            "clear": self._clear,
            "post": self._post_as,
            "react": self._react_as,
            "scopes": self._scopes,
        }
        order = orders.get(request.path_params["what"])
        if order is None:
            return JSONResponse({"ok": False, "error": "unknown_method"}, 404)
        try:
            return JSONResponse({"ok": True, **await order(await arguments_of(request))})
        except SlackError as refusal:
            return JSONResponse(refusal.answer())

    async def _method(self, body: Json) -> Json:
        self._faults.order(body)
        return {}

    async def _redeliver(self, body: Json) -> Json:
        return await self._deliveries.redeliver(Arguments(body).number("count", 1))

    async def _disconnect(self, body: Json) -> Json:
        reason = Arguments(body).text("kind", "close")
        if reason not in DISCONNECTS or not isinstance(self._transport, SocketMode):
            raise SlackError("invalid_arguments", f"kind: one of {', '.join(DISCONNECTS)}, in Socket Mode")
        return {"disconnected": await self._transport.disconnect(reason)}

    async def _event(self, body: Json) -> Json:
        """Deliver an event as given, once; other fields of the body replace those of its callback."""
        event = Arguments(body).object("event")
        if event is None:
            raise SlackError("invalid_arguments", "missing required field: event")
        retry = Retry(int(body.get("retry_attempt", 0)), str(body.get("retry_reason", "")))
        over = {k: v for k, v in body.items() if k not in ("event", "retry_attempt", "retry_reason")}
        callback = {**self._deliveries.callback(event), **over}
        return {
            "event_id": callback["event_id"],
            "acknowledged": await self._deliveries.once(callback, retry),
        }

    async def _limited(self, body: Json) -> Json:
        """Withhold the events of a minute (seconds since 1970), and say so."""
        minute = Arguments(body).number("minute", int(time.time()) // 60 * 60, 10**10)
        return {
            "acknowledged": await self._deliveries.send(
                rate_limited(self._workspace.directory.team.id, minute)
            )
        }

    async def _post_as(self, body: Json) -> Json:
        """Post a message as given: another app's, a workflow's, Slackbot's, or one that forwards another."""
        arguments = Arguments(body)
        channel = self._workspace.directory.channel(arguments.required("channel"))
        fields = {"text": "", **(arguments.object("message") or {})}
        message = self._workspace.messages.post(channel, fields, fields.pop("thread_ts", None))
        return {"ts": message["ts"]}

    async def _react_as(self, body: Json) -> Json:
        """React as anybody, such as another app's bot."""
        arguments = Arguments(body)
        channel = self._workspace.directory.channel(arguments.required("channel"))
        change = (
            self._workspace.messages.unreact if arguments.flag("remove") else self._workspace.messages.react
        )
        name = reaction_name(arguments.required("name"))
        change(channel, arguments.required("ts"), arguments.required("user"), name)
        return {}

    async def _scopes(self, body: Json) -> Json:
        """Take scopes from the installation, as if it had been made before the app asked for them."""
        self._workspace.installation.lacking = frozenset(Arguments(body).text("lacking").split(",")) - {""}
        return {"scopes": sorted(self._workspace.installation.scopes)}

    async def _take(self, _body: Json) -> Json:
        """What has passed, each call and each acknowledged delivery once: under load the lists would grow long."""
        return {"calls": self._faults.take_calls(), "deliveries": self._deliveries.take_records()}

    async def _clear(self, body: Json) -> Json:
        """No more faults; with {"records": true} the lists of calls and deliveries begin anew too."""
        self._faults.clear()
        self._workspace.installation.lacking = frozenset()
        if Arguments(body).flag("records"):
            self._faults.forget_calls()
            self._deliveries.forget_records()
        return {}
