"""The bot's own web server: Slack's signed requests, the pages of health, and /metrics."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cheroot.wsgi import Server
from prometheus_client import make_wsgi_app
from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.oauth import OAuthFlow

from bot.health import Health
from bot.metrics import Metrics

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

Hear = Callable[[str | None, Mapping[str, str], bytes], bool]

WEBHOOK = re.compile(r"/argilla/webhook(/(?P<team>\w+))?")
BODY_MOST = 1_000_000
THREADS = 10
TEXT: dict[str, str | Sequence[str]] = {"content-type": "text/plain; charset=utf-8"}
JSON: dict[str, str | Sequence[str]] = {"content-type": "application/json"}


class PortInUseError(OSError):
    """Another program listens where the bot should."""

    def __init__(self, host: str, port: int, name: str) -> None:
        super().__init__(
            f"port {port} of {host} is in use. Stop what listens there, or set {name} to a free port."
        )


class WebServer:
    """Serves from its own threads until closed."""

    def __init__(self, host: str, port: int, application: WSGIApplication) -> None:
        self._where = host, port
        self._server = Server(
            (host, port), application, numthreads=THREADS, request_queue_size=128, shutdown_timeout=2
        )
        self._server.max_request_body_size = BODY_MOST
        setattr(self._server, "error_log", _log_error)  # noqa: B010 (Cheroot's way to say where errors go)
        self._thread = threading.Thread(target=self._server.serve, name="web", daemon=True)

    def start(self) -> None:
        """Listen. Raises PortInUseError."""
        try:
            self._server.prepare()
        except OSError as error:
            raise PortInUseError(*self._where, "PORT") from error
        self._thread.start()

    def stop(self) -> None:
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join(3)
        # Cheroot keeps each server's figures in `logging.statistics`, and by them the server and all that it serves.
        self._server.stats.clear()


def application(
    slack: Callable[[BoltRequest], BoltResponse] | None,
    flow: OAuthFlow | None,
    metrics: Metrics,
    health: Health,
    hear: Hear | None,
) -> WSGIApplication:
    """The routes. `slack`: who answers Slack's requests, None where they come by Socket Mode; `flow`: Bolt's pages of
    installation, where the app can be installed.

    `hear` takes Argilla's webhooks, where there is an
    Argilla, and says whether it believed; the team is the one that the address names.
    """
    figures = make_wsgi_app(metrics.registry)

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        route = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if route == ("GET", "/metrics"):
            served: Iterable[bytes] = figures(environ, start_response)
            return served
        if route[0] == "GET" and (page := health.page(route[1])):
            return _answer(_health(*page), start_response)
        if slack and route == ("POST", "/slack/events"):
            return _answer(_dispatch(slack, environ), start_response)
        if flow and route == ("GET", flow.install_path):
            return _answer(flow.handle_installation(_page_request(environ)), start_response)
        if flow and route == ("GET", flow.redirect_uri_path):
            return _answer(flow.handle_callback(_page_request(environ)), start_response)
        if hear and route[0] == "POST" and (called := WEBHOOK.fullmatch(route[1])):
            return _answer(_webhook(hear, called["team"], environ), start_response)
        return _answer(BoltResponse(status=404, body="Nothing here.", headers=TEXT), start_response)

    return serve


def _page_request(environ: WSGIEnvironment) -> BoltRequest:
    return BoltRequest(body="", query=environ.get("QUERY_STRING"), headers=_headers(environ))


def _dispatch(slack: Callable[[BoltRequest], BoltResponse], environ: WSGIEnvironment) -> BoltResponse:
    try:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        request = BoltRequest(body=body, query=environ.get("QUERY_STRING"), headers=_headers(environ))
    except (ValueError, TypeError, AttributeError):  # not UTF-8, no JSON, no object: nothing that Slack sends
        return BoltResponse(
            status=400, body="The body is not shaped like one of Slack's requests.", headers=TEXT
        )
    return slack(request)


def _webhook(hear: Hear, team_id: str | None, environ: WSGIEnvironment) -> BoltResponse:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    sent = {name: str(value) for name, value in _headers(environ).items()}
    if not hear(team_id, sent, body):
        return BoltResponse(status=401, body="Not signed by the Argilla of this bot.", headers=TEXT)
    return BoltResponse(status=200, body="", headers=TEXT)


def _headers(environ: WSGIEnvironment) -> dict[str, str | Sequence[str]]:
    sent = {
        key[5:].replace("_", "-").lower(): str(value)
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    return {**sent, "content-type": str(environ.get("CONTENT_TYPE", ""))}


def _health(is_well: bool, content: dict[str, Any]) -> BoltResponse:
    return BoltResponse(status=200 if is_well else 503, body=json.dumps(content), headers=JSON)


def _answer(response: BoltResponse, start_response: StartResponse) -> Iterable[bytes]:
    body = response.body.encode()
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    headers = [*headers, ("Content-Length", str(len(body)))]
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers)
    return [body]


def _log_error(msg: str = "", level: int = logging.ERROR, traceback: bool = False) -> None:
    log.log(level, "web server: %s", msg, exc_info=traceback)
