"""What the bot answers through a response_url, or in the acknowledgement of a command."""

from __future__ import annotations

from local.slack.blocks.bot_message import by_bot, content, something
from local.slack.setup.seed import BOT_ID
from local.slack.state.directory import Directory
from local.slack.state.grants import ResponseGrant
from local.slack.state.messages import Messages
from local.slack.state.whispers import Whispers
from local.slack.wire.wire import Arguments, Json, SlackError


class Responses:
    """Answers need no membership: whoever was spoken to may reply where it was."""

    def __init__(self, directory: Directory, messages: Messages, whispers: Whispers) -> None:
        self._directory = directory
        self._messages = messages
        self._whispers = whispers

    def give(self, grant: ResponseGrant, body: Json) -> None:
        """Post, replace or delete, as the body asks."""
        arguments = Arguments(body)
        if arguments.flag("delete_original"):
            self._delete(grant)
            return
        fields = something(content(arguments))
        if arguments.flag("replace_original") and grant.message_ts:
            self._replace(grant, fields)
        elif arguments.text("response_type", "ephemeral") == "in_channel":
            channel = self._directory.channel(grant.channel_id)
            self._messages.post(channel, by_bot(self._directory.team.id, fields), arguments.text("thread_ts"))
        else:
            thread_ts = arguments.text("thread_ts")
            message = self._whispers.post(
                grant.channel_id, grant.user, by_bot(self._directory.team.id, fields), thread_ts
            )
            grant.message_ts = grant.message_ts or message["ts"]  # what a later replace_original means

    def _replace(self, grant: ResponseGrant, fields: Json) -> None:
        ts = str(grant.message_ts)
        if self._whispers.get(grant.channel_id, grant.user, ts):
            self._whispers.change(grant.channel_id, grant.user, ts, {"blocks": [], **fields})
        else:
            channel, message = self._own(grant.channel_id, ts)
            self._messages.change(channel, message, {"blocks": [], **fields}, BOT_ID)

    def _delete(self, grant: ResponseGrant) -> None:
        ts = str(grant.message_ts)
        if self._whispers.get(grant.channel_id, grant.user, ts):
            self._whispers.delete(grant.channel_id, grant.user, ts)
        else:
            self._messages.delete(*self._own(grant.channel_id, ts))

    def _own(self, channel_id: str, ts: str) -> tuple[Json, Json]:
        channel = self._directory.channel(channel_id)
        message = self._messages.get(channel, ts)
        if message.get("bot_id") != BOT_ID:
            raise SlackError("cant_update_message")
        return channel, message
