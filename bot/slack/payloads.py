"""Slack's nested JSON, opened here and nowhere else; it leaves as small frozen records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.slack.message_words import wording
from bot.slack.shapes import (
    KEEP,
    NUMBER,
    OUR_ID,
    SLACK_ID,
    TARGET,
    TARGET_OR_NONE,
    TRIGGER,
    TS,
    URL,
    VALUE,
    Json,
    PayloadError,
    at,
    like,
    like_or_none,
    part,
    parts,
    text,
    text_or_none,
    whole,
)
from learning.data.label_file import NAME_MOST
from learning.text.names import visible
from storage.messages.channel_states import ChannelChange
from storage.tables.deliveries import News

__all__ = ["Json", "PayloadError"]  # this module is where others find both

# Everything else with a subtype is a join, an edit's echo, a topic, …: not something a person says.
SPOKEN = {None, "file_share", "me_message", "message_share", "thread_broadcast"}
# What workflows post, and what apps of old did.
BY_APP = "bot_message"
# Who writes reminders, and what Slack itself has to say.
SLACKBOT = "USLACKBOT"

# Events that tell what becomes of a channel. Some come as messages in it, by their subtype.
OF_CHANNELS = {
    "channel_archive": News.ARCHIVED,
    "channel_convert_to_private": News.PRIVATE,
    "channel_convert_to_public": News.PUBLIC,
    "channel_deleted": News.DELETED,
    "channel_left": News.REMOVED,
    "channel_rename": News.RENAMED,
    "channel_shared": News.SHARED,
    "channel_unarchive": News.UNARCHIVED,
    "channel_unshared": News.BACK,
    "group_archive": News.ARCHIVED,
    "group_deleted": News.DELETED,
    "group_left": News.REMOVED,
    "group_rename": News.RENAMED,
    "group_unarchive": News.UNARCHIVED,
    "member_joined_channel": News.BACK,
    "member_left_channel": News.REMOVED,
}
AS_MESSAGES = {
    "channel_archive": News.ARCHIVED,
    "channel_convert_to_private": News.PRIVATE,
    "channel_convert_to_public": News.PUBLIC,
    "channel_unarchive": News.UNARCHIVED,
    "group_archive": News.ARCHIVED,
    "group_unarchive": News.UNARCHIVED,
}

# What Bolt reads of each sort of request, before anything of ours does. A command has no type.
COMMAND = None
BOLT_READS: dict[object, tuple[tuple[str, ...], ...]] = {
    COMMAND: (("command",),),
    "app_rate_limited": (),
    "event_callback": (("event", "type"),),
    "block_suggestion": (("action_id",),),
    "message_action": (("callback_id",),),
    "shortcut": (("callback_id",),),
    "url_verification": (("challenge",),),
    "view_closed": (("view", "callback_id"), ("view", "type")),
    "view_submission": (("view", "callback_id"), ("view", "type")),
    "block_actions": (),
}


@dataclass(frozen=True)
class MessagePosted:
    """A person wrote something; `text` is Slack's mrkdwn. `edited_ts`: which of the text's edits this is, "" for none;
    a later one has a greater one.
    """

    team_id: str
    channel_id: str
    ts: str
    thread_ts: str | None
    user_id: str
    text: str
    is_direct: bool
    is_mention: bool
    # The id of the app that posted it; that is `user_id` too if it did so in nobody's name.
    app: str | None = None
    edited_ts: str = ""

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(frozen=True)
class Deleted:
    """A message was deleted; `is_addressed`: it was for us, in a direct message or by a mention."""

    team_id: str
    channel_id: str
    ts: str
    is_addressed: bool = False


@dataclass(frozen=True)
class Edited:
    """A message says something else now: `said` is what it would have been, had it been written like this."""

    said: MessagePosted


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
    """A person pressed one of our buttons; `at`: Slack's time of it. In a modal, `view_id` is Slack's name for that.

    `is_ephemeral`: the button is on a message that this user alone sees.
    """

    team_id: str
    user_id: str
    value: str
    trigger_id: str
    at: str = ""
    view_id: str | None = None
    is_ephemeral: bool = False

    @property
    def once(self) -> str:
        """The same if Slack tells of this press again, and another for each other press."""
        return f"{self.trigger_id} {self.at}"

    @property
    def number(self) -> int:
        """The number of the version that the button is about. Raises PayloadError."""
        if not NUMBER.fullmatch(self.value):
            raise PayloadError("the button's value is not a number")
        return int(self.value)


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
class ButtonTarget:
    """What a button or a modal of ours is about: a message, what it meant as it was shown, and perhaps a label."""

    message_id: str
    meaning: int
    label_id: str = ""

    def __str__(self) -> str:
        parts = [self.message_id, self.label_id, str(self.meaning) if self.meaning else ""]
        return ":".join(parts).rstrip(":")


def target(value: str) -> ButtonTarget:
    """Read what `str(ButtonTarget(...))` wrote. Raises PayloadError."""
    found = TARGET.fullmatch(value)
    if not found:
        raise PayloadError("the value is none that our buttons and modals carry")
    message_id, label_id, meaning = found.groups()
    return ButtonTarget(message_id, int(meaning or 0), label_id or "")


@dataclass(frozen=True)
class ModalSubmission:
    """A person sent our modal: a label chosen, or a new one's name, or neither. `once`: as of a click, if known."""

    team_id: str
    user_id: str
    of: ButtonTarget
    label_id: str | None
    proposal: str
    once: str = ""


