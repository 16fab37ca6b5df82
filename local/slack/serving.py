"""Serves the workspace on this machine, and on no other address."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from starlette.applications import Starlette

HOST = "127.0.0.1"


class LocalServer(uvicorn.Server):
    """uvicorn, letting go of the bot and the pages before it waits for their requests to end."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(_quietly(app))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop within a second, whatever is still open."""
        await self._app.state.server.hang_up()
        await super().shutdown(sockets)
        await asyncio.sleep(0)  # what was accepted just before becomes a connection
        # Those who did not let go within that second.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # a transport closes its socket in the loop's next turn


def _quietly(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        # slack_sdk's socket can only be closed between two frames; without ours a bot takes 3 s to stop
        ws_ping_interval=0.2,
    )


def listen(port: int) -> socket.socket:
    """A socket on this machine's own address; port 0 takes a free one."""
    # asyncio turns off Nagle's delays (40 ms a request) only on sockets that name their protocol
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening
