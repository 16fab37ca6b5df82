"""An address that webhooks are delivered to, as a person's own service would have one."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT_S = 300  # a shared machine can be slow


@dataclass(frozen=True)
class Delivery:
    """What came with one request; `headers` by their names in small letters."""

    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


@dataclass(frozen=True)
class Address:
    """Where to deliver, and what was delivered."""

    url: str
    _received: queue.Queue[Delivery] = field(default_factory=queue.Queue)

    def next(self) -> Delivery:
        """Raises queue.Empty where nothing comes."""
        return self._received.get(timeout=WAIT_S)


@contextmanager
def address() -> Iterator[Address]:
    """One that takes whatever is posted."""
    received: queue.Queue[Delivery] = queue.Queue()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put(Delivery(body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        try:
            yield Address(f"http://127.0.0.1:{serving.server_port}/", received)
        finally:
            serving.shutdown()
            thread.join()
