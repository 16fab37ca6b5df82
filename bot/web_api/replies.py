"""A message of ours, found again in its thread by its metadata: we may not know whether a post reached Slack."""

from __future__ import annotations

from collections.abc import Iterator

from slack_sdk import WebClient

from bot.slack.payloads import Json


def metadata(event_type: str, key: str, value: str) -> Json:
    """What a post carries so that `find` finds it."""
    return {"event_type": event_type, "event_payload": {key: value}}


def find(client: WebClient, channel_id: str, thread_ts: str, mark: Json) -> str | None:
    """The ts of the reply that carries this metadata."""
    for reply in _replies(client, channel_id, thread_ts):
        carried = reply.get("metadata") or {}
        if (
            carried.get("event_type") == mark["event_type"]
            and carried["event_payload"] == mark["event_payload"]
        ):
            return str(reply["ts"])
    return None


def _replies(client: WebClient, channel_id: str, thread_ts: str) -> Iterator[Json]:
    cursor: str | None = None
    while True:
        page = client.conversations_replies(
            channel=channel_id, ts=thread_ts, include_all_metadata=True, limit=200, cursor=cursor
        )
        yield from page["messages"]
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
