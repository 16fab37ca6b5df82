"""What people and administrators do to channels: archive, rename, share, make private, delete, remove the bot."""

from __future__ import annotations

from collections.abc import Callable

from local.slack.state import events
from local.slack.state.workspace import Workspace
from local.slack.wire.wire import Arguments, Json, SlackError

OTHER_TEAM = "T0PARTNER1"


class ChannelChanges:
    """Each method takes the page's JSON and answers with JSON. The bot hears of channels that it is in."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._directory = workspace.directory

    def handlers(self) -> dict[str, Callable[[Json], Json]]:
        """By the last part of the page's addresses."""
        return {
            "archive": self.archive,
            "unarchive": self.unarchive,
            "rename": self.rename,
            "share": self.share,
            "unshare": self.unshare,
            "convert": self.convert,
            "delete_channel": self.delete,
            "remove": self.remove_bot,
        }

    def archive(self, body: Json) -> Json:
        """Nobody can write there any more. As in Slack the bot leaves too, unless {"keep_bot": true}."""
        channel, user = self._channel(body)
        if channel.get("is_archived"):
            raise SlackError("already_archived")
        before = channel
        channel = self._directory.change(channel, is_archived=True)
        self._tell(before, _kind(channel, "archive"), user=user)
        if not Arguments(body).flag("keep_bot"):
            self._bot_leaves(channel, user)
        return self._done()

    def unarchive(self, body: Json) -> Json:
        """People can write there again. The bot is as far away as before, but hears of it."""
        channel, user = self._channel(body)
        if not channel.get("is_archived"):
            raise SlackError("not_archived")
        channel = self._directory.change(channel, is_archived=False)
        if not channel.get("is_private") or channel["bot_is_member"]:
            self._send(_kind(channel, "unarchive"), channel=channel["id"], user=user)
        return self._done()

    def rename(self, body: Json) -> Json:
        """Give a channel another name."""
        channel, _ = self._channel(body)
        name = self._directory.free_name(Arguments(body).required("name").removeprefix("#"))
        channel = self._directory.change(channel, name=name)
        named = {"id": channel["id"], "name": name, "created": channel["created"]}
        self._tell(channel, _kind(channel, "rename"), channel=named)
        return self._done()

    def share(self, body: Json) -> Json:
        """Let another organization in."""
        channel, _ = self._channel(body)
        channel = self._directory.change(channel, is_shared=True)
        self._tell(channel, "channel_shared", connected_team_id=OTHER_TEAM)
        return self._done()

    def unshare(self, body: Json) -> Json:
        """The other organization leaves."""
        channel, _ = self._channel(body)
        channel = self._directory.change(channel, is_shared=False)
        self._tell(channel, "channel_unshared", previously_connected_team_id=OTHER_TEAM, is_ext_shared=False)
        return self._done()

    def convert(self, body: Json) -> Json:
        """Make a channel private, or public with {"public": true}: Slack says so by a message in it."""
        channel, user = self._channel(body)
        is_private = not Arguments(body).flag("public")
        channel = self._directory.change(channel, is_private=is_private)
        to = "private" if is_private else "public"
        fields = {"user": user, "subtype": f"channel_convert_to_{to}", "text": f"made this channel {to}"}
        self._workspace.messages.post(channel, fields)
        return self._done()

    def delete(self, body: Json) -> Json:
        """Delete a channel for ever."""
        channel, user = self._channel(body)
        self._directory.drop(channel)
        self._tell(channel, _kind(channel, "deleted"), actor_id=user)
        return self._done()

    def remove_bot(self, body: Json) -> Json:
        """Remove the bot from a channel, as /remove @corrigible does."""
        channel, user = self._channel(body)
        if not channel["bot_is_member"]:
            raise SlackError("not_in_channel")
        self._bot_leaves(channel, user)
        return self._done()

    def _channel(self, body: Json) -> tuple[Json, str]:
        arguments = Arguments(body)
        user = arguments.text("user")
        channel = self._directory.channel_of(user, arguments.required("channel"))
        if channel["is_im"]:
            raise SlackError("method_not_supported_for_channel_type")
        return channel, user

    def _bot_leaves(self, channel: Json, user: str) -> None:
        if not channel["bot_is_member"]:
            return
        channel = self._directory.change(channel, bot_is_member=False)
        self._send(_kind(channel, "left"), channel=channel["id"], actor_id=user)

    def _tell(self, channel: Json, kind: str, /, **fields: object) -> None:
        if channel["bot_is_member"]:
            self._send(kind, **{"channel": channel["id"], **fields})

    def _send(self, kind: str, /, **fields: object) -> None:
        self._workspace.to_bot(events.channel_event(kind, self._workspace.clock.next(), **fields))

    def _done(self) -> Json:
        self._workspace.hub.tell({"type": "installation"})  # the page loads its channels again
        return {"ok": True}


def _kind(channel: Json, what: str) -> str:
    """Slack calls private channels groups in its events."""
    return f"{'group' if channel.get('is_private') else 'channel'}_{what}"
