"""chat.* of the Web API."""

from __future__ import annotations

from local.slack.blocks.bot_message import by_bot, content, something
from local.slack.setup.seed import BOT_ID
from local.slack.state.events import as_slack_shows
from local.slack.state.workspace import Workspace
from local.slack.wire.wire import Arguments, Call, Json, Method, SlackError


class Chat:
    """What the bot says."""

    def __init__(self, workspace: Workspace) -> None:
        self._directory = workspace.directory
        self._messages = workspace.messages
        self._whispers = workspace.whispers

    def methods(self) -> dict[str, Method]:
        """By Slack's names."""
        return {
            "chat.postMessage": self._post_message,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.getPermalink": self._get_permalink,
        }

    def _post_message(self, call: Call) -> Json:
        arguments = call.arguments
        channel = self._directory.open_channel_of_bot(arguments.required("channel"))
        fields = by_bot(self._directory.team.id, something(content(arguments)))
        thread_ts = arguments.text("thread_ts")
        if thread_ts and arguments.flag("reply_broadcast"):
            fields["subtype"] = "thread_broadcast"
        message = self._messages.post(channel, fields, thread_ts)
        return {"ok": True, "channel": channel["id"], "ts": message["ts"], "message": message}

    def _update(self, call: Call) -> Json:
        arguments = call.arguments
        channel, previous = self._own(arguments, "cant_update_message")
        fields = content(arguments)
        # Slack keeps blocks, attachments and metadata that are not mentioned
        something({**previous, **fields})
        message = self._messages.change(channel, previous, fields, BOT_ID)
        shown = as_slack_shows(message)
        return {
            "ok": True,
            "channel": channel["id"],
            "ts": message["ts"],
            "text": message["text"],
            "message": shown,
        }

    def _delete(self, call: Call) -> Json:
        channel, message = self._own(call.arguments, "cant_delete_message")
        self._messages.delete(channel, message)
        return {"ok": True, "channel": channel["id"], "ts": message["ts"]}

    def _post_ephemeral(self, call: Call) -> Json:
        arguments = call.arguments
        channel = self._directory.open_channel_of_bot(arguments.required("channel"))
        user = arguments.required("user")
        if user not in self._directory.audience(channel):
            raise SlackError("user_not_in_channel")
        fields = by_bot(self._directory.team.id, something(content(arguments)))
        thread_ts = arguments.text("thread_ts")
        if thread_ts:
            thread_ts = self._messages.thread(channel, thread_ts)[0]["ts"]
        message = self._whispers.post(channel["id"], user, fields, thread_ts)
        return {"ok": True, "message_ts": message["ts"]}

    def _get_permalink(self, call: Call) -> Json:
        channel = self._directory.channel_of_bot(call.arguments.required("channel"))
        message = self._messages.get(channel, call.arguments.required("message_ts"))
        permalink = f"{call.base_url}archives/{channel['id']}/p{message['ts'].replace('.', '')}"
        if message.get("thread_ts", message["ts"]) != message["ts"]:
            permalink += f"?thread_ts={message['thread_ts']}&cid={channel['id']}"
        return {"ok": True, "channel": channel["id"], "permalink": permalink}

    def _own(self, arguments: Arguments, refusal: str) -> tuple[Json, Json]:
        channel = self._directory.open_channel_of_bot(arguments.required("channel"))
        message = self._messages.get(channel, arguments.required("ts"))
        if message.get("bot_id") != BOT_ID:
            raise SlackError(refusal)
        return channel, message