@dataclass(frozen=True)
class MessageShortcut:
    """A person chose one of our shortcuts on a message; `thread_ts` is that of the thread it is in or begins."""

    team_id: str
    channel_id: str
    user_id: str
    thread_ts: str


@dataclass(frozen=True)
class Pointed:
    """A person (`by`) chose a shortcut on a message, which `user` wrote, or an `app` (None if it was none)."""

    channel_id: str
    ts: str
    thread_ts: str | None
    user: str | None
    app: str | None
    text: str
    by: str
    trigger_id: str


@dataclass(frozen=True)
class EditSubmission:
    """A person sent the modal in which a summary is edited. `mark`: of the text it showed; `once`: as of a click."""

    user_id: str
    summary_id: str
    text: str
    mark: str = ""
    once: str = ""


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


def admitted(body: object) -> Json:
    """Return a request's body with its texts cleaned, if Bolt can tell what it is for. Raises PayloadError."""
    found = whole(body)
    kind = found.get("type")
    if not (kind is None or isinstance(kind, str)) or kind not in BOLT_READS:
        raise PayloadError("it is of an unknown type")
    for path in BOLT_READS[kind]:
        text(found, *path)
    for name in ("event", "view"):
        if name in found:
            part(found, name)
    if kind == "block_actions":
        for action in parts(found, "actions") or [{}]:
            text(action, "action_id")
    is_answered = kind in (COMMAND, "message_action") or (kind == "block_actions" and "view" not in found)
    (like if is_answered else like_or_none)(URL, found, "response_url")
    return found


def message_event(body: Json, bot_user_id: str) -> MessagePosted | Edited | Deleted | None:
    """What a `message` or `app_mention` event says; None where it is nothing that a person said to all.

    Raises PayloadError.
    """
    event = part(body, "event")
    team_id, channel_id = team_of(body), like(SLACK_ID, event, "channel")
    direct = _is_direct(event, channel_id)
    deleted_ts = _deleted_ts(event)
    if deleted_ts:
        before = at(event, "previous_message", "text")
        is_mention = isinstance(before, str) and mentions(before, bot_user_id)
        return Deleted(team_id, channel_id, deleted_ts, direct or is_mention)
    if body.get("is_ext_shared_channel"):
        return None
    if event.get("subtype") == "message_changed":
        return _edited(event, part(event, "message"), body, bot_user_id)
    if event.get("type") == "app_mention" and event.get("edited"):  # it mentions us since then
        return _edited(event, event, body, bot_user_id)
    if _is_ours(event, body, bot_user_id):
        return None
    return _said(event, team_id, channel_id, direct, bot_user_id)


def _edited(event: Json, message: Json, body: Json, bot_user_id: str) -> Edited | None:
    """Edits are ordered by Slack's time of them, of whole seconds, and within one by that of the event."""
    if not message.get("edited") or _is_ours(message, body, bot_user_id):
        return None
    channel_id = like(SLACK_ID, event, "channel")
    said = _said(message, team_of(body), channel_id, _is_direct(event, channel_id), bot_user_id)
    if said is None:
        return None
    told = like_or_none(TS, event, "event_ts") or like_or_none(TS, event, "ts") or ""
    return Edited(replace(said, edited_ts=f"{said.edited_ts or told} {told}".strip()))


