"""Signed HTTP: everything is posted to one address of the bot."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import httpx

from local.slack.transport.transport import Kind, NotAcknowledgedError, Retry
from local.slack.wire.certificates import certificates
from local.slack.wire.wire import Json

LOOK_EVERY_S = 0.5


class HttpMode:
    """Knows from time to time whether something listens at the bot's address, for holding events."""

    def __init__(
        self, url: str, signing_secret: str, ack_timeout_s: float, on_change: Callable[[bool], None]
    ) -> None:
        self._url = httpx.URL(url)
        self._secret = signing_secret
        self._on_change = on_change
        limits = httpx.Limits(max_connections=100)
        self._client = httpx.AsyncClient(
            timeout=ack_timeout_s, limits=limits, trust_env=False, verify=certificates()
        )
        self._ack_timeout_s = ack_timeout_s
        self._connected = False
        self._looker: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the address answered when we last looked."""
        return self._connected

    def start(self) -> None:
        """Look for the bot every now and then."""
        self._looker = asyncio.create_task(self._look())

    async def deliver(self, kind: Kind, payload: Json, retry: Retry) -> Any:
        """Post once; 200 within the time is an acknowledgement."""
        if self._client.is_closed:
            raise NotAcknowledgedError("connection_failed")
        content_type, body = encoded(kind, payload)
        headers = {"Content-Type": content_type, **signed(self._secret, body)}
        if retry.attempt:
            headers |= {"X-Slack-Retry-Num": str(retry.attempt), "X-Slack-Retry-Reason": retry.reason}
        try:
            # the whole answer has to be here in time, not merely each piece of it
            async with asyncio.timeout(self._ack_timeout_s):
                response = await self._client.post(self._url, content=body, headers=headers)
        except httpx.ConnectError:
            self._now(False)
            raise NotAcknowledgedError("connection_failed") from None
        except (TimeoutError, httpx.TimeoutException):
            raise NotAcknowledgedError("http_timeout") from None
        except httpx.HTTPError:
            raise NotAcknowledgedError("http_error") from None
        if response.status_code != 200:
            raise NotAcknowledgedError("http_error", response.headers.get("x-slack-no-retry") != "1")
        return _answer(response)

    async def close(self) -> None:
        """Stop looking, and close the connections."""
        self._connected = False
        if self._looker:
            self._looker.cancel()
            with suppress(asyncio.CancelledError):
                await self._looker
        await self._client.aclose()

    async def _look(self) -> None:
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        while True:
            try:
                async with asyncio.timeout(1):
                    _, writer = await asyncio.open_connection(self._url.host, port)
                writer.close()
                self._now(True)
            except (OSError, TimeoutError):
                self._now(False)
            await asyncio.sleep(LOOK_EVERY_S)

    def _now(self, connected: bool) -> None:
        if connected != self._connected:
            self._connected = connected
            self._on_change(connected)


def encoded(kind: Kind, payload: Json) -> tuple[str, bytes]:
    """Content type and body: events as JSON, interactions as a form around JSON, commands as a form."""
    if kind is Kind.EVENT:
        return "application/json", json.dumps(payload).encode()
    form = payload if kind is Kind.COMMAND else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(form).encode()


def signed(secret: str, body: bytes) -> Mapping[str, str]:
    """The headers by which the bot knows that it is us, now."""
    timestamp = str(int(time.time()))
    mac = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={mac.hexdigest()}"}


def _answer(response: httpx.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        return response.text
