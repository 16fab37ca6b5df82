"""Slack's nested JSON, opened here and nowhere else; it leaves as small frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# Everything else with a subtype is a join, an edit's echo, a topic, …: not something a person says.
SPOKEN = {None, "file_share", "me_message", "thread_broadcast"}


class PayloadError(ValueError):
    """Slack sent something that is not shaped as we know it."""


@dataclass(frozen=True)
class Said:
    """A person wrote something; `text` is Slack's mrkdwn."""

    team_id: str
    channel_id: str
    ts: str
    thread_ts: str | None
    user_id: str
    text: str
    is_direct: bool
    is_mention: bool

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(frozen=True)
class Deleted:
    """A message was deleted."""

    team_id: str
    channel_id: str
    ts: str


@dataclass(frozen=True)
class Edited:
    """A message says something else now: `said` is what it would have been, had it been written like this."""

    said: Said


@dataclass(frozen=True)
class Reacted:
    """A person put an emoji on a message, or took it back; `at` is Slack's time of it."""

    team_id: str
    channel_id: str
    ts: str
    user_id: str
    emoji: str
    at: float
    is_taken_back: bool


@dataclass(frozen=True)
class Click:
    """A person pressed one of our buttons."""

    team_id: str
    user_id: str
    value: str
    trigger_id: str


@dataclass(frozen=True)
class KeepClick:
    """A person confirmed that a channel keeps its messages for fewer days than before (None: for ever)."""

    channel_id: str
    user_id: str
    days: int
    before: int | None
    made_at: float


@dataclass(frozen=True)
class Actor:
    """A person who does something on purpose; `team_id`: where they belong, None where Slack does not say."""

    user_id: str
    team_id: str | None


@dataclass(frozen=True)
class Submission:
    """A person sent our modal: a label chosen, or a new one's name, or neither."""

    team_id: str
    user_id: str
    message_id: str
    label_id: str | None
    proposal: str


@dataclass(frozen=True)
class MessageShortcut:
    """A person chose one of our shortcuts on a message; `thread_ts` is that of the thread it is in or begins."""

    team_id: str
    channel_id: str
    user_id: str
    thread_ts: str


@dataclass(frozen=True)
class Pointed:
    """A person (`by`) chose a shortcut on a message, which `user` wrote, or an app."""

    channel_id: str
    ts: str
    thread_ts: str | None
    user: str | None
    is_by_app: bool
    text: str
    by: str
    trigger_id: str


@dataclass(frozen=True)
class EditSubmission:
    """A person sent the modal in which a summary is edited."""

    user_id: str
    summary_id: str
    text: str


@dataclass(frozen=True)
class Search:
    """A person types in our label menu."""

    team_id: str
    message_id: str
    words: str


@dataclass(frozen=True)
class Command:
    """A person typed our slash command."""

    team_id: str
    channel_id: str
    user_id: str
    words: tuple[str, ...]


def message_event(body: Json, bot_user_id: str) -> Said | Edited | Deleted | None:
    """What a `message` or `app_mention` event says; None where it is nothing that a person said to all.

    Raises PayloadError.
    """
    try:
        event = body["event"]
        team_id, channel_id = team_of(body), _text(event["channel"])
        deleted_ts = _deleted_ts(event)
        if deleted_ts:
            return Deleted(team_id, channel_id, deleted_ts)
        if body.get("is_ext_shared_channel"):
            return None
        direct = event.get("channel_type") == "im" or channel_id.startswith("D")
        if event.get("subtype") == "message_changed":
            edited = event["message"]
            said = _said(edited, team_id, channel_id, direct, bot_user_id) if edited.get("edited") else None
            return Edited(said) if said else None
        return _said(event, team_id, channel_id, direct, bot_user_id)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise PayloadError(f"not a message event: {type(error).__name__}") from error


