"""What became of the channels in which the bot is on: archived, shared, renamed, gone, and back again."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import Session, col, select

from storage.database.engine import insert_if_new
from storage.deliveries import cards, notices
from storage.summaries import summaries
from storage.tables.deliveries import News
from storage.tables.messages import Channel, ChannelState, Mode
from storage.tables.summaries import SummaryConsent

# Why nothing is posted in a channel: Slack's own words where it has some.
DELETED, REMOVED, ARCHIVED, SHARED = "channel_deleted", "not_in_channel", "is_archived", "channel_shared"
# Slack's answers to a post that say as much of the channel as an event does.
TELLING = {"is_archived": News.ARCHIVED, "not_in_channel": News.REMOVED, "channel_not_found": News.REMOVED}


@dataclass(frozen=True)
class ChannelChange:
    """What Slack says has happened to a channel, and when (seconds since 1970). `by`: who did it, if known."""

    channel_id: str
    news: News
    at: float
    name: str = ""
    by: str = ""


@dataclass(frozen=True)
class Seen:
    """A channel as Slack shows it now."""

    name: str
    is_private: bool
    is_archived: bool
    is_shared: bool
    is_member: bool


@dataclass(frozen=True)
class Closed:
    """Why nothing is posted in a channel, and since when."""

    reason: str
    since: float


def closed(state: ChannelState) -> Closed | None:
    """Return why nothing is posted in a channel; None if it is open."""
    found = (
        (DELETED, state.deleted_at),
        (ARCHIVED, state.archived_at),
        (REMOVED, state.left_at),
        (SHARED, state.shared_at),
    )
    return next((Closed(reason, since) for reason, since in found if since is not None), None)


def get(session: Session, team_id: str, channel_id: str) -> ChannelState | None:
    """Return what is known of a channel, or None."""
    return session.get(ChannelState, (team_id, channel_id))


def every(session: Session, team_id: str) -> dict[str, ChannelState]:
    """Return what is known of a team's channels, by id."""
    known = select(ChannelState).where(ChannelState.team_id == team_id)
    return {state.channel_id: state for state in session.exec(known)}


def all_closed(session: Session, team_id: str) -> dict[str, Closed]:
    """Return the channels in which nothing is posted, by id, and why."""
    found = {channel_id: closed(state) for channel_id, state in every(session, team_id).items()}
    return {channel_id: why for channel_id, why in found.items() if why}


def in_use(session: Session, team_id: str) -> set[str]:
    """Return the channels in which something is on."""
    on = select(Channel.channel_id).where(Channel.team_id == team_id, Channel.mode != Mode.OFF)
    agreed = select(SummaryConsent.channel_id).where(SummaryConsent.team_id == team_id, SummaryConsent.is_on)
    return {*session.exec(on), *session.exec(agreed)}


def change(session: Session, team_id: str, change: ChannelChange, also: Collection[str] = ()) -> bool:
    """Note what has happened to a channel, and have it told once; False if that is known, or no concern of ours.

    `also`: channels that concern us although nobody turned anything on there.
    """
    if change.channel_id not in {*in_use(session, team_id), *also}:
        return False
    state = _state(session, team_id, change.channel_id)
    before = state.name
    if not _apply(state, change):
        return False
    state.asked_at = 0.0  # Slack's events come out of order: what it says when asked counts
    session.flush()
    if change.news in (News.UNARCHIVED, News.BACK):  # what is told is what Slack says when asked
        return True
    _tell(session, team_id, change, before)
    why = closed(state)
    if why:
        stop(session, team_id, change.channel_id, why.reason)
    return True


def stop(session: Session, team_id: str, channel_id: str, reason: str) -> None:
    """Give up all that waits to be posted in a channel."""
    cards.give_up_channel(session, team_id, channel_id, reason)
    summaries.give_up_channel(session, team_id, channel_id, reason)


def _state(session: Session, team_id: str, channel_id: str) -> ChannelState:
    insert_if_new(session, ChannelState(team_id=team_id, channel_id=channel_id))
    of_key = select(ChannelState).where(
        ChannelState.team_id == team_id, ChannelState.channel_id == channel_id
    )
    return session.exec(of_key.with_for_update()).one()


def _apply(state: ChannelState, change: ChannelChange) -> bool:
    """Let a state follow; is it another one now?"""
    match change.news:
        case News.ARCHIVED if state.archived_at is None:
            state.archived_at = change.at
        case News.SHARED if state.shared_at is None:
            state.shared_at = change.at
        case News.DELETED if state.deleted_at is None:
            state.deleted_at = change.at
        case News.REMOVED if state.left_at is None:
            state.left_at = change.at
        case News.RENAMED if state.name != change.name:
            state.name = change.name
        case News.PRIVATE if not state.is_private:
            state.is_private = True
        case News.PUBLIC if state.is_private:
            state.is_private = False
        case News.UNARCHIVED | News.BACK:
            return _return(state)
        case _:
            return False
    return True