def _is_direct(event: Json, channel_id: str) -> bool:
    return event.get("channel_type") == "im" or channel_id.startswith("D")


def channel_event(body: Json, bot_user_id: str) -> ChannelChange | None:
    """What became of a channel, by one of OF_CHANNELS or a message; None where it is nothing of the kind.

    Raises PayloadError.
    """
    event = part(body, "event")
    kind = text(event, "type")
    known, name_of = (
        (AS_MESSAGES, text_or_none(event, "subtype")) if kind == "message" else (OF_CHANNELS, kind)
    )
    news = known.get(name_of or "")
    if news is None or (kind.startswith("member_") and event.get("user") != bot_user_id):
        return None
    if kind == "channel_unshared" and event.get("is_ext_shared"):
        return None  # another organization is still there
    is_rename = news is News.RENAMED
    channel_id = like(SLACK_ID, event, "channel", "id") if is_rename else like(SLACK_ID, event, "channel")
    name = visible(text(event, "channel", "name")) if is_rename else ""
    by = like_or_none(SLACK_ID, event, "actor_id") or like_or_none(SLACK_ID, event, "user") or ""
    return ChannelChange(
        channel_id, news, _at(body, event), name[:NAME_MOST], "" if by == bot_user_id else by
    )


def rate_limited_minute(body: Json) -> float | None:
    """The minute (seconds since 1970) of which Slack withheld events; None of anything else. Raises PayloadError."""
    if body.get("type") != "app_rate_limited":
        return None
    minute = body.get("minute_rate_limited")
    if isinstance(minute, bool) or not isinstance(minute, int) or not 0 <= minute < 10**10:
        raise PayloadError("minute_rate_limited is no time")
    return float(minute)


def _at(body: Json, event: Json) -> float:
    """When an event happened."""
    known = like_or_none(TS, event, "event_ts")
    if known:
        return float(known)
    told = body.get("event_time")
    is_time = isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 10**10
    return float(told) if isinstance(told, int) and is_time else 0.0


def reaction_event(body: Json, bot_user_id: str) -> Reacted | None:
    """What a `reaction_added` or `reaction_removed` event says; None where it is no person's on a message.

    As a message's, a reaction's author may be of another organization where a channel is shared.

    Raises PayloadError.
    """
    event = part(body, "event")
    user_id = like(SLACK_ID, event, "user")
    if (
        text(event, "item", "type") != "message"
        or user_id in (bot_user_id, SLACKBOT)
        or body.get("is_ext_shared_channel")
    ):
        return None
    return Reacted(
        team_of(body),
        like(SLACK_ID, event, "item", "channel"),
        like(TS, event, "item", "ts"),
        user_id,
        text(event, "reaction"),
        float(like(TS, event, "event_ts")),
        event["type"] == "reaction_removed",
    )


def _said(
    message: Json, team_id: str, channel_id: str, direct: bool, bot_user_id: str
) -> MessagePosted | None:
    subtype, app = text_or_none(message, "subtype"), _app_of(message)
    if message.get("user") == SLACKBOT or (subtype not in SPOKEN and not (subtype == BY_APP and app)):
        return None
    if subtype == BY_APP and _in(message, "bot_profile", "is_workflow_bot") is False:
        return None
    is_workflows = message.get("workflow_id") or _in(message, "bot_profile", "is_workflow_bot")
    is_nobodys = app and (is_workflows or message.get("user") is None)
    words = wording(message)
    return MessagePosted(
        team_id,
        channel_id,
        like(TS, message, "ts"),
        like_or_none(TS, message, "thread_ts"),
        str(app) if is_nobodys else like(SLACK_ID, message, "user"),
        words.whole,
        direct,
        text(message, "type") == "app_mention" or mentions(words.own, bot_user_id),
        app,
        like_or_none(TS, message, "edited", "ts") or "",
    )


def _app_of(message: Json) -> str | None:
    """The id of the app that posted a message, as its bot or in the name of a user; None if no app did."""
    known = (message.get("bot_id"), _in(message, "bot_profile", "id"), message.get("app_id"))
    found = next((one for one in known if one), None)
    return None if found is None else like(SLACK_ID, {"bot_id": found}, "bot_id")


def mentions(text: str, user_id: str) -> bool:
    """Return whether a text mentions a user: `<@U123>`, or `<@U123|name>`."""
    return f"<@{user_id}>" in text or f"<@{user_id}|" in text


