"""No post of the bot unfurls a link: whatever people wrote in a message is not shown, or fetched, a second time."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from slack_bolt import BoltContext
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

NOTHING = {"unfurl_links": False, "unfurl_media": False}
# The methods among whose documented arguments these two are: not updates, nor what one user alone sees.
POSTING = {"chat.postMessage", "chat.scheduleMessage"}


class PlainWebClient(WebClient):
    """Slack's Web API, in which no post unfurls anything."""

    def api_call(self, api_method: str, **given: Any) -> SlackResponse:
        """Call a method as WebClient does."""
        if api_method in POSTING:
            given["json"] = {**(given.get("json") or {}), **NOTHING}
        return super().api_call(api_method, **given)


def unfurl_nothing(context: BoltContext) -> None:
    """Give listeners a client and a `respond` that unfurl nothing."""
    bolts = context.client
    context["client"] = PlainWebClient(
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
    context["respond"] = partial(cast(Any, context.respond), **NOTHING)
