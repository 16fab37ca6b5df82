"""The web server that strangers can reach: a request takes a thread only once all of it has arrived.

One event loop reads and writes every connection (`connections.py`, `crowd.py`), and a few threads answer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from bot.transport.connections import HttpConnection, HttpResponse, Request
from bot.transport.crowd import Crowd, CrowdLimits

log = logging.getLogger(__name__)

THREADS = 10
BACKLOG = 128

Serve = Callable[[Request], HttpResponse]


class PortInUseError(OSError):
    """Another program listens where the bot should."""

    def __init__(self, host: str, port: int, name: str) -> None:
        super().__init__(
            f"port {port} of {host} is in use. Stop what listens there, or set {name} to a free port."
        )


class WebServer:
    """Answers by `serve`, which it calls in threads of its own, until it is stopped."""

    def __init__(self, host: str, port: int, serve: Serve, limits: CrowdLimits | None = None) -> None:
        self._where = host, port
        self._serve = serve
        self._limits = limits or CrowdLimits()
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

    def __init__(self, listener: socket.socket, serve: Serve, limits: CrowdLimits) -> None:
        self._listener = listener
        self._serve = serve
        self._limits = limits
        # Connections share one buffer: this loop fills it only while it calls one of them.
        self._runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
        self._loop = self._runner.get_loop()
        self._loop.set_exception_handler(_log_error)
        self._ending = asyncio.Event()
        self._asked: SimpleQueue[tuple[HttpConnection, Request] | None] = SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="web", daemon=True)
        self.thread.start()
        for number in range(THREADS):  # daemons: one that hangs must not keep the process from ending
            threading.Thread(target=self._answer_all, name=f"web_{number}", daemon=True).start()

    def stop(self) -> None:
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._ending.set)
        self.thread.join(self._limits.stop_s + 1)

    def answer(self, connection: HttpConnection, request: Request) -> None:
        """Answer in one of the threads."""
        self._asked.put((connection, request))

    def _answer_all(self) -> None:
        while asked := self._asked.get():
            self._answer(*asked)
            del asked  # until the next one comes it would be kept in memory

    def _answer(self, connection: HttpConnection, request: Request) -> None:
        try:
            answer = self._serve(request)
        except Exception:
            log.exception("a web request failed")
            answer = HttpResponse(500)
        with suppress(RuntimeError):  # the server has stopped meanwhile
            self._loop.call_soon_threadsafe(connection.send, answer)

    def _run(self) -> None:
        try:
            with self._listener, self._runner:
                self._runner.run(self._accept())
        finally:
            self._end_threads()

    def _end_threads(self) -> None:
        with suppress(Empty):
            while True:
                self._asked.get_nowait()  # nobody is there any more to take the answers
        for _ in range(THREADS):
            self._asked.put(None)

    async def _accept(self) -> None:
        crowd = Crowd(self._limits)
        accepting = await self._loop.create_server(
            lambda: HttpConnection(self._loop, crowd, self.answer, self._limits),
            sock=self._listener,
            backlog=BACKLOG,
        )
        await self._ending.wait()
        accepting.close()
        await crowd.disperse()


def _log_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log where an error happened: its text, or asyncio's, may quote a request."""
    error = context.get("exception")
    frames = "".join(traceback.format_tb(error.__traceback__)) if error else ""
    log.error("the web server failed: %s\n%s", type(error).__name__, frames)


def _listen(host: str, port: int) -> socket.socket:
    [(family, _, _, _, address), *_] = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    # Connections inherit it: Nagle's algorithm would hold some answers back for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
