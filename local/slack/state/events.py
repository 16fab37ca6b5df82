"""The events Slack sends to an app, as it shapes them."""

from __future__ import annotations

import time

from local.slack.setup.installation import Installation
from local.slack.setup.seed import APP_ID, BOT_USER_ID
from local.slack.wire.ids import new_id
from local.slack.wire.mrkdwn import rich_text
from local.slack.wire.scopes import kind_of
from local.slack.wire.wire import Json

VERIFICATION_TOKEN = "local-verification-token"  # noqa: S105 - Slack's deprecated field


def event_callback(event: Json, installation: Installation) -> Json:
    """The envelope around every event."""
    team = installation.team
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id,
        **({"enterprise_id": team.enterprise_id} if team.enterprise_id else {}),
        "context_team_id": team.id,
        "context_enterprise_id": team.enterprise_id,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": int(time.time()),
        "authorizations": [installation.authorization()],
        "is_ext_shared_channel": False,
        "event_context": new_id("4-", 40),
    }


def as_slack_shows(message: Json) -> Json:
    """A message as Slack gives it to an app: without metadata, and what people typed as rich text too."""
    shown = {key: value for key, value in message.items() if key != "metadata"}
    if "bot_id" not in shown and shown.get("text") and "subtype" not in shown:
        shown["blocks"] = rich_text(shown["text"])
    return shown


def message_event(channel: Json, message: Json) -> Json:
    """Somebody wrote."""
    return {**as_slack_shows(message), **_place(channel), "event_ts": message["ts"]}


def mention_event(channel: Json, message: Json) -> Json:
    """Somebody named the bot; Slack sends this next to the message event, without its channel_type."""
    event = {**message_event(channel, message), "type": "app_mention"}
    del event["channel_type"]
    return event


def changed_event(channel: Json, message: Json, previous: Json, ts: str) -> Json:
    """A message was edited, by a person or by the bot."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": as_slack_shows(message),
        "previous_message": as_slack_shows(previous),
        **_place(channel),
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
    }


def deleted_event(channel: Json, previous: Json, ts: str) -> Json:
    """A message was deleted."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": as_slack_shows(previous),
        "deleted_ts": previous["ts"],
        **_place(channel),
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
    }


def reaction_event(kind: str, channel: Json, message: Json, user: str, name: str, ts: str) -> Json:
    """`kind` is reaction_added or reaction_removed."""
    return {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": channel["id"], "ts": message["ts"]},
        "item_user": message.get("user"),
        "event_ts": ts,
    }


def joined_event(team_id: str, channel: Json, inviter: str | None, ts: str) -> Json:
    """The bot has come into a channel."""
    event = {
        "type": "member_joined_channel",
        "user": BOT_USER_ID,
        "channel": channel["id"],
        "channel_type": "C",
        "team": team_id,
        "event_ts": ts,
    }
    return event if inviter is None else {**event, "inviter": inviter}


def channel_event(kind: str, ts: str, **fields: object) -> Json:
    """Something has become of a channel."""
    return {"type": kind, **fields, "event_ts": ts}


def rate_limited(team_id: str, minute: int) -> Json:
    """Slack withholds events. This is no event in an envelope, but a payload of its own."""
    return {
        "token": VERIFICATION_TOKEN,
        "type": "app_rate_limited",
        "team_id": team_id,
        "minute_rate_limited": minute,
        "api_app_id": APP_ID,
    }


def _place(channel: Json) -> Json:
    return {"channel": channel["id"], "channel_type": kind_of(channel)}
