"""The web sockets of people's pages, and who is told what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

from starlette.websockets import WebSocket, WebSocketDisconnect

from local.slack.wire.wire import Json

MOST_WAITING = 10_000


class Hub:
    """Pushes to pages. A page that reads too slowly is cut off; it loads afresh when it connects again."""

    def __init__(self) -> None:
        self._pages: dict[asyncio.Queue[str | None], str] = {}

    def tell(self, push: Json, users: Iterable[str] | None = None) -> None:
        """Push to the open pages of `users`, or to every page."""
        if not self._pages:
            return
        wanted = None if users is None else set(users)
        text = json.dumps(push, separators=(",", ":"))
        for queue, user in list(self._pages.items()):
            if wanted is None or user in wanted:
                self._add(queue, text)

    async def serve(self, socket: WebSocket, user: str, greeting: Json) -> None:
        """Push to one page until it leaves, or until `close`."""
        await socket.accept()
        queue: asyncio.Queue[str | None] = asyncio.Queue(MOST_WAITING)
        self._add(queue, json.dumps(greeting))
        self._pages[queue] = user
        sender = asyncio.create_task(_send(socket, queue))
        try:
            while True:
                await socket.receive_text()
        except (WebSocketDisconnect, KeyError):
            pass
        finally:
            self._pages.pop(queue, None)
            sender.cancel()

    def close(self) -> None:
        """Say good-bye to every page."""
        for queue in list(self._pages):
            self._cut_off(queue)

    def _add(self, queue: asyncio.Queue[str | None], text: str) -> None:
        try:
            queue.put_nowait(text)
        except asyncio.QueueFull:
            self._cut_off(queue)

    def _cut_off(self, queue: asyncio.Queue[str | None]) -> None:
        self._pages.pop(queue, None)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


async def _send(socket: WebSocket, queue: asyncio.Queue[str | None]) -> None:
    try:
        while (text := await queue.get()) is not None:
            await socket.send_text(text)
        await socket.close(1013)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the page has gone; the receiving side sees it too and tidies up
