"""The payloads of interactions and commands, as Slack shapes them."""

from __future__ import annotations

from local.slack.setup import seed
from local.slack.setup.installation import Installation
from local.slack.state.events import VERIFICATION_TOKEN, as_slack_shows
from local.slack.wire.wire import Json


def common(kind: str, installation: Installation, user: Json, trigger_id: str) -> Json:
    """What every interaction carries."""
    return {
        "type": kind,
        "user": {
            "id": user["id"],
            "username": user["name"],
            "name": user["name"],
            "team_id": user["team_id"],
        },
        "api_app_id": seed.APP_ID,
        "token": VERIFICATION_TOKEN,
        "trigger_id": trigger_id,
        **installation.in_interaction(),
    }


def on_message(channel: Json, message: Json, ephemeral: bool) -> Json:
    """Where a click on a message took place. An ephemeral message itself is not sent along."""
    container = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel["id"],
        "is_ephemeral": ephemeral,
    }
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    place = {"container": container, "channel": channel_named(channel)}
    return place if ephemeral else {**place, "message": as_slack_shows(message)}


def on_view(view: Json, values: Json) -> Json:
    """Where a click in a modal or home tab took place."""
    return {
        "container": {"type": "view", "view_id": view["id"]},
        "view": {**view, "state": {"values": values}},
    }


def channel_named(channel: Json) -> Json:
    """A channel as interactions name it."""
    return {"id": channel["id"], "name": "directmessage" if channel["is_im"] else channel["name"]}


def command(
    installation: Installation,
    user: Json,
    channel: Json,
    name: str,
    text: str,
    response_url: str,
    trigger_id: str,
) -> Json:
    """A slash command; a flat form, on HTTP."""
    return {
        "token": VERIFICATION_TOKEN,
        **installation.in_command(),
        "channel_id": channel["id"],
        "channel_name": channel_named(channel)["name"],
        "user_id": user["id"],
        "user_name": user["name"],
        "command": name,
        "text": text,
        "api_app_id": seed.APP_ID,
        "response_url": response_url,
        "trigger_id": trigger_id,
    }
