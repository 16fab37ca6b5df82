"""All open connections, and how much they may take, each and together."""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.transport.connections import HttpConnection

READ_BYTES = 16 * 1024


@dataclass(frozen=True)
class CrowdLimits:
    """How much a stranger may take."""

    header_bytes: int = 16 * 1024
    body_bytes: int = 1_000_000
    body_pieces: int = 1_000  # parsing a body of one-byte chunks would keep all others waiting
    held_bytes: int = 64_000_000  # bodies of all requests that are still being read
    connections: int = field(default_factory=lambda: min(500, _file_descriptors() // 2))
    request_s: float = 10.0  # from the connection, or a request's first byte, to its last byte
    idle_s: float = 75.0  # between two requests; proxies should drop idle connections first, after 60 s
    answer_s: float = 10.0  # for the client to take an answer
    linger_s: float = 1.0  # for the client to read why it was refused
    stop_s: float = 2.0  # for answers under way when the server stops


class Crowd:
    """All open connections. When they are too many, or hold too much, those that have waited longest are dropped."""

    def __init__(self, limits: CrowdLimits) -> None:
        self.buffer = bytearray(READ_BYTES)
        self._limits = limits
        self._open: set[HttpConnection] = set()
        self._waiting: dict[HttpConnection, None] = {}  # for their clients, longest first
        self._held_bytes = 0
        self._is_empty = asyncio.Event()

    def enter(self, connection: HttpConnection) -> None:
        self._open.add(connection)
        while len(self._open) > self._limits.connections and self._waiting:
            self._drop_one()

    def wait(self, connection: HttpConnection) -> None:
        """A connection waits for its client from now on, and may be dropped."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def keep(self, connection: HttpConnection) -> None:
        """A connection waits for us: it is not dropped."""
        self._waiting.pop(connection, None)

    def hold(self, change_bytes: int) -> None:
        """So much more is held in memory, or less."""
        self._held_bytes += change_bytes
        while self._held_bytes > self._limits.held_bytes and self._waiting:
            self._drop_one()

    def leave(self, connection: HttpConnection) -> None:
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


def _file_descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1024 if soft == resource.RLIM_INFINITY else soft
