"""Tells people's pages, and the bot, what has happened in a channel."""

from __future__ import annotations

from collections.abc import Callable

from local.slack.setup.seed import BOT_ID, BOT_USER_ID
from local.slack.state import events
from local.slack.state.directory import Directory
from local.slack.state.hub import Hub
from local.slack.wire.ids import TsClock
from local.slack.wire.wire import Json


def for_page(channel_id: str, message: Json, ephemeral: bool = False) -> Json:
    """A message as the page is given it."""
    shown = {key: value for key, value in message.items() if key != "metadata"}
    return {**shown, "channel": channel_id, **({"is_ephemeral": True} if ephemeral else {})}


class Announcer:
    """The bot hears of channels that it is in; people of channels that they can see."""

    def __init__(
        self, directory: Directory, hub: Hub, clock: TsClock, to_bot: Callable[[Json], object]
    ) -> None:
        self._directory = directory
        self._hub = hub
        self._clock = clock
        self._to_bot = to_bot

    def posted(self, channel: Json, message: Json) -> None:
        """A message is there."""
        self._push(channel, {"type": "message", "message": for_page(channel["id"], message)})
        if channel["bot_is_member"]:
            self._to_bot(events.message_event(channel, message))
            by_bot = message.get("bot_id") == BOT_ID
            if not by_bot and not channel["is_im"] and f"<@{BOT_USER_ID}" in message["text"]:
                self._to_bot(events.mention_event(channel, message))

    def changed(self, channel: Json, message: Json, previous: Json) -> None:
        """A message reads differently now."""
        self._push(channel, {"type": "message_changed", "message": for_page(channel["id"], message)})
        if channel["bot_is_member"]:
            self._to_bot(events.changed_event(channel, message, previous, self._clock.next()))

    def deleted(self, channel: Json, previous: Json) -> None:
        """A message is gone."""
        self._push(channel, {"type": "message_deleted", "channel": channel["id"], "ts": previous["ts"]})
        if channel["bot_is_member"]:
            self._to_bot(events.deleted_event(channel, previous, self._clock.next()))

    def reaction(self, kind: str, channel: Json, message: Json, user: str, name: str) -> None:
        """A reaction was added or removed; `message` is how it stands now."""
        event = events.reaction_event(kind, channel, message, user, name, self._clock.next())
        shown = for_page(channel["id"], message)
        self._push(channel, {**event, "channel": channel["id"], "ts": message["ts"], "message": shown})
        if channel["bot_is_member"]:
            self._to_bot(event)

    def joined(self, channel: Json, inviter: str | None) -> None:
        """The bot came into a channel."""
        self._to_bot(events.joined_event(self._directory.team.id, channel, inviter, self._clock.next()))

    def whispered(self, channel_id: str, user: str, message: Json) -> None:
        """An ephemeral message, which no event speaks of."""
        self._hub.tell({"type": "message", "message": for_page(channel_id, message, True)}, [user])

    def whisper_changed(self, channel_id: str, user: str, message: Json) -> None:
        """The bot replaced an ephemeral message."""
        self._hub.tell({"type": "message_changed", "message": for_page(channel_id, message, True)}, [user])

    def whisper_deleted(self, channel_id: str, user: str, ts: str) -> None:
        """The bot, or its reader, took an ephemeral message away."""
        self._hub.tell({"type": "message_deleted", "channel": channel_id, "ts": ts}, [user])

    def _push(self, channel: Json, push: Json) -> None:
        self._hub.tell(push, self._directory.audience(channel))