def _return(state: ChannelState) -> bool:
    """It was unarchived, is not shared any more, or the bot was invited: whether it is open now, Slack has to say."""
    if closed(state) is None:
        return False
    state.is_returning, state.asked_at = True, 0.0
    return True


def _tell(session: Session, team_id: str, change: ChannelChange, before: str) -> None:
    about = {"name": change.name, "before": before, "by": change.by}
    notices.add(session, team_id, change.news, change.channel_id, f"{change.at:.6f}", about=about)


# What Slack says when asked


def to_ask(
    session: Session, team_id: str, before: float, before_closed: float, also: Collection[str] = ()
) -> str | None:
    """A channel that Slack was not asked about since a moment, another one for those that are closed; None if none."""
    known = every(session, team_id)
    concerned = sorted({*in_use(session, team_id), *also})
    asked_at = {one: known[one].asked_at if one in known else 0.0 for one in concerned}
    shut = {one for one, state in known.items() if closed(state)}
    old = [one for one in concerned if asked_at[one] <= (before_closed if one in shut else before)]
    old = [one for one in old if one not in known or known[one].deleted_at is None]
    return min(old, key=lambda one: asked_at[one], default=None)


def learn(session: Session, team_id: str, channel_id: str, seen: Seen | None) -> bool:
    """Note what Slack says of a channel when asked, and have told what is news; is there any?

    `seen`: None if Slack shows us no such channel.
    """
    now, state = time.time(), _state(session, team_id, channel_id)
    is_first, before = not state.name, state.name
    was_returning, was = state.is_returning, closed(state)
    news: list[News] = _differences(state, seen)
    for one in news:
        _apply(state, ChannelChange(channel_id, one, now, seen.name if seen else ""))
    _reopen(state, seen)
    state.asked_at, state.is_returning = now, False
    session.flush()
    if is_first:  # nobody has to hear how things have always been
        news = [one for one in news if one not in (News.RENAMED, News.PRIVATE, News.PUBLIC)]
    why = closed(state)
    if why is None and (was or was_returning):
        news.append(News.BACK)
    elif why and why.reason == REMOVED and was and was.reason == ARCHIVED:
        news = [*(one for one in news if one != News.REMOVED), News.UNARCHIVED]
    for one in news:
        _tell(session, team_id, ChannelChange(channel_id, one, now, state.name), before)
    if why and news:
        stop(session, team_id, channel_id, why.reason)
    return bool(news)


def _differences(state: ChannelState, seen: Seen | None) -> list[News]:
    """Return the changes that nobody has told us yet."""
    if seen is None:
        return [News.REMOVED] if closed(state) is None else []
    found = [
        (News.ARCHIVED, seen.is_archived and state.archived_at is None),
        (News.REMOVED, not seen.is_member and not seen.is_archived and state.left_at is None),
        (News.SHARED, seen.is_shared and state.shared_at is None),
        (News.RENAMED, seen.name != state.name),
        (News.PRIVATE, seen.is_private and not state.is_private),
        (News.PUBLIC, state.is_private and not seen.is_private),
    ]
    return [news for news, is_so in found if is_so]


def _reopen(state: ChannelState, seen: Seen | None) -> None:
    if seen is None:
        return
    state.archived_at = state.archived_at if seen.is_archived else None
    state.shared_at = state.shared_at if seen.is_shared else None
    state.left_at = None if seen.is_member else state.left_at
    if not seen.is_member and not seen.is_archived and state.left_at is None:
        state.left_at = time.time()


def see(session: Session, team_id: str, channel_id: str, seen: Seen) -> None:
    """Note what Slack says about a channel, without telling anybody."""
    state, now = _state(session, team_id, channel_id), time.time()
    state.name, state.is_private, state.is_returning, state.asked_at = seen.name, seen.is_private, False, now
    state.archived_at = (state.archived_at or now) if seen.is_archived else None
    state.shared_at = (state.shared_at or now) if seen.is_shared else None
    state.left_at = None if seen.is_member else (state.left_at or now)
    state.deleted_at = None


def asked(session: Session, team_id: str, channel_id: str) -> None:
    """Note that Slack told nothing, so that it is not asked again soon."""
    _state(session, team_id, channel_id).asked_at = time.time()


def look_again(session: Session, team_id: str, channel_id: str) -> None:
    """Have Slack asked about a channel in which something happened that should not have."""
    old = update(ChannelState).where(
        col(ChannelState.team_id) == team_id, col(ChannelState.channel_id) == channel_id
    )
    session.connection().execute(old.values(asked_at=0.0))
