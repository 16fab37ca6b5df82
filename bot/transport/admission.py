"""Admit requests from Slack: a malformed one is acknowledged and dropped, wherever the fault is found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware
from slack_sdk.errors import SlackApiError

from bot.context.metrics import Metrics
from bot.slack.payloads import admitted
from bot.slack.shapes import SLACK_ID, Json, PayloadError, like_or_none
from bot.transport.respond import ForeignAddressError
from bot.transport.unfurling import unfurl_nothing

log = logging.getLogger(__name__)

# Bolt reads these from the body itself, to look up the installation.
IDS = (
    "enterprise_id",
    "team_id",
    "user_id",
    "channel_id",
    "actor_enterprise_id",
    "actor_team_id",
    "actor_user_id",
)


def incoming(body: str | Json, headers: Mapping[str, str | Sequence[str]] | None, mode: str) -> BoltRequest:
    """Return a request as Bolt reads it. Where it can't read the body, that is empty, which `Admission` refuses."""
    # By Socket Mode Slack's JSON makes them.
    given: dict[str, str | Sequence[str]] = {
        name: value for name, value in (headers or {}).items() if isinstance(value, str)
    }
    try:
        return BoltRequest(body=body, headers=given, mode=mode)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        unread = BoltRequest(body="", headers=given, mode=mode)
        unread.raw_body = body if isinstance(body, str) else ""  # it is still signed
        return unread


class Admission(Middleware):
    """Bolt's first middleware after the signature is verified: refuses what is malformed, cleans what is not."""

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,  # noqa: ARG002
        next: Callable[[], BoltResponse],
    ) -> BoltResponse | None:
        """Let a request in. Raises PayloadError."""
        body, req.body = req.body, {}  # the error handler would fail on it too
        for name in IDS:
            like_or_none(SLACK_ID, req.context, name)
        req.body = admitted(body)
        unfurl_nothing(req.context)
        return next()


def is_malformed(error: Exception) -> bool:
    """Is the fault in what Slack sent? A trigger that Slack itself does not know was never Slack's."""
    if isinstance(error, SlackApiError):
        return bool(error.response.get("error") == "invalid_trigger_id")
    return isinstance(error, PayloadError | ForeignAddressError)


def refused(error: Exception, metrics: Metrics) -> BoltResponse:
    """Acknowledge what is malformed: Slack would only send it again."""
    told = "Slack does not know its trigger" if isinstance(error, SlackApiError) else error
    log.warning("payload refused: %s", told)
    metrics.errors.labels("payload").inc()
    return BoltResponse(status=200, body="")
