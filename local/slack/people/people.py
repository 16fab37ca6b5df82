"""What people do without the bot: write, edit, delete, react, make channels, invite."""

from __future__ import annotations

import uuid

from local.slack.api.users import reaction_name
from local.slack.blocks.limits import check_text
from local.slack.state.directory import check_open
from local.slack.state.workspace import Workspace
from local.slack.wire.mrkdwn import as_sent
from local.slack.wire.scopes import kind_of
from local.slack.wire.wire import Arguments, Json, SlackError


class Persons:
    """Each method takes the page's JSON and answers with JSON."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._directory = workspace.directory
        self._messages = workspace.messages

    def write(self, body: Json) -> Json:
        """Post a message, perhaps into a thread."""
        arguments = Arguments(body)
        channel = self._open_channel(arguments)
        fields = {
            "user": arguments.text("user"),
            "client_msg_id": str(uuid.uuid4()),
            "text": self._typed(arguments),
        }
        message = self._messages.post(channel, fields, arguments.text("thread_ts"))
        return {"ok": True, "ts": message["ts"]}

    def edit(self, body: Json) -> Json:
        """Change one's own message."""
        arguments = Arguments(body)
        channel, message = self._own(arguments, "cant_update_message")
        text = self._typed(arguments)
        if text != message["text"]:
            self._messages.change(channel, message, {"text": text}, arguments.text("user"))
        return {"ok": True, "ts": message["ts"]}

    def delete(self, body: Json) -> Json:
        """Take one's own message away, or an ephemeral one that one was shown."""
        arguments = Arguments(body)
        channel, user, ts = self._channel(arguments), arguments.text("user"), arguments.required("ts")
        if self._workspace.whispers.get(channel["id"], user, ts):
            self._workspace.whispers.delete(channel["id"], user, ts)
        else:
            self._messages.delete(*self._own(arguments, "cant_delete_message"))
        return {"ok": True, "ts": ts}

    def react(self, body: Json) -> Json:
        """Add a reaction, or remove it."""
        arguments = Arguments(body)
        channel = self._open_channel(arguments)
        change = self._messages.unreact if arguments.flag("remove") else self._messages.react
        name = reaction_name(arguments.required("name"))
        change(channel, arguments.required("ts"), arguments.text("user"), name)
        return {"ok": True}

    def create_channel(self, body: Json) -> Json:
        """Make a public channel."""
        arguments = Arguments(body)
        user = self._directory.person(arguments.text("user"))
        channel = self._directory.create(arguments.required("name").removeprefix("#"), user["id"])
        return {"ok": True, "channel": {"id": channel["id"], "name": channel["name"]}}

    def create_group(self, body: Json) -> Json:
        """Open a group direct message with others and the bot."""
        arguments = Arguments(body)
        others = [name.strip().removeprefix("@") for name in arguments.required("users").split(",")]
        users, _ = self._directory.names()
        people = [users.get(name, name) for name in others if name]
        group = self._directory.group(people, arguments.text("user"))
        return {"ok": True, "channel": {"id": group["id"]}}

    def invite(self, body: Json) -> Json:
        """Bring the bot into a channel."""
        arguments = Arguments(body)
        self._workspace.let_bot_in(self._open_channel(arguments), arguments.text("user"))
        return {"ok": True}

    def leave(self, body: Json) -> Json:
        """Leave a channel, which one can still look into."""
        arguments = Arguments(body)
        channel = self._channel(arguments)
        if kind_of(channel) != "channel":
            raise SlackError("method_not_supported_for_channel_type")
        self._directory.leave(channel, arguments.text("user"))
        return {"ok": True}

    def open_home(self, body: Json) -> Json:
        """Look at the bot's home tab (app_home_opened)."""
        user = self._directory.person(Arguments(body).text("user"))["id"]
        view = self._workspace.views.home(user)
        event = {
            "type": "app_home_opened",
            "user": user,
            "channel": self._directory.channel(user)["id"],
            "tab": "home",
            "event_ts": self._workspace.clock.next(),
        }
        self._workspace.to_bot({**event, "view": view} if view else event)
        return {"ok": True, "view": view}

    def _channel(self, arguments: Arguments) -> Json:
        return self._directory.channel_of(arguments.text("user"), arguments.required("channel"))

    def _open_channel(self, arguments: Arguments) -> Json:
        channel = self._channel(arguments)
        check_open(channel)
        return channel

    def _typed(self, arguments: Arguments) -> str:
        text = as_sent(arguments.text("text"), *self._directory.names())
        if not text.strip():
            raise SlackError("no_text")
        check_text(text)
        return text

    def _own(self, arguments: Arguments, refusal: str) -> tuple[Json, Json]:
        channel = self._open_channel(arguments)
        message = self._messages.get(channel, arguments.required("ts"))
        if message["user"] != arguments.text("user"):
            raise SlackError(refusal)
        return channel, message
