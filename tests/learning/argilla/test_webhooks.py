from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from learning.argilla.connection import Access, ArgillaConnection
from learning.argilla.webhooks import ForgedWebhookError, Hint, Webhooks

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
ID = "00000000-0000-4000-8000-000000000007"
EVENT = json.dumps(
    {"type": "response.created", "data": {"record": {"id": "2", "dataset": {"id": "1"}}}}
).encode()


class Argilla(BaseHTTPRequestHandler):
    """As much of Argilla as registering a webhook takes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        known: dict[str, Any] = {
            "items": [],
            "id": ID,
            "secret": SECRET,
            "version": "2.8.0",
            "username": "me",
        }
        self.wfile.write(json.dumps({**known, "role": "owner"}).encode())

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def webhooks() -> Iterator[Webhooks]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Argilla) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{serving.server_port}"
        with closing(ArgillaConnection(partial(Access, address, "key"))) as connection:
            registered = Webhooks(connection, "http://bot/argilla/webhook")
            registered.step()
            assert registered.is_registered
            yield registered
        serving.shutdown()


def signed(body: bytes) -> dict[str, str]:
    at = datetime.now(UTC)
    stamp = str(int(at.timestamp()))
    signature = Webhook(SECRET).sign("1", at, body.decode("utf-8"))
    return {"webhook-id": "1", "webhook-timestamp": stamp, "webhook-signature": signature}


def test_a_webhook_that_argilla_signed_hints_at_a_record(webhooks: Webhooks) -> None:
    assert webhooks.read(signed(EVENT), EVENT) == Hint("1", "2")


@pytest.mark.parametrize("body", [b"[1]", b"1", b"null", b'"x"', b"{}", b'{"type": [1], "data": 1}'])
def test_a_signed_webhook_of_another_shape_hints_at_nothing(webhooks: Webhooks, body: bytes) -> None:
    assert webhooks.read(signed(body), body) is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 10_000, b"9" * 5000], ids=["empty", "cut", "deep", "long"]
)
def test_a_signed_webhook_that_is_no_json_is_not_believed(webhooks: Webhooks, body: bytes) -> None:
    with pytest.raises(ForgedWebhookError):
        webhooks.read(signed(body), body)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "abc",
        "nan",
        "1e400",
        "-1",
        "9" * 5000,
        "v1",
        "v1,",
        "v1,\u00e9",
        ",,",
        "v1,a b",
        "\x01",
    ],
)
def test_malformed_signatures_are_not_believed(webhooks: Webhooks, name: str, value: str) -> None:
    with pytest.raises(ForgedWebhookError):
        webhooks.read({**signed(EVENT), name: value}, EVENT)


def test_a_body_that_is_no_text_is_not_believed(webhooks: Webhooks) -> None:
    with pytest.raises(ForgedWebhookError):
        webhooks.read(signed(EVENT), b"\xff" + EVENT)
