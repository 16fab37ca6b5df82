"""Socket Mode: the bot connects to us, and each envelope goes down one of its sockets."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from local.slack.setup.seed import APP_ID
from local.slack.transport.transport import Kind, NotAcknowledgedError, Retry
from local.slack.wire.wire import Json

MOST_CONNECTIONS = 10


class SocketMode:
    """The open sockets of the bot, and the envelopes it has yet to acknowledge."""

    def __init__(
        self, ack_timeout_s: float, disconnect_grace_s: float, on_change: Callable[[bool], None]
    ) -> None:
        self._ack_timeout_s = ack_timeout_s
        self._disconnect_grace_s = disconnect_grace_s
        self._on_change = on_change
        self._tickets: set[str] = set()
        self._sockets: list[WebSocket] = []
        self._leaving: set[WebSocket] = set()
        self._waiting: dict[str, tuple[WebSocket, asyncio.Future[Any]]] = {}
        self._turn = itertools.count()
        self._timers: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether at least one socket is open."""
        return bool(self._sockets)

    def ticket(self) -> str:
        """The secret in a connection's address; it opens one socket."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        """Keep one connection of the bot until it goes."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets or len(self._sockets) >= MOST_CONNECTIONS:
            await socket.close(1008)  # before accepting: the handshake is answered with 403
            return
        self._tickets.discard(ticket)
        await socket.accept()
        try:
            await socket.send_text(json.dumps(_hello(len(self._sockets) + 1)))
            self._arrive(socket)
            while True:
                self._acknowledged(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError, KeyError):
            pass  # gone, or it sent bytes where Slack speaks text
        finally:
            self._leave(socket)

    async def deliver(self, kind: Kind, payload: Json, retry: Retry) -> Any:
        """Send one envelope down one socket and wait for its acknowledgement."""
        if not self._sockets:
            raise NotAcknowledgedError("connection_failed")
        envelope_id = str(uuid.uuid4())
        socket = self._choose()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = (socket, answer)
        try:
            await socket.send_text(json.dumps(_envelope(envelope_id, kind, payload, retry)))
            return await asyncio.wait_for(answer, self._ack_timeout_s)
        except TimeoutError:
            raise NotAcknowledgedError("timeout") from None
        except (WebSocketDisconnect, RuntimeError):
            raise NotAcknowledgedError("connection_failed") from None
        finally:
            self._waiting.pop(envelope_id, None)

    def start(self) -> None:
        """Nothing to look out for: the bot comes to us."""

    async def disconnect(self, reason: str) -> int:
        """Drop every socket: at once ("close"), or as Slack does, with a word and a little time."""
        sockets = list(self._sockets)
        for socket in sockets:
            if reason == "close":
                await _close(socket)
                continue
            self._leaving.add(socket)
            note = {"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}}
            await socket.send_text(json.dumps(note))
            timer = asyncio.create_task(self._close_later(socket))
            self._timers.add(timer)
            timer.add_done_callback(self._timers.discard)
        return len(sockets)

    async def close(self) -> None:
        """Close every socket."""
        for timer in list(self._timers):
            timer.cancel()
        for socket in list(self._sockets):
            await _close(socket)
            self._leave(socket)

    async def _close_later(self, socket: WebSocket) -> None:
        await asyncio.sleep(self._disconnect_grace_s)
        await _close(socket)

    def _choose(self) -> WebSocket:
        staying = [socket for socket in self._sockets if socket not in self._leaving] or self._sockets
        return staying[next(self._turn) % len(staying)]

    def _acknowledged(self, text: str) -> None:
        try:
            answer = json.loads(text)
            _, future = self._waiting[answer["envelope_id"]]
        except (ValueError, TypeError, LookupError):
            return  # not an acknowledgement, or one that came too late
        if not future.done():
            future.set_result(answer.get("payload"))

    def _arrive(self, socket: WebSocket) -> None:
        self._sockets.append(socket)
        self._on_change(True)

    def _leave(self, socket: WebSocket) -> None:
        if socket not in self._sockets:
            return
        self._sockets.remove(socket)
        self._leaving.discard(socket)
        for owner, future in list(self._waiting.values()):
            if owner is socket and not future.done():
                future.set_exception(NotAcknowledgedError("connection_failed"))
        if not self._sockets:
            self._on_change(False)


def _hello(connections: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": {"host": "local", "build_number": 1, "approximate_connection_time": 18_060},
        "connection_info": {"app_id": APP_ID},
    }


def _envelope(envelope_id: str, kind: Kind, payload: Json, retry: Retry) -> Json:
    envelope: Json = {
        "envelope_id": envelope_id,
        "payload": payload,
        "type": kind.value,
        "accepts_response_payload": kind is not Kind.EVENT,
    }
    if kind is Kind.EVENT:
        envelope |= {"retry_attempt": retry.attempt, "retry_reason": retry.reason}
    return envelope


async def _close(socket: WebSocket) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # it was faster
        await socket.close(1001)
