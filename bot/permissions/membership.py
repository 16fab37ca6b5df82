"""Who decides for a channel: its members, where the bot is one too, and operators."""

from __future__ import annotations

from collections.abc import Iterator

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.language.catalogues import N_
from bot.permissions.operations import NotAnOperatorError, Operations
from bot.slack.payloads import Json

PAGE = 999
NOT_HERE = N_("I am not in this channel yet. Invite me (`/invite @corrigible`), then try again.")
JOINING = {
    "not_in_channel": NOT_HERE,
    "channel_not_found": N_("I can't see this channel. Invite me (`/invite @corrigible`), then try again."),
}


class NotHereError(PermissionError):
    """The bot is not in the channel."""

    def __init__(self, reason: str) -> None:
        super().__init__(JOINING[reason])


class NotAMemberError(PermissionError):
    """Somebody who is not in the channel wants to decide for it."""

    def __init__(self) -> None:
        super().__init__(
            N_("Only members of this channel and operators can do this. Join it, then try again.")
        )


class UnknownChannelError(RuntimeError):
    """Slack does not say who is in the channel."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Slack would not tell me about this channel ({reason}), so I changed nothing.")
        self.reason = reason


class LackingScopeError(PermissionError):
    """The installation lacks a scope that this needs."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"The app lacks the scope {scope}.")
        self.scope = scope


FAULTS = (NotHereError, NotAMemberError, UnknownChannelError, LackingScopeError)


class Membership:
    """Asks Slack each time: people come and go."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def check(self, client: WebClient, channel_id: str, user_id: str) -> None:
        """May a person decide for a channel? A direct message is their own. Raises one of FAULTS."""
        if channel_id.startswith("D") or self._is_operator(user_id):
            return
        joined(client, channel_id)
        if user_id not in _members(client, channel_id):
            raise NotAMemberError

    def _is_operator(self, user_id: str) -> bool:
        try:
            self._operations.check(user_id)
        except NotAnOperatorError:
            return False
        return True


def joined(client: WebClient, channel_id: str) -> Json:
    """A channel that the bot is in, as Slack shows it. Raises NotHereError, UnknownChannelError."""
    try:
        channel: Json = client.conversations_info(channel=channel_id)["channel"]
    except SlackApiError as error:
        raise _fault(error) from None
    if not channel.get("is_member"):
        raise NotHereError("not_in_channel")
    return channel


def _members(client: WebClient, channel_id: str) -> Iterator[str]:
    try:
        yield from everybody(client, channel_id)
    except SlackApiError as error:
        raise _fault(error) from None


def everybody(client: WebClient, channel_id: str) -> Iterator[str]:
    """Yield the users in a channel. Raises SlackApiError."""
    cursor: str | None = None
    while True:
        page = client.conversations_members(channel=channel_id, limit=PAGE, cursor=cursor)
        yield from page["members"]
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


def _fault(error: SlackApiError) -> NotHereError | UnknownChannelError | LackingScopeError:
    reason = str(error.response.get("error", "no answer"))
    if reason == "missing_scope":
        return LackingScopeError(str(error.response.get("needed") or "channels:read"))
    return NotHereError(reason) if reason in JOINING else UnknownChannelError(reason)
