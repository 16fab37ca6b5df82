"""What became of a channel, and why Slack refused what was owed to it, in words: for Slack, and for the terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bot.language.catalogues import N_, _, many
from bot.slack.mrkdwn import inert, moment
from storage.deliveries.undelivered import DIRECT, GivenUp
from storage.messages import channel_states
from storage.reports.overview import Overview
from storage.tables.deliveries import News, Notice
from storage.tables.messages import ChannelState, Mode

PROMISES = {
    Mode.ASK: N_("I ask here when I am not sure which label fits, and stay silent otherwise"),
    Mode.REPLY: N_("I answer every message here that a label fits, in its thread"),
    Mode.QUIET: N_(
        "I put the label's emoji on every message that a label fits; whoever reacts with another label's emoji "
        "corrects me, and taking the reaction away takes that back"
    ),
}
# Why nothing is posted in a channel.
CLOSED = {
    channel_states.ARCHIVED: N_("archived"),
    channel_states.DELETED: N_("deleted"),
    channel_states.REMOVED: N_("I was removed or can't see it; invite me to go on"),
    channel_states.SHARED: N_("shared with another organization, so I stay off"),
}
PRIVATE = N_("private")

# Why Slack refused something, and what to do. Groups of codes, since their remedies are few.
POSTING = N_("the channel's settings don't let me post. Allow apps to post there, then try again.")
REPLIES = N_("Slack allows no replies there. Allow them, or turn me off in this channel.")
THREAD = N_("the thread is locked. Unlock it, then try again.")
RIGHTS = N_("the app lacks a scope. Install it again from slack-manifest.yaml, then try again.")
ADMINISTRATORS = N_("administrators don't allow it. Ask them, then try again.")
MESSAGES_TAB = N_("the app's Messages tab is off. Turn it on in the app's settings at Slack, then try again.")
PERSON = N_("this user can't get messages from me. Nothing is left to do.")
LIMIT = N_("the workspace has reached Slack's limit of messages. Make room or upgrade, then try again.")
ABSENT = N_("I am not in this channel. Invite me, then try again.")
ARCHIVED = N_("the channel is archived. Unarchive it and invite me, then try again.")
GONE = N_("the channel was deleted. Nothing is left to do.")
SHARED = N_("the channel is shared with another organization. When that ends, try again.")
MESSAGE = N_("the message is gone or too old to change. Nothing is left to do.")
REACTIONS = N_("the message has as many reactions as Slack allows. Nothing is left to do.")
EMOJI = N_("the workspace has no such emoji. Give the label another one, then try again.")
OURS = N_(
    "Slack rejects what I sent, which is a fault of mine. Update me, then try again, and report it if it stays."
)
BROKEN = N_("I failed to build it. The log says why; update me, then try again.")
UNANSWERED = N_("Slack did not take it after several attempts. Try again later.")
WHY = {
    "access_denied": ADMINISTRATORS,
    "bad_timestamp": MESSAGE,
    "cannot_dm_bot": PERSON,
    "cannot_reply_to_message": REPLIES,
    "cant_delete_message": MESSAGE,
    "cant_update_message": MESSAGE,
    "channel_deleted": GONE,
    "channel_is_archived": ARCHIVED,
    "channel_not_found": ABSENT,
    "channel_shared": SHARED,
    "compliance_exports_prevent_deletion": ADMINISTRATORS,
    "edit_window_closed": MESSAGE,
    "ekm_access_denied": ADMINISTRATORS,
    "enterprise_is_restricted": ADMINISTRATORS,
    "invalid_name": EMOJI,
    "is_archived": ARCHIVED,
    "is_inactive": ARCHIVED,
    "message_limit_exceeded": LIMIT,
    "message_not_found": MESSAGE,
    "messages_tab_disabled": MESSAGES_TAB,
    "missing_scope": RIGHTS,
    "no_permission": POSTING,
    "not_allowed_token_type": RIGHTS,
    "not_in_channel": ABSENT,
    "not_reactable": MESSAGE,
    "posting_to_channel_denied": POSTING,
    "posting_to_general_channel_denied": POSTING,
    "restricted_action": POSTING,
    "restricted_action_non_threadable_channel": REPLIES,
    "restricted_action_read_only_channel": POSTING,
    "restricted_action_thread_locked": THREAD,
    "restricted_action_thread_only_channel": POSTING,
    "storage_limit_reached": LIMIT,
    "thread_locked": THREAD,
    "thread_not_found": MESSAGE,
    "too_many_emoji": REACTIONS,
    "too_many_reactions": REACTIONS,
    "user_disabled": PERSON,
    "user_is_bot": PERSON,
    "user_is_restricted": PERSON,
    "user_not_found": PERSON,
    "user_not_in_channel": N_("the user has left the channel. Nothing is left to do."),
    "user_not_visible": PERSON,
}


def why(reason: str) -> str:
    """Why something was given up and what to do, as the rest of a sentence. Not translated: use `_`."""
    known = WHY.get(reason)
    if known:
        return known
    if reason.startswith("failed: "):
        return BROKEN
    is_code = reason.islower() and " " not in reason
    return (
        OURS
        if is_code and reason.startswith(("invalid_", "missing_", "msg_", "metadata_", "no_", "too_many_"))
        else UNANSWERED
    )


def here(state: ChannelState, otherwise: str) -> str:
    """What the bot does in a channel: what people chose, unless the channel is closed to it."""
    closed = channel_states.closed(state)
    if closed is None:
        return otherwise
    return {
        channel_states.ARCHIVED: _("This channel is archived, so I do nothing here."),
        channel_states.DELETED: _("This channel was deleted."),
        channel_states.REMOVED: _("I am not in this channel any more. Invite me, and I go on as before."),
        channel_states.SHARED: _("This channel is shared with another organization, so I stay off here."),
    }[closed.reason]


def standing(state: ChannelState) -> str:
    """Return what became of a channel, as one line for Slack; empty if nothing did."""
    closed = channel_states.closed(state)
    told = [_(CLOSED[closed.reason])] if closed else []
    told += [_(PRIVATE)] if state.is_private else []
    return f"<#{state.channel_id}>: {', '.join(told)}" if told else ""


def place(channel_id: str) -> str:
    """A channel as Slack shows it to those who may see it."""
    return _("direct messages") if channel_id == DIRECT else f"<#{channel_id}>"


def given_up(one: GivenUp) -> str:
    """Return what was given up in a channel, as one line for Slack."""
    answers = many("{number} answer", "{number} answers", one.number)
    return _("Given up in {channel}: {answers}, because {why} (`{reason}`)").format(
        channel=place(one.channel_id), answers=answers, why=_(why(one.reason)), reason=inert(one.reason)
    )


def tried_again(one: GivenUp, by: str) -> str:
    """Return the text that replaces the note once an operator had it tried again."""
    answers = many("{number} answer", "{number} answers", one.number)
    return _("{person} had me try {answers} in {channel} again.").format(
        person=f"<@{by}>", answers=answers, channel=place(one.channel_id)
    )


def to_operators(notice: Notice) -> str:
    """Return what operators are told about a channel."""
    channel, by = f"<#{notice.channel_id}>", notice.about.get("by")
    match notice.news:
        case News.ARCHIVED:
            return _(
                "{channel} was archived, so I stopped there. To go on, unarchive it and invite me."
            ).format(channel=channel)
        case News.UNARCHIVED:
            told = _("{channel} is open again, but I am not in it. Invite me to go on as before.")
        case News.DELETED:
            told = _("{channel} was deleted, so I stopped there. What I learned from it stays.")
        case News.RENAMED:
            told = _("{channel} has a new name. I go on there as before.")
        case News.PRIVATE:
            told = _(
                "{channel} is private now. To go on there I need the scopes `groups:history` and `groups:read`, which "
                "slack-manifest.yaml has."
            )
        case News.PUBLIC:
            told = _("{channel} is public now: everyone in the workspace can read my answers there.")
        case News.SHARED:
            told = _(
                "{channel} is shared with another organization now, so I stay off there. I go on when that ends."
            )
        case News.BACK:
            told = _("I am back in {channel} and go on as before.")
        case _ if by:
            return _(
                "{person} removed me from {channel}, so I stopped there. Invite me to go on as before."
            ).format(person=f"<@{by}>", channel=channel)
        case _:
            told = _("I am no longer in {channel}, so I stopped there. Invite me to go on as before.")
    return told.format(channel=channel)


def to_channel(notice: Notice, mode: Mode) -> str:
    """Return what a channel is told about itself."""
    if notice.news is News.SHARED:
        return _(
            "This channel is shared with another organization now, so I stay off here: I read and keep nothing. "
            "I go on when that ends."
        )
    if mode is Mode.OFF:
        return _("I am back, and summarize here when somebody asks. `/corrigible summaries off` ends it.")
    return _("I am back. {what}. `/corrigible off` ends it.").format(what=_(PROMISES[mode]))


def limited(minutes: list[float]) -> str:
    """Say that Slack withheld events."""
    number = many("in {number} minute", "in {number} minutes", len(minutes))
    told = _(
        "Slack withheld events from me {minutes}, most recently {time}, because there were too many. Messages written "
        "then never reached me; turn me off in busy channels that don't need me."
    )
    return told.format(minutes=number, time=moment(minutes[-1]))


def rows(team: Overview) -> Iterator[tuple[str, str]]:
    """Name and value of each line at the terminal about what Slack refused or withheld."""
    for one in team.given_up:
        channel = "direct messages" if one.channel_id == DIRECT else team.name(one.channel_id)
        yield f"given up in {channel}", f"{one.number:,}, because {why(one.reason)} ({one.reason})"
    if team.given_up:
        yield "to try again", "`corrigible resend`"
    if team.limited_minutes:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(team.limited_minutes[-1]))
        number = len(team.limited_minutes)
        minutes = "1 minute" if number == 1 else f"{number} minutes"
        yield (
            "withheld by Slack",
            f"events of {minutes} in 7 days, most recently {at}: messages written then are lost to the bot. Turn it "
            "off in busy channels that don't need it.",
        )
