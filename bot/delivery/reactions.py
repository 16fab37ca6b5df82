"""In quiet mode the bot's answer is one reaction on the message: the emoji of its label."""

from __future__ import annotations

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack.payloads import Json
from storage.messages.contents import Content
from storage.text.emoji import emoji_name


def emoji_of(content: Content) -> str:
    """The name of the emoji that should stand.

    Empty if the label has none, if no label fits, or if reviewers set the message aside.
    """
    if content.prediction is None or (content.verdict and content.verdict.is_discarded):
        return ""
    label_id = content.settled or (None if content.prediction.is_none else content.prediction.label_id)
    return emoji_name(content.labels[label_id].emoji) if label_id else ""


def of_ours(client: WebClient, channel_id: str, ts: str, bot_user_id: str) -> list[str]:
    """The names of all emoji that the bot has put on a message; none where the message is gone."""
    try:
        answer = client.reactions_get(channel=channel_id, timestamp=ts, full=True)
    except SlackApiError as error:
        if error.response.get("error") != "message_not_found":
            raise
        return []
    found: list[Json] = answer["message"].get("reactions") or []
    return [str(one["name"]) for one in found if bot_user_id in one["users"]]


def bring(client: WebClient, channel_id: str, ts: str, stands: list[str], wanted: str) -> None:
    """Let `wanted` be the bot's one reaction, where `stands` are there so far; harmless when done again.

    Slack tells of an emoji by another name than it was perhaps given by: what is the same is neither added nor removed.
    """
    place: Json = {"channel": channel_id, "timestamp": ts}
    if wanted and all(emoji_name(name) != emoji_name(wanted) for name in stands):
        try:
            client.reactions_add(name=wanted, **place)
        except SlackApiError as error:
            if error.response.get("error") != "already_reacted":
                raise
    for name in stands:
        if emoji_name(name) != emoji_name(wanted):
            _remove(client, name, place)


def _remove(client: WebClient, name: str, place: Json) -> None:
    try:
        client.reactions_remove(name=name, **place)
    except SlackApiError as error:
        if error.response.get("error") not in ("no_reaction", "message_not_found"):
            raise
