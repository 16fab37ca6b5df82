"""What an installation may do: the scope that each method and each event needs."""

from __future__ import annotations

from local.slack.wire.wire import Json, SlackError

# What the app of a workspace without installation pages has: all that this workspace knows.
EVERY = frozenset(
    {
        *("app_mentions:read", "chat:write", "commands", "files:write", "users:read"),
        *("channels:history", "channels:join", "channels:read", "groups:history", "groups:read"),
        *("im:history", "im:read", "im:write", "mpim:history", "mpim:read", "mpim:write"),
        *("reactions:read", "reactions:write"),
    }
)
OF_METHODS = {
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "reactions.add": "reactions:write",
    "reactions.remove": "reactions:write",
    "reactions.get": "reactions:read",
    "users.info": "users:read",
    "users.list": "users:read",
}
# These need one that depends on the kind of the channel.
OF_CHANNELS = {
    "conversations.info": "read",
    "conversations.members": "read",
    "conversations.history": "history",
    "conversations.replies": "history",
}
OF_EVENTS = {
    "app_mention": "app_mentions:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
}
KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


class MissingScopeError(SlackError):
    """The app lacks the scope for this."""

    def __init__(self, needed: str, granted: frozenset[str]) -> None:
        super().__init__("missing_scope")
        self._more = {"needed": needed, "provided": ",".join(sorted(granted))}

    def answer(self) -> Json:
        """Return the body that Slack answers with, at HTTP status 200."""
        return super().answer() | self._more


def kind_of(channel: Json) -> str:
    """A channel's kind, as the `channel_type` of events has it."""
    if channel["is_im"]:
        return "im"
    if channel.get("is_mpim"):
        return "mpim"
    return "group" if channel.get("is_private") else "channel"


def of_method(method: str, channel: Json | None) -> str | None:
    """The scope that a method needs, on a channel where it is given one; None if it needs none."""
    if method in OF_CHANNELS and channel is not None:
        return f"{KINDS[kind_of(channel)]}:{OF_CHANNELS[method]}"
    return OF_METHODS.get(method)


def of_event(event: Json) -> str | None:
    """The scope without which Slack does not send an event; None if it needs none."""
    if event.get("type") == "message":
        kind = KINDS.get(str(event.get("channel_type")))
        return f"{kind}:history" if kind else None
    return OF_EVENTS.get(str(event.get("type")))