def _is_ours(message: Json, body: Json, bot_user_id: str) -> bool:
    """Did our own app post it, as itself or in the name of a user?"""
    ours = body.get("api_app_id")
    return message.get("user") == bot_user_id or (ours is not None and message.get("app_id") == ours)


def _deleted_ts(event: Json) -> str | None:
    """The ts of the message that was deleted; Slack leaves a tombstone in the place of one with replies."""
    if event.get("subtype") == "message_deleted":
        return like(TS, event, "deleted_ts")
    if event.get("subtype") == "message_changed" and at(event, "message", "subtype") == "tombstone":
        return like(TS, event, "message", "ts")
    return None


def click(body: Json) -> Click:
    """A press of one of our buttons. Raises PayloadError."""
    actions = parts(body, "actions")
    if len(actions) != 1:
        raise PayloadError("it is not one action")
    return Click(
        team_of(body),
        clicker(body),
        like(VALUE, actions[0], "value"),
        like(TRIGGER, body, "trigger_id"),
        like_or_none(TS, actions[0], "action_ts") or "",
        like_or_none(SLACK_ID, body, "view", "id"),
        _in(body, "container", "is_ephemeral") is True,
    )


def channel_of_click(body: Json) -> str:
    """The channel in which a button was pressed. Raises PayloadError."""
    return like(SLACK_ID, body, "channel", "id")


def keep_click(body: Json) -> KeepClick:
    """A press of the button that confirms how long messages are kept. Raises PayloadError."""
    pressed = click(body)
    said = KEEP.fullmatch(pressed.value)
    if not said:
        raise PayloadError("the button's value is no confirmation of ours")
    days, before, made_at = said.groups()
    return KeepClick(
        channel_of_click(body), pressed.user_id, int(days), int(before) if before else None, float(made_at)
    )


def actor(body: Json) -> Actor | None:
    """Who does something on purpose; None for events, which tell what happened."""
    user_id = reader(body)
    if user_id is None or isinstance(body.get("event"), dict):
        return None
    team = body.get("team_id") if body.get("user_id") else _in(body, "user", "team_id")
    return Actor(user_id, team if isinstance(team, str) else None)


def home_opened(body: Json) -> str | None:
    """Who looks at our home tab; None where it is another tab of ours. Raises PayloadError."""
    event = part(body, "event")
    return like(SLACK_ID, event, "user") if event.get("tab") == "home" else None


def reader(body: Json) -> str | None:
    """Who will read the answer; None for an event, but for the App Home's: those have no reader of their own."""
    event = body.get("event")
    if isinstance(event, dict):
        found = event.get("user") if event.get("type") == "app_home_opened" else None
    else:
        found = body.get("user_id") or _in(body, "user", "id")
    return found if isinstance(found, str) and SLACK_ID.fullmatch(found) else None


def clicker(body: Json) -> str:
    """Who pressed a button. Raises PayloadError."""
    return like(SLACK_ID, body, "user", "id")


def trigger(body: Json) -> str:
    """What a click entitles us to open a modal by. Raises PayloadError."""
    return like(TRIGGER, body, "trigger_id")


def submission(body: Json) -> ModalSubmission:
    """A correction modal that was sent. Raises PayloadError."""
    view = part(body, "view")
    states = {action: state for _, action, state in fields(view)}
    proposal = text_or_none(states.get("proposal"), "value") or ""
    if len(" ".join(proposal.split())) > NAME_MOST:
        raise PayloadError("the proposal is longer than its field lets anybody write")
    return ModalSubmission(
        team_of(body),
        clicker(body),
        target(like(TARGET, view, "private_metadata")),
        like_or_none(OUR_ID, states.get("label"), "selected_option", "value"),
        proposal,
        like_or_none(SLACK_ID, view, "id") or "",
    )


def fields(view: Json) -> Iterator[tuple[str, str, Json]]:
    """Block, action and state of each field of a modal; an empty state for one that has none. Raises PayloadError."""
    for block, held in part(view, "state", "values").items():
        for action, state in part(
            {"field": held}, "field"
        ).items():  # its name is none of ours: it is not quoted
            yield block, action, {} if state is None else part({"state": state}, "state")


def message_shortcut(body: Json) -> MessageShortcut:
    """A shortcut on a message. Raises PayloadError."""
    message = part(body, "message")
    return MessageShortcut(
        team_of(body),
        like(SLACK_ID, body, "channel", "id"),
        clicker(body),
        like_or_none(TS, message, "thread_ts") or like(TS, message, "ts"),
    )


