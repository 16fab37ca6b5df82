"""The bot's own pages: Slack's signed requests, Argilla's webhooks, installation, health and /metrics."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from prometheus_client.exposition import choose_encoder
from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.oauth import OAuthFlow

from bot.context.health import Health, Page
from bot.context.metrics import Metrics
from bot.transport.admission import incoming
from bot.transport.connections import HttpResponse, Request
from bot.transport.hosts import is_own_host
from bot.transport.signature import is_signed
from bot.transport.web_server import Serve

Hear = Callable[[str | None, Mapping[str, str], bytes], bool]

WEBHOOK = re.compile(r"/argilla/webhook(/(?P<team>\w+))?", re.ASCII)
TEXT = ("content-type", "text/plain; charset=utf-8")
JSON = ("content-type", "application/json")


@dataclass(frozen=True)
class Signed:
    """Who answers Slack's requests, and the secret that signs them."""

    dispatch: Callable[[BoltRequest], BoltResponse]
    secret: str = field(repr=False)


def application(
    slack: Signed | None,
    flow: OAuthFlow | None,
    metrics: Metrics,
    health: Health,
    hear: Hear | None,
    host: str,
) -> Serve:
    """The routes. `slack` is None if its requests come by Socket Mode; `flow` has Bolt's pages of installation, if the
    app can be installed.

    `hear` takes Argilla's webhooks, if there is an Argilla, and says whether it believed; the team is the one that the
    address names. `host`: on which address the bot listens.
    """
    pages: dict[str, Serve] = {
        "/metrics": lambda request: _figures(metrics, request),
        **{path: partial(_health, page) for path, page in health.pages.items()},
    }
    pages = {path: partial(_for_this_machine, host, page) for path, page in pages.items()}
    routes = {(method, path): page for path, page in pages.items() for method in ("GET", "HEAD")}
    if slack and slack.secret:
        routes["POST", "/slack/events"] = lambda request: _dispatch(slack, request)
    if flow:
        routes["GET", flow.install_path] = lambda request: _page(flow.handle_installation, request)
        routes["GET", flow.redirect_uri_path] = lambda request: _page(flow.handle_callback, request)

    def serve(request: Request) -> HttpResponse:
        if route := routes.get((request.method, request.path)):
            return route(request)
        if hear and request.method == "POST" and (called := WEBHOOK.fullmatch(request.path)):
            return _webhook(hear, called["team"], request)
        return _text(404, "Nothing here.")

    return serve


def _for_this_machine(host: str, page: Serve, request: Request) -> HttpResponse:
    if not is_own_host(_headers(request).get("host"), host):
        return _text(403, "This address is not the bot's.")
    return page(request)


def _dispatch(slack: Signed, request: Request) -> HttpResponse:
    headers = _headers(request)
    if not is_signed(slack.secret, headers, request.body):
        return _text(401, "Not signed by Slack just now.")
    try:
        body = request.body.decode()
    except UnicodeDecodeError:
        return _text(400, "The body is not shaped like one of Slack's requests.")
    return _of_bolt(slack.dispatch(incoming(body, headers, "http")))


def _webhook(hear: Hear, team_id: str | None, request: Request) -> HttpResponse:
    if not hear(team_id, _headers(request), request.body):
        return _text(401, "Not signed by the Argilla of this bot.")
    return _text(200, "")


def _page(answer: Callable[[BoltRequest], BoltResponse], request: Request) -> HttpResponse:
    return _of_bolt(answer(BoltRequest(body="", query=request.query, headers={**_headers(request)})))


def _headers(request: Request) -> dict[str, str]:
    """Those sent once: of two signatures or times none is believed."""
    times = Counter(name for name, _ in request.headers)
    return {name: value for name, value in request.headers if times[name] == 1}


def _figures(metrics: Metrics, request: Request) -> HttpResponse:
    encode, content_type = choose_encoder(_headers(request).get("accept", ""))
    return HttpResponse(200, [("content-type", content_type)], encode(metrics.registry))


def _health(page: Page, _: Request) -> HttpResponse:
    is_well, content = page()
    return HttpResponse(200 if is_well else 503, [JSON], json.dumps(content).encode())


def _of_bolt(response: BoltResponse) -> HttpResponse:
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    return HttpResponse(response.status, headers, response.body.encode())


def _text(status: int, text: str) -> HttpResponse:
    return HttpResponse(status, [TEXT], text.encode())
