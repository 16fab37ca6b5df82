"""Reactions and posts by apps that wait for Slack to say who their actor is: until then they count for nothing.

Whoever changes such an event and its message in one transaction takes the event first, so that none of two waits for
the other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, func, select

from storage.database import purging
from storage.database.engine import insert_if_new
from storage.tables.feedback import Label
from storage.tables.messages import Unattributed

_IS_POST = col(Unattributed.word).is_(None)


class Waiting(NamedTuple):
    """Count the posts and reactions of a user that wait."""

    posts: int
    reactions: int


def keep(session: Session, event: Unattributed) -> bool:
    """Store an event; False if it waits already."""
    return insert_if_new(session, event)


def next_due(session: Session, team_id: str) -> Unattributed | None:
    """Return the event about whose actor Slack is asked next."""
    chosen = select(Unattributed).where(Unattributed.team_id == team_id)
    return session.exec(chosen.order_by(col(Unattributed.due_at), col(Unattributed.id)).limit(1)).first()


def of_actor(session: Session, team_id: str, user_id: str) -> list[Unattributed]:
    """Return all that waits because of one actor, in the order in which it happened."""
    chosen = select(Unattributed).where(*_by(team_id, user_id))
    return list(session.exec(chosen.order_by(col(Unattributed.happened_at), col(Unattributed.id))))


def take(session: Session, event_id: str) -> Unattributed | None:
    """Return an event, which waits no more; None if it was erased, or another replica was quicker."""
    event = session.exec(select(Unattributed).where(Unattributed.id == event_id).with_for_update()).first()
    if event:
        session.delete(event)
        session.flush()
    return event


def postpone(session: Session, team_id: str, user_id: str, delay_s: float, attempts: int) -> None:
    """Ask about an actor again in `delay_s` seconds. `attempts`: how many this one used up."""
    later = {"due_at": time.time() + delay_s, "attempts": Unattributed.attempts + attempts}
    session.connection().execute(update(Unattributed).where(*_by(team_id, user_id)).values(later))


def give_up(session: Session, team_id: str, user_id: str, attempts: int) -> int:
    """Drop what an actor did if Slack was asked in vain so often; how much that was."""
    return _drop(session, *_by(team_id, user_id), col(Unattributed.attempts) >= attempts)


def reacted(session: Session, team_id: str, channel_id: str, ts: str, user_id: str) -> list[Label]:
    """Return the labels that an actor chose on a message by reactions that wait, retired ones too."""
    chosen = select(Unattributed.label_id).where(*_at(team_id, channel_id, ts), *_by(team_id, user_id))
    return list(session.exec(select(Label).where(col(Label.id).in_(chosen))))


# Posts, whose text is treated as that of messages


def rewrite(
    session: Session,
    team_id: str,
    channel_id: str,
    ts: str,
    text: str,
    edited_ts: str,
    is_mention: bool,
    is_left_alone: bool,
) -> bool:
    """Follow an edit of a post unless a newer one is known; False if no such post waits."""
    post = session.exec(
        select(Unattributed).where(*_at(team_id, channel_id, ts), _IS_POST).with_for_update()
    ).first()
    if post is None:
        return False
    if edited_ts and edited_ts <= post.edited_ts:
        return True
    post.edited_ts = edited_ts or post.edited_ts
    post.text, post.is_left_alone = text, is_left_alone
    post.is_mention = post.is_mention or is_mention
    purging.mark(session)
    return True


def posts(session: Session, team_id: str) -> list[Unattributed]:
    """Return all posts of a team that wait."""
    return list(session.exec(select(Unattributed).where(Unattributed.team_id == team_id, _IS_POST)))


def replace(session: Session, post: Unattributed, text: str) -> None:
    """Put another text in the place of a post's, unless it says something else by now."""
    same = col(Unattributed.id) == post.id, col(Unattributed.text) == post.text
    session.connection().execute(update(Unattributed).where(*same).values(text=text))
    purging.mark(session)


def erase(session: Session, team_id: str, channel_id: str, ts: str) -> bool:
    """Erase a post that was deleted in Slack; False if no such post waits."""
    return _drop(session, *_at(team_id, channel_id, ts), _IS_POST) > 0


def let_go(session: Session, team_id: str, channel_id: str, before: float) -> int:
    """Erase what waits of the messages of a channel that were written before a moment; how much that was."""
    of_channel = col(Unattributed.team_id) == team_id, col(Unattributed.channel_id) == channel_id
    return _drop(session, *of_channel, col(Unattributed.ts) < f"{before:.6f}")


def forget(session: Session, team_id: str, user_id: str) -> None:
    """Erase all that waits because of a user."""
    _drop(session, *_by(team_id, user_id))


def count(session: Session, team_id: str, user_id: str) -> Waiting:
    """Count what waits because of a user."""
    chosen = select(_IS_POST, func.count()).where(*_by(team_id, user_id)).group_by(_IS_POST)
    found = {bool(is_post): number for is_post, number in session.exec(chosen)}
    return Waiting(found.get(True, 0), found.get(False, 0))


def _drop(session: Session, *where: ColumnElement[bool]) -> int:
    # The column alone: SQLite 3.40 says in a RETURNING that NULL IS NULL is false.
    gone = delete(Unattributed).where(*where).returning(col(Unattributed.word))
    words = session.connection().execute(gone).scalars().all()
    if None in words:  # a post, which has a text
        purging.mark(session)
    return len(words)


def _by(team_id: str, user_id: str) -> Sequence[ColumnElement[bool]]:
    return col(Unattributed.team_id) == team_id, col(Unattributed.user_id) == user_id


def _at(team_id: str, channel_id: str, ts: str) -> Sequence[ColumnElement[bool]]:
    of_channel = col(Unattributed.team_id) == team_id, col(Unattributed.channel_id) == channel_id
    return *of_channel, col(Unattributed.ts) == ts
