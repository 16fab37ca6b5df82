"""Tell a channel about a decision that concerns it."""

from __future__ import annotations

from slack_sdk import WebClient

from bot.slack.payloads import Json
from bot.web_api import refusals


def tell(client: WebClient, channel_id: str, content: Json) -> bool:
    """Say it where it holds; False if that can't be said, so that the asker at least knows."""
    try:
        client.chat_postMessage(channel=channel_id, **content)
    except refusals.FAULTS:
        return False
    return True
