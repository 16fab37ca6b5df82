"""No post of the bot unfurls a link: whatever people wrote in a message is not shown, or fetched, a second time."""

from __future__ import annotations

from typing import Any

from slack_bolt import BoltContext, Respond
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookResponse

NOTHING = {"unfurl_links": False, "unfurl_media": False}
# The methods that take these two arguments. Slack unfurls nothing in what it updates or shows to one user alone.
POSTING = {"chat.postMessage", "chat.scheduleMessage"}


class Client(WebClient):
    """Slack's Web API, in which no post unfurls anything."""

    def api_call(self, api_method: str, **given: Any) -> SlackResponse:
        """Call a method as WebClient does."""
        if api_method in POSTING:
            given["json"] = {**(given.get("json") or {}), **NOTHING}
        return super().api_call(api_method, **given)


class Answer(Respond):
    """Bolt's `respond`, in whose answers nothing unfurls."""

    def __call__(self, *given: Any, **named: Any) -> WebhookResponse:
        """Answer as Respond does."""
        return super().__call__(*given, **{**named, **NOTHING})


def unfurl_nothing(context: BoltContext) -> None:
    """Give a listener a client and a `respond` of ours instead of Bolt's."""
    bolts = context.client
    context["client"] = Client(
        token=bolts.token,
        base_url=bolts.base_url,
        timeout=bolts.timeout,
        ssl=bolts.ssl,
        proxy=bolts.proxy,
        headers=bolts.headers,
        team_id=context.team_id,
        logger=bolts.logger,
        retry_handlers=bolts.retry_handlers,
    )
    context["respond"] = Answer(response_url=context.response_url, proxy=bolts.proxy, ssl=bolts.ssl)