def pointed(body: Json) -> Pointed:
    """A shortcut on a message, with what it says. Raises PayloadError."""
    message = part(body, "message")
    user = like_or_none(SLACK_ID, message, "user")
    app = _app_of(message)
    return Pointed(
        like(SLACK_ID, body, "channel", "id"),
        like(TS, message, "ts"),
        like_or_none(TS, message, "thread_ts"),
        user,
        app or (SLACKBOT if user in (None, SLACKBOT) else None),
        wording(message).whole,
        clicker(body),
        like(TRIGGER, body, "trigger_id"),
    )


def edit_submission(body: Json) -> EditSubmission:
    """An edited summary that was sent. Raises PayloadError."""
    view = part(body, "view")
    states = [state for _block, _action, state in fields(view)]
    if len(states) != 1:
        raise PayloadError("it is not the one field of our modal for summaries")
    words = text_or_none(states[0], "value") or ""
    summary_id, _sign, mark = like(VALUE, view, "private_metadata").partition(":")
    if not OUR_ID.fullmatch(summary_id):
        raise PayloadError("private_metadata names no summary")
    once = like_or_none(SLACK_ID, view, "id") or ""
    return EditSubmission(clicker(body), summary_id, words, mark, once)


def search(body: Json) -> Search:
    """What a person typed in the label menu. Raises PayloadError."""
    metadata = like(TARGET_OR_NONE, body, "view", "private_metadata")
    return Search(team_of(body), metadata, text_or_none(body, "value") or "")


def command(body: Json) -> Command:
    """Our slash command. Raises PayloadError."""
    words = tuple((text_or_none(body, "text") or "").lower().split())
    return Command(team_of(body), like(SLACK_ID, body, "channel_id"), like(SLACK_ID, body, "user_id"), words)


def team_of(body: Json) -> str:
    """The workspace that something came from, where the app is installed. Raises PayloadError.

    With channels shared with another team, `team_id` of an event may be the other side's; where an organization
    installed the app, a click outside of any channel has no team but its user's.
    """
    for authorization in _authorizations(body):
        if authorization.get("team_id"):
            return like(SLACK_ID, authorization, "team_id")
    known = (body.get("team_id"), _in(body, "team", "id"), _in(body, "user", "team_id"))
    found = next((one for one in known if one), None)
    if not isinstance(found, str) or not SLACK_ID.fullmatch(found):
        raise PayloadError("it names no team")
    return found


def enterprise_of(body: Json) -> str | None:
    """The organization that installed the app as a whole, where one did. Raises PayloadError."""
    for authorization in _authorizations(body):
        if not authorization.get("is_enterprise_install"):
            return None
        return like_or_none(SLACK_ID, authorization, "enterprise_id")
    if body.get("is_enterprise_install") not in (True, "true"):
        return None
    return like_or_none(SLACK_ID, body, "enterprise_id") or like_or_none(SLACK_ID, body, "enterprise", "id")


def removed_from(body: Json) -> tuple[str | None, str | None] | None:
    """The organization and the team whose token died by `app_uninstalled` or `tokens_revoked`.

    None where only people's own tokens did. Of an app that an organization installed the team is None.

    Raises PayloadError.
    """
    event = part(body, "event")
    if event.get("type") == "tokens_revoked" and not at(event, "tokens", "bot"):
        return None
    organization = enterprise_of(body)
    if organization:
        return organization, None
    return like_or_none(SLACK_ID, body, "enterprise_id"), team_of(body)


def withdrawn_from(body: Json) -> list[str]:
    """The teams in which an organization no longer allows the app, by `team_access_revoked`; none of other events.

    Raises PayloadError.
    """
    event = body.get("event")
    if not isinstance(event, dict) or event.get("type") != "team_access_revoked":
        return []
    teams = event.get("team_ids")
    if not isinstance(teams, list) or not teams:
        raise PayloadError("it names no teams")
    return [like(SLACK_ID, {"team": team}, "team") for team in teams]


def _authorizations(body: Json) -> list[Json]:
    if not body.get("authorizations"):
        return []
    return parts(body, "authorizations")


def _in(body: Json, name: str, key: str) -> object:
    inner = body.get(name)
    return inner.get(key) if isinstance(inner, dict) else None
