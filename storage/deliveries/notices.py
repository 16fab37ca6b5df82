"""Notices: what operators, or a channel, are told once, however often it happens or Slack tells of it."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new
from storage.deliveries import undelivered
from storage.tables.deliveries import Delivery, News, Notice

# What nobody could be told for so long is old news.
OLD_S = 7 * 86_400.0
DIRECT = "D"


class NothingGivenUpError(LookupError):
    """What was given up is already put back, or delivered."""

    def __init__(self) -> None:
        super().__init__("Nothing is given up there any more, so nothing was changed.")


def add(
    session: Session,
    team_id: str,
    news: News,
    channel_id: str,
    *key: str,
    about: dict[str, Any] | None = None,
) -> bool:
    """Have something told; False if that is so already. `key` tells it from other news of the channel."""
    id_ = hashlib.sha256("\n".join((team_id, news, channel_id, *key)).encode()).hexdigest()[:32]
    made = Notice(id=id_, team_id=team_id, news=news, channel_id=channel_id, about=about or {})
    return insert_if_new(session, made)


def add_given_up(session: Session, team_id: str, channel_id: str, reason: str) -> None:
    """Deliveries to a channel were given up for a reason; of all direct messages operators are told together."""
    place = DIRECT if channel_id.startswith(DIRECT) else channel_id
    forget_given_up(session, team_id, place, reason, time.time() - OLD_S)
    add(session, team_id, News.GIVEN_UP, place, reason, about={"reason": reason})


def forget_given_up(
    session: Session,
    team_id: str,
    channel_id: str | None = None,
    reason: str = "",
    before: float | None = None,
) -> None:
    """What was given up (before a moment) is tried again, or old: if it is refused again, that is news."""
    gone = delete(Notice).where(col(Notice.team_id) == team_id, col(Notice.news) == News.GIVEN_UP)
    if before is not None:
        gone = gone.where(col(Notice.made_at) < before)
    if channel_id is not None:
        found = select(Notice).where(
            Notice.team_id == team_id, Notice.news == News.GIVEN_UP, Notice.channel_id == channel_id
        )
        ids = [one.id for one in session.exec(found) if one.about.get("reason") == reason]
        gone = gone.where(col(Notice.id).in_(ids))
    session.connection().execute(gone)


def foreign(session: Session, team_id: str) -> Notice | None:
    """The notice that messages are in languages that the encoder does not know; None where there is none."""
    return session.exec(select(Notice).where(Notice.team_id == team_id, Notice.news == News.FOREIGN)).first()


def given_up(session: Session, team_id: str, notice_id: str) -> Notice:
    """Return the notice that something was given up. Raises NothingGivenUpError."""
    notice = session.get(Notice, notice_id)
    if notice is None or notice.team_id != team_id or notice.news is not News.GIVEN_UP:
        raise NothingGivenUpError
    return notice


def to_tell(session: Session, team_id: str) -> list[Notice]:
    """Return notices that nobody was told yet and that were not given up, oldest first."""
    waiting = select(Notice).where(
        Notice.team_id == team_id,
        col(Notice.told_at).is_(None),
        Notice.made_at > time.time() - OLD_S,
        undelivered.is_not_given_up(team_id, Delivery.NOTICE, col(Notice.id)),
    )
    return list(session.exec(waiting.order_by(col(Notice.made_at), col(Notice.id))))


def told(session: Session, notice_ids: list[str], at: float) -> None:
    """Note that these were told, or need not be; who did what is kept no longer than that."""
    for notice in session.exec(select(Notice).where(col(Notice.id).in_(notice_ids))):
        notice.told_at = at
        notice.about = {name: value for name, value in notice.about.items() if name != "by"}


def disown(session: Session, team_id: str, user_id: str) -> None:
    """What is not told yet names this user no more."""
    for notice in session.exec(select(Notice).where(Notice.team_id == team_id)):
        if notice.about.get("by") == user_id:
            notice.about = {name: value for name, value in notice.about.items() if name != "by"}


def redirect(session: Session, notice: Notice) -> None:
    """Have operators told instead of a channel that can't be."""
    about = {**notice.about, "is_for_operators": True}
    session.connection().execute(update(Notice).where(col(Notice.id) == notice.id).values(about=about))


def limited_minutes(session: Session, team_id: str) -> list[float]:
    """The minutes of the last OLD_S in which Slack withheld events (seconds since 1970), oldest first."""
    found = select(Notice).where(
        Notice.team_id == team_id, Notice.news == News.RATE_LIMITED, Notice.made_at > time.time() - OLD_S
    )
    return sorted(float(one.about["minute"]) for one in session.exec(found))


def told_of_limit_at(session: Session, team_id: str) -> float | None:
    """Return when operators last heard that Slack withheld events."""
    latest = select(func.max(Notice.told_at)).where(
        Notice.team_id == team_id, Notice.news == News.RATE_LIMITED
    )
    at: float | None = session.exec(latest).one()
    return at
