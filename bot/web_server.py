"""The web server that strangers can reach: a request takes a thread only once all of it has arrived.

One event loop reads and writes every connection, and h11 parses them. Whatever a stranger can hold is bounded: header,
body, time, connections, and the memory of all requests together.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum, auto
from http import HTTPStatus

import h11

log = logging.getLogger(__name__)

THREADS = 10
BACKLOG = 128
READ_BYTES = 16 * 1024
AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Request:
    """One that has arrived whole. Names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a request is answered with."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


Serve = Callable[[Request], Answer]


@dataclass(frozen=True)
class Limits:
    """How much a stranger may take."""

    header_bytes: int = 16 * 1024
    body_bytes: int = 1_000_000
    body_pieces: int = 1_000  # parsing a body of one-byte chunks would keep all others waiting
    held_bytes: int = 64_000_000  # bodies of all requests that are still being read
    connections: int = field(default_factory=lambda: min(500, _file_descriptors() // 2))
    request_s: float = 10.0  # from the connection, or a request's first byte, to its last byte
    idle_s: float = (
        75.0  # between two requests; proxies drop idle connections after 60 s, and should do so first
    )
    answer_s: float = 10.0  # for the client to take an answer
    linger_s: float = 1.0  # for the client to read why it was refused
    stop_s: float = 2.0  # for answers under way when the server stops


class PortInUseError(OSError):
    """Another program listens where the bot should."""

    def __init__(self, host: str, port: int, name: str) -> None:
        super().__init__(
            f"port {port} of {host} is in use. Stop what listens there, or set {name} to a free port."
        )


class WebServer:
    """Answers by `serve`, which it calls in threads of its own, until it is stopped."""

    def __init__(self, host: str, port: int, serve: Serve, limits: Limits | None = None) -> None:
        self._where = host, port
        self._serve = serve
        self._limits = limits or Limits()
        self._turn = threading.Lock()
        self._running: _Running | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Listen. Raises PortInUseError."""
        with self._turn:
            if self._is_stopped:
                return
            try:
                listener = _listen(*self._where)
            except OSError as error:
                raise PortInUseError(*self._where, "PORT") from error
            self._running = _Running(listener, self._serve, self._limits)

    @property
    def is_alive(self) -> bool:
        return self._running is not None and self._running.thread.is_alive()

    def watch(self) -> float | None:
        """Start again if the thread has ended, which nothing known makes it do."""
        if not self._is_stopped and not self.is_alive:
            log.error("the web server ended; starting it again")
            self.start()
        return None

    def stop(self) -> None:
        """Accept nothing more, finish the answers under way, and close every connection, in bounded time."""
        self._is_stopped = True
        with self._turn:
            if self._running:
                self._running.stop()


class _Running:
    """An event loop in a thread, and the threads that answer."""

    def __init__(self, listener: socket.socket, serve: Serve, limits: Limits) -> None:
        self._listener = listener
        self._serve = serve
        self._limits = limits
        # Connections share one buffer: this loop fills it only while it calls one of them.
        self._runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
        self._loop = self._runner.get_loop()
        self._ending = asyncio.Event()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="web")
        self.thread = threading.Thread(target=self._run, name="web", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._ending.set)
        self.thread.join(self._limits.stop_s + 1)

    def answer(self, connection: _Connection, request: Request) -> None:
        """Answer in one of the threads."""
        self._pool.submit(self._answer, connection, request)

    def _answer(self, connection: _Connection, request: Request) -> None:
        try:
            answer = self._serve(request)
        except Exception:
            log.exception("a web request failed")
            answer = Answer(500)
        with suppress(RuntimeError):  # the server has stopped meanwhile
            self._loop.call_soon_threadsafe(connection.send, answer)

    def _run(self) -> None:
        try:
            with self._listener, self._runner:
                self._runner.run(self._accept())
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def _accept(self) -> None:
        crowd = _Crowd(self._limits)
        accepting = await self._loop.create_server(
            lambda: _Connection(self._loop, crowd, self.answer, self._limits),
            sock=self._listener,
            backlog=BACKLOG,
        )
        await self._ending.wait()
        accepting.close()
        await crowd.disperse()


class _Crowd:
    """All open connections. When they are too many, or hold too much, those that have waited longest are dropped."""

    def __init__(self, limits: Limits) -> None:
        self.buffer = bytearray(READ_BYTES)
        self._limits = limits
        self._open: set[_Connection] = set()
        self._waiting: dict[_Connection, None] = {}  # for their clients, longest first
        self._held_bytes = 0
        self._is_empty = asyncio.Event()

    def enter(self, connection: _Connection) -> None:
        self._open.add(connection)
        while len(self._open) > self._limits.connections and self._waiting:
            self._drop_one()

    def wait(self, connection: _Connection) -> None:
        """A connection waits for its client from now on, and may be dropped."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def keep(self, connection: _Connection) -> None:
        """A connection waits for us: it is not dropped."""
        self._waiting.pop(connection, None)

    def hold(self, change_bytes: int) -> None:
        """So much more is held in memory, or less."""
        self._held_bytes += change_bytes
        while self._held_bytes > self._limits.held_bytes and self._waiting:
            self._drop_one()

    def leave(self, connection: _Connection) -> None:
        self._open.discard(connection)
        self._waiting.pop(connection, None)
        if not self._open:
            self._is_empty.set()

    async def disperse(self) -> None:
        """Close all connections; answers under way have a moment."""
        self._is_empty.clear()
        for connection in list(self._open):
            connection.finish()
        if self._open:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_empty.wait(), self._limits.stop_s)
        for connection in list(self._open):
            connection.drop()
        await asyncio.sleep(0)  # asyncio closes their sockets in its next round

    def _drop_one(self) -> None:
        next(iter(self._waiting)).drop()


class _Stage(Enum):
    IDLE = auto()  # no byte of a request is here
    READING = auto()
    ANSWERING = auto()
    SENDING = auto()
    LINGERING = auto()  # refused: whatever comes is thrown away


class _Connection(asyncio.BufferedProtocol):
    """One client. Each stage that waits for the client has one deadline, however busy the client keeps it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        crowd: _Crowd,
        answer: Callable[[_Connection, Request], None],
        limits: Limits,
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

    def send(self, answer: Answer) -> None:
        """Give the client its answer."""
        if self._transport.is_closing():
            return
        assert self._head is not None
        try:
            sent = self._answered(answer, self._head.method == b"HEAD")
        except (h11.LocalProtocolError, ValueError):
            log.error("an answer can't be sent: its status or a header is malformed")
            self._transport.abort()
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
        self._transport.write(self._answered(Answer(status), False))
        if self._transport.can_write_eof():
            self._transport.write_eof()  # closing at once would take the answer from a client that still writes

    # Sending

    def _answered(self, answer: Answer, is_head: bool) -> bytes:
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


def _listen(host: str, port: int) -> socket.socket:
    [(family, _, _, _, address), *_] = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def _file_descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1024 if soft == resource.RLIM_INFINITY else soft
