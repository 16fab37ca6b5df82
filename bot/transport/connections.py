"""One connection of a client that may be anybody: every stage that waits for it is bounded."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum, auto
from http import HTTPStatus

import h11

from bot.transport.crowd import Crowd, CrowdLimits

log = logging.getLogger(__name__)

AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Request:
    """One that has arrived whole. Names of headers are in lower case."""

    method: str
    path: str
    query: str = field(repr=False)
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class HttpResponse:
    """What a request is answered with."""

    status: int
    headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


class _Stage(Enum):
    IDLE = auto()  # no byte of a request is here
    READING = auto()
    ANSWERING = auto()
    SENDING = auto()
    LINGERING = auto()  # refused: whatever comes is thrown away


class HttpConnection(asyncio.BufferedProtocol):
    """One client. Each stage that waits for the client has one deadline, however busy the client keeps it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        crowd: Crowd,
        answer: Callable[[HttpConnection, Request], None],
        limits: CrowdLimits,
    ) -> None:
        self._loop = loop
        self._crowd = crowd
        self._answer = answer
        self._limits = limits
        self._parser = h11.Connection(h11.SERVER, limits.header_bytes)
        self._transport: asyncio.Transport
        self._stage = _Stage.IDLE
        self._deadline: asyncio.TimerHandle | None = None
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._pieces = 0
        self._held_bytes = 0
        self._is_blocked = False
        self._is_last = False

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(
            high=0
        )  # `pause_writing` tells of every byte that the client leaves there
        self._wait(_Stage.IDLE, self._limits.request_s)
        self._crowd.enter(self)

    def get_buffer(self, _sizehint: int) -> bytearray:
        return self._crowd.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._stage is _Stage.LINGERING:
            return
        if self._stage is _Stage.IDLE:
            self._wait(_Stage.READING, self._limits.request_s)
        self._parser.receive_data(bytes(memoryview(self._crowd.buffer)[:nbytes]))
        self._read()

    def eof_received(self) -> bool:
        """The client says no more, but may still read."""
        if self._stage is _Stage.LINGERING:
            return False
        self._parser.receive_data(b"")
        self._read()
        return True

    def pause_writing(self) -> None:
        self._is_blocked = True

    def resume_writing(self) -> None:
        self._is_blocked = False
        if self._stage is _Stage.SENDING:
            self._sent()

    def connection_lost(self, _error: Exception | None) -> None:
        self._stop_waiting()
        self._crowd.leave(self)
        self._forget()

    # What others call, in the loop

    def send(self, answer: HttpResponse) -> None:
        """Give the client its answer."""
        if self._transport.is_closing():
            return
        assert self._head is not None
        try:
            sent = self._answered(answer, self._head.method == b"HEAD")
        except Exception as error:  # a malformed status or header, or no answer at all
            log.error("an answer can't be sent: %s", type(error).__name__)
            self.drop()
            return
        self._forget()
        self._stage = _Stage.SENDING
        self._transport.write(sent)
        if self._is_blocked:
            self._wait(_Stage.SENDING, self._limits.answer_s)
        else:
            self._sent()

    def finish(self) -> None:
        """Close as soon as nothing is owed to the client."""
        self._is_last = True
        if self._stage not in (_Stage.ANSWERING, _Stage.SENDING):
            self._transport.abort()

    def drop(self) -> None:
        """Close now, and let the system forget what the client has not taken."""
        sock = self._transport.get_extra_info("socket")
        with suppress(OSError):  # it is closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self._transport.abort()
        self._crowd.leave(self)
        self._forget()

    # Reading

    def _read(self) -> None:
        while self._stage in (_Stage.IDLE, _Stage.READING) and not self._transport.is_closing():
            try:
                event = self._parser.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint)
                return
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            self._take(event)

    def _take(self, event: object) -> None:
        match event:
            case h11.Request():
                self._begin(event)
            case h11.Data():
                self._add(event.data)
            case h11.EndOfMessage():
                self._submit()
            case h11.ConnectionClosed():
                self._transport.close()

    def _begin(self, head: h11.Request) -> None:
        self._head, self._pieces = head, 0
        headers = dict(head.headers)
        size = len(head.target) + sum(len(name) + len(value) for name, value in head.headers)
        if size > self._limits.header_bytes:
            return self._refuse(431)
        if head.method == b"CONNECT":
            return self._refuse(501)  # an answer to it would say nothing of its length
        length = headers.get(b"content-length")
        if length is not None and b"transfer-encoding" in headers:
            return self._refuse(400)  # a proxy may have believed the other one
        if length is not None and int(length) > self._limits.body_bytes:
            return self._refuse(413)
        if self._parser.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
            self._transport.write(self._parser.send(go_on))
        return None

    def _add(self, data: bytes | bytearray) -> None:
        self._pieces += 1
        if len(self._body) + len(data) > self._limits.body_bytes or self._pieces > self._limits.body_pieces:
            self._refuse(413)
            return
        self._body += data
        self._held_bytes += len(data)
        self._crowd.hold(len(data))

    def _submit(self) -> None:
        assert self._head is not None
        self._stage = _Stage.ANSWERING
        self._stop_waiting()
        self._crowd.keep(self)
        self._transport.pause_reading()
        path, _, query = self._head.target.decode("ascii").partition("?")
        headers = [(name.decode("ascii"), value.decode("latin-1")) for name, value in self._head.headers]
        body, self._body = bytes(self._body), bytearray()
        self._answer(self, Request(self._head.method.decode("ascii"), path, query, headers, body))

    def _refuse(self, status: int) -> None:
        self._forget()
        self._wait(_Stage.LINGERING, self._limits.linger_s)
        self._is_last = True
        self._transport.write(self._answered(HttpResponse(status), False))
        if not self._is_blocked:
            with suppress(OSError):  # the client has gone already
                self._transport.write_eof()  # closing would take the answer from a client that still writes

    # Sending

    def _answered(self, answer: HttpResponse, is_head: bool) -> bytes:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        headers += [
            (b"content-length", b"%d" % len(answer.body)),
            (b"date", formatdate(usegmt=True).encode()),
        ]
        if self._is_last:
            headers.append((b"connection", b"close"))
        reason = HTTPStatus(answer.status).phrase.encode()
        sent = self._parser.send(h11.Response(status_code=answer.status, headers=headers, reason=reason))
        if answer.body and not is_head:
            sent += self._parser.send(h11.Data(data=answer.body))
        return sent + self._parser.send(h11.EndOfMessage())

    def _sent(self) -> None:
        """The client has its answer: wait for the next request, which may be here already."""
        self._stop_waiting()
        if (
            self._is_last
            or self._parser.our_state is not h11.DONE
            or self._parser.their_state is not h11.DONE
        ):
            self._transport.close()
            return
        self._parser.start_next_cycle()
        begun = bool(self._parser.trailing_data[0])
        stage = _Stage.READING if begun else _Stage.IDLE
        self._wait(stage, self._limits.request_s if begun else self._limits.idle_s)
        self._transport.resume_reading()
        self._read()

    # Waiting

    def _wait(self, stage: _Stage, for_s: float) -> None:
        self._stop_waiting()
        self._stage = stage
        self._crowd.wait(self)
        self._deadline = self._loop.call_later(for_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self._stage is _Stage.READING:
            self._refuse(408)
        elif self._stage is _Stage.IDLE:
            self._transport.close()
        else:
            self.drop()

    def _forget(self) -> None:
        """Let go of the request."""
        held, self._held_bytes = self._held_bytes, 0
        self._body = bytearray()
        self._crowd.hold(-held)