def reaction_event(body: Json, bot_user_id: str) -> Reacted | None:
    """What a `reaction_added` or `reaction_removed` event says; None where it is no person's on a message.

    As a message's, a reaction's author may be of another organization where a channel is shared.

    Raises PayloadError.
    """
    try:
        event = body["event"]
        item = event["item"]
        if item["type"] != "message" or event["user"] == bot_user_id or body.get("is_ext_shared_channel"):
            return None
        return Reacted(
            team_of(body),
            _text(item["channel"]),
            _text(item["ts"]),
            _text(event["user"]),
            _text(event["reaction"]),
            float(event["event_ts"]),
            event["type"] == "reaction_removed",
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise PayloadError(f"not a reaction: {type(error).__name__}") from error


def _said(message: Json, team_id: str, channel_id: str, direct: bool, bot_user_id: str) -> Said | None:
    if message.get("subtype") not in SPOKEN or message.get("bot_id"):
        return None
    text = message.get("text") or ""
    return Said(
        team_id,
        channel_id,
        _text(message["ts"]),
        message.get("thread_ts"),
        _text(message["user"]),
        _text(text),
        direct,
        message["type"] == "app_mention" or f"<@{bot_user_id}>" in text,
    )


def _deleted_ts(event: Json) -> str | None:
    """The ts of the message that was deleted; Slack leaves a tombstone in the place of one with replies."""
    if event.get("subtype") == "message_deleted":
        return _text(event["deleted_ts"])
    if event.get("subtype") == "message_changed" and event["message"].get("subtype") == "tombstone":
        return _text(event["message"]["ts"])
    return None


def click(body: Json) -> Click:
    """A press of one of our buttons. Raises PayloadError."""
    try:
        [action] = body["actions"]
        return Click(team_of(body), body["user"]["id"], _text(action["value"]), body["trigger_id"])
    except (KeyError, TypeError, ValueError) as error:
        raise PayloadError(f"not a click on one of our buttons: {type(error).__name__}") from error


def channel_of_click(body: Json) -> str:
    """The channel in which a button was pressed. Raises PayloadError."""
    try:
        return _text(body["channel"]["id"])
    except (KeyError, TypeError) as error:
        raise PayloadError(f"not a click in a channel: {error!r}") from error


def keep_click(body: Json) -> KeepClick:
    """A press of the button that confirms how long messages are kept. Raises PayloadError."""
    pressed = click(body)
    try:
        days, before, made_at = pressed.value.split(":")
        channel_id = channel_of_click(body)
        return KeepClick(
            channel_id, pressed.user_id, int(days), int(before) if before else None, float(made_at)
        )
    except ValueError as error:
        raise PayloadError(f"not a confirmation of ours: {error!r}") from error


def actor(body: Json) -> Actor | None:
    """Who does something on purpose; None for events that only tell what happened, but for a look at our home."""
    event = body.get("event")
    if isinstance(event, dict):
        user = event.get("user") if event.get("type") == "app_home_opened" else None
        return Actor(user, None) if isinstance(user, str) else None
    user, team = body.get("user_id"), body.get("team_id")
    if not isinstance(user, str):
        user, team = _in(body, "user", "id"), _in(body, "user", "team_id")
    if not isinstance(user, str):
        return None
    return Actor(user, team if isinstance(team, str) else None)


def home_opened(body: Json) -> str | None:
    """Who looks at our home tab; None where it is another tab of ours. Raises PayloadError."""
    try:
        event = body["event"]
        return _text(event["user"]) if event.get("tab") == "home" else None
    except (KeyError, TypeError) as error:
        raise PayloadError(f"not a look at our home: {type(error).__name__}") from error


def reader(body: Json) -> str | None:
    """Who will read the answer; None for an event, but for the App Home's: those have no reader of their own."""
    event = body.get("event")
    if isinstance(event, dict):
        return event.get("user") if event.get("type") == "app_home_opened" else None
    found = body.get("user_id") or _in(body, "user", "id")
    return found if isinstance(found, str) else None


def clicker(body: Json) -> str:
    """Who pressed a button that has no value. Raises PayloadError."""
    try:
        return _text(body["user"]["id"])
    except (KeyError, TypeError) as error:
        raise PayloadError(f"not a click: {type(error).__name__}") from error


def submission(body: Json) -> Submission:
    """A correction modal that was sent. Raises PayloadError."""
    try:
        view = body["view"]
        fields = {
            action: state for block in view["state"]["values"].values() for action, state in block.items()
        }
        chosen = (fields.get("label") or {}).get("selected_option") or {}
        proposal = (fields.get("proposal") or {}).get("value") or ""
        who = team_of(body), body["user"]["id"]
        return Submission(*who, view["private_metadata"], chosen.get("value"), proposal)
    except (KeyError, TypeError, AttributeError) as error:
        raise PayloadError(f"not our correction modal: {type(error).__name__}") from error


def message_shortcut(body: Json) -> MessageShortcut:
    """A shortcut on a message. Raises PayloadError."""
    try:
        message = body["message"]
        where = team_of(body), body["channel"]["id"], body["user"]["id"]
        return MessageShortcut(*where, _text(message.get("thread_ts") or message["ts"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise PayloadError(f"not a shortcut on a message: {type(error).__name__}") from error


def pointed(body: Json) -> Pointed:
    """A shortcut on a message, with what it says. Raises PayloadError."""
    try:
        message = body["message"]
        return Pointed(
            body["channel"]["id"],
            _text(message["ts"]),
            message.get("thread_ts"),
            message.get("user"),
            "bot_id" in message or message.get("user") is None,
            _text(message.get("text") or ""),
            body["user"]["id"],
            body["trigger_id"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise PayloadError(f"not a shortcut on a message: {type(error).__name__}") from error


def edit_submission(body: Json) -> EditSubmission:
    """An edited summary that was sent. Raises PayloadError."""
    try:
        view = body["view"]
        [field] = [state for block in view["state"]["values"].values() for state in block.values()]
        return EditSubmission(body["user"]["id"], view["private_metadata"], field.get("value") or "")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PayloadError(f"not our modal for summaries: {type(error).__name__}") from error


def search(body: Json) -> Search:
    """What a person typed in the label menu. Raises PayloadError."""
    try:
        return Search(team_of(body), body["view"]["private_metadata"], _text(body.get("value") or ""))
    except (KeyError, TypeError) as error:
        raise PayloadError(f"not our label menu: {type(error).__name__}") from error


def command(body: Json) -> Command:
    """Our slash command. Raises PayloadError."""
    try:
        words = tuple((body.get("text") or "").lower().split())
        return Command(team_of(body), body["channel_id"], body["user_id"], words)
    except (KeyError, TypeError, AttributeError) as error:
        raise PayloadError(f"not a slash command: {type(error).__name__}") from error


def team_of(body: Json) -> str:
    """The workspace that something came from, where the app is installed. Raises PayloadError.

    With channels shared with another team, `team_id` of an event may be the other side's; where an organization
    installed the app, a click outside of any channel has no team but its user's.
    """
    for authorization in _authorizations(body):
        if authorization.get("team_id"):
            return _text(authorization["team_id"])
    known = (body.get("team_id"), _in(body, "team", "id"), _in(body, "user", "team_id"))
    found = next((one for one in known if one), None)
    if not isinstance(found, str):
        raise PayloadError("it names no team")
    return found


def enterprise_of(body: Json) -> str | None:
    """The organization that installed the app as a whole, where one did."""
    for authorization in _authorizations(body):
        return authorization.get("enterprise_id") if authorization.get("is_enterprise_install") else None
    if str(body.get("is_enterprise_install")).lower() != "true":
        return None
    found = body.get("enterprise_id") or _in(body, "enterprise", "id")
    return found if isinstance(found, str) else None


def removed_from(body: Json) -> tuple[str | None, str | None] | None:
    """The organization and the team whose token died by `app_uninstalled` or `tokens_revoked`.

    None where only people's own tokens did. Of an app that an organization installed the team is None.

    Raises PayloadError.
    """
    event = body.get("event")
    if not isinstance(event, dict):
        raise PayloadError("not an event")
    if event.get("type") == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
        return None
    organization = enterprise_of(body)
    if organization:
        return organization, None
    return body.get("enterprise_id") or None, team_of(body)


def withdrawn_from(body: Json) -> list[str]:
    """The teams in which an organization no longer allows the app, by `team_access_revoked`; none of other events.

    Raises PayloadError.
    """
    event = body.get("event")
    if not isinstance(event, dict) or event.get("type") != "team_access_revoked":
        return []
    teams = event.get("team_ids")
    if not isinstance(teams, list):
        raise PayloadError("it names no teams")
    return [_text(team) for team in teams]


def _authorizations(body: Json) -> list[Json]:
    found = body.get("authorizations") or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise PayloadError("it does not say in which team we may hear it")
    return found


def _in(body: Json, name: str, key: str) -> object:
    inner = body.get(name)
    return inner.get(key) if isinstance(inner, dict) else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {type(value).__name__}")
    return value
