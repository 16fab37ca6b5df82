"""Argilla's webhooks: registered at each start, believed only with the right signature, and only as hints."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from learning.argilla.backoff import Patience
from learning.argilla.client import TIMEOUT_S
from learning.argilla.connection import (
    ArgillaConnection,
    ArgillaNotFoundError,
    ArgillaRefusedError,
    ArgillaUnavailableError,
)

log = logging.getLogger(__name__)

CLOSE_S = 1.0  # whoever stops the bot waits for this
EVENTS = ["response.created", "response.updated", "response.deleted", "record.completed"]
DESCRIPTION = "Corrigible: tells the bot that a reviewer answered"


class ForgedWebhookError(ValueError):
    """A request that Argilla did not sign, or signed for another, or that is too old."""


@dataclass(frozen=True)
class Hint:
    """To which record of which dataset something happened (Argilla's ids)."""

    dataset_id: str
    record_id: str


class Webhooks:
    """One webhook of this process at `url`, where Argilla reaches it.

    Its secret is Argilla's, and is kept in memory alone: at each start the webhook is made anew.
    """

    def __init__(self, connection: ArgillaConnection, url: str) -> None:
        self._connection = connection
        self._url = url
        self._id = ""
        self._secret: str | None = None
        self._patience = Patience("registering of the webhook at Argilla")

    @property
    def is_registered(self) -> bool:
        return self._secret is not None

    def step(self) -> float | None:
        """Register where that did not succeed yet."""
        if self._secret is not None or self._patience.left_s():
            return None
        try:
            self._secret = self._register()
        except (ArgillaUnavailableError, ArgillaRefusedError, ArgillaNotFoundError) as error:
            return self._patience.failed(error)
        self._patience.succeeded()
        return None

    def close(self) -> None:
        """Take our webhook back, so that Argilla does not call where nobody listens; whoever registered since stays."""
        if self._secret is None:
            return
        try:
            self._connection.call("DELETE", f"webhooks/{self._id}", timeout=CLOSE_S)
        except (ArgillaUnavailableError, ArgillaRefusedError, ArgillaNotFoundError) as error:
            log.info("webhook not taken back: %s", error)

    def read(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        """What a request to `url` hints at; None for an event that is none of ours. Raises ForgedWebhookError."""
        from standardwebhooks import Webhook, WebhookVerificationError

        if self._secret is None:
            raise ForgedWebhookError("no webhook is registered")
        try:
            Webhook(self._secret).verify(body, dict(headers))
            event = json.loads(body)
        except (WebhookVerificationError, ValueError, RecursionError) as error:
            raise ForgedWebhookError(type(error).__name__) from None
        return _hint(event) if isinstance(event, dict) else None

    def _register(self) -> str:
        self._remove_others()
        wanted = {"url": self._url, "events": EVENTS, "description": DESCRIPTION}
        ours = self._connection.call("POST", "webhooks", json=wanted)
        self._id = str(ours["id"])
        return str(ours["secret"])

    def _remove_others(self) -> None:
        for one in self._connection.call("GET", "webhooks", timeout=TIMEOUT_S)["items"]:
            if one["url"] == self._url:
                self._connection.call("DELETE", f"webhooks/{one['id']}", timeout=TIMEOUT_S)


def _hint(event: dict[str, object]) -> Hint | None:
    data = event.get("data")
    if event.get("type") not in EVENTS or not isinstance(data, dict):
        return None
    record = data.get("record", data)
    try:
        return Hint(str(record["dataset"]["id"]), str(record["id"]))
    except (KeyError, TypeError):
        return None
