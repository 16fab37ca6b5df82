"""Socket Mode: one connection to Slack, watched, and built anew when it does not come back by itself."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.internals import build_headers, send_response
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk import WebClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.context.health import Trouble
from bot.slack.payloads import Json
from bot.transport.admission import incoming

log = logging.getLogger(__name__)

PATIENCE_S = 15.0


@dataclass(frozen=True)
class Door:
    """As much of a Bolt app as Bolt's handler uses. Through it come requests of all workspaces."""

    dispatch: Callable[[BoltRequest], BoltResponse]
    client: WebClient
    logger: logging.Logger


class _Handler(SocketModeHandler):
    """Bolt's handler, to which a payload that Bolt can't read is one that it does not know."""

    def handle(self, client: BaseSocketModeClient, req: SocketModeRequest) -> None:
        """Answer a request."""
        began = time.time()
        request = incoming(req.payload, build_headers(req), "socket_mode")
        send_response(client, req, self.app.dispatch(request), began)


def _with_an_object(_client: BaseSocketModeClient, message: Json, _raw: str | None = None) -> None:
    """Slack's client has no request for a payload that is no object, and would leave it without an answer."""
    if "payload" in message and not isinstance(message["payload"], dict):
        message["payload"] = {}


class SocketConnection:
    """Slack's events over a WebSocket that we open, so that no address of ours need be reachable."""

    def __init__(
        self, dispatch: Callable[[BoltRequest], BoltResponse], client: WebClient, app_token: str
    ) -> None:
        self._app = cast(App, Door(dispatch, client, logging.getLogger("slack_bolt")))
        self._app_token = app_token
        self._handler: SocketModeHandler | None = None
        self._seen_at = self._lost_at = time.monotonic()

    def connect(self) -> None:
        """Connect. Raises SlackApiError where the token is refused, OSError where nobody answers."""
        handler: SocketModeHandler = _Handler(self._app, self._app_token)
        handler.client.message_listeners.append(_with_an_object)
        self._handler = handler
        handler.connect()
        self._seen_at = self._lost_at = time.monotonic()
        self._send_at_once()

    @property
    def is_connected(self) -> bool:
        return self._handler is not None and bool(self._handler.client.is_connected())

    def failing(self) -> Trouble | None:
        """Slack can't reach us, and since when."""
        if self.is_connected:
            return None
        return Trouble("slack", "not_connected", time.time() - (time.monotonic() - self._lost_at))

    def watch(self) -> float | None:
        """Slack's client reconnects by itself; where it has not for PATIENCE_S, a new one takes its place."""
        if self.is_connected:
            self._seen_at = self._lost_at = time.monotonic()
            self._send_at_once()
        elif time.monotonic() - self._seen_at > PATIENCE_S:
            log.warning("socket lost; building a new one")
            self._seen_at = time.monotonic()
            self.close()
            self.connect()
        return None

    def _send_at_once(self) -> None:
        """Acknowledgements are small: Nagle's algorithm would hold some back for 40 ms."""
        session = self._handler.client.current_session if self._handler else None
        if session and session.sock:
            session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Hear nothing more. A closed handler can't be used again (python-slack-sdk#1922), so it is dropped."""
        handler, self._handler = self._handler, None
        if handler is not None:
            close_at_once(handler)


def close_at_once(handler: SocketModeHandler) -> None:
    """Close a handler whose thread would otherwise wait for another message for up to a second."""
    handler.client.closed = True
    handler.client.message_queue.put(None)
    handler.close()
