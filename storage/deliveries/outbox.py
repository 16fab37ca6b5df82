"""The transactional outbox: what Argilla has to hear of, kept until it was delivered or refused for good.

An entry says about which message there is news; what is delivered is the message's state at that time. So entries
of one message are delivered together, the last state last, and an entry delivered twice changes nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from storage.tables.annotation import Record
from storage.tables.deliveries import Kind, Outbox


@dataclass(frozen=True)
class Parcel:
    """Every entry of one message. `attempts`: how often delivering it failed so far; `is_edited`: Argilla may have an
    earlier text.
    """

    message_id: str
    entries: tuple[str, ...]
    attempts: int
    is_edited: bool = False


@dataclass(frozen=True)
class Backlog:
    """What is still to be delivered: how many messages, and since when the oldest waits (seconds since 1970)."""

    messages: int
    oldest: float | None


def append(session: Session, team_id: str, message_id: str, kind: Kind) -> None:
    """There is news of a message; it is delivered if, and only if, the transaction is committed."""
    session.add(Outbox(team_id=team_id, message_id=message_id, kind=kind))
    session.flush()


def knows(session: Session, message_id: str) -> bool:
    """Did Argilla hear of this message, or is it about to?"""
    entry = select(Outbox.id).where(Outbox.message_id == message_id).limit(1)
    record = select(Record.message_id).where(Record.message_id == message_id).limit(1)
    return session.exec(entry).first() is not None or session.exec(record).first() is not None


def due(session: Session, team_id: str, most: int) -> list[Parcel]:
    """Up to `most` parcels that are due, longest due first.

    Found by what is undelivered, never by "later than the last one": transactions are committed out of order.
    """
    first = func.min(Outbox.due_at)
    messages = (
        select(Outbox.message_id)
        .where(Outbox.team_id == team_id, col(Outbox.refused).is_(None), Outbox.due_at <= time.time())
        .group_by(Outbox.message_id)
        .order_by(first, Outbox.message_id)
        .limit(most)
    )
    parcels: dict[str, list[Outbox]] = {message_id: [] for message_id in session.exec(messages)}
    for entry in session.exec(select(Outbox).where(col(Outbox.message_id).in_(list(parcels)))):
        parcels[entry.message_id].append(entry)
    return [
        Parcel(
            message_id,
            tuple(entry.id for entry in entries),
            max((entry.attempts for entry in entries), default=0),
            any(entry.kind is Kind.EDIT for entry in entries),
        )
        for message_id, entries in parcels.items()
    ]


def next_due(session: Session, team_id: str) -> float | None:
    """When the next parcel is due; None where nothing waits."""
    waiting = select(func.min(Outbox.due_at)).where(Outbox.team_id == team_id, col(Outbox.refused).is_(None))
    earliest: float | None = session.exec(waiting).one()
    return earliest


def delivered(session: Session, parcel: Parcel) -> None:
    """Argilla has all of this; entries appended meanwhile stay."""
    session.connection().execute(delete(Outbox).where(col(Outbox.id).in_(parcel.entries)))


def postpone(session: Session, parcel: Parcel, delay_s: float) -> None:
    """Try again in `delay_s` seconds."""
    later = {"due_at": time.time() + delay_s, "attempts": parcel.attempts + 1}
    session.connection().execute(update(Outbox).where(col(Outbox.id).in_(parcel.entries)).values(later))


def hold(session: Session, parcels: Sequence[Parcel], delay_s: float) -> None:
    """Look at these again in `delay_s` seconds; that nobody tried to deliver them is no fault of theirs."""
    entries = [entry for parcel in parcels for entry in parcel.entries]
    later = {"due_at": time.time() + delay_s}
    session.connection().execute(update(Outbox).where(col(Outbox.id).in_(entries)).values(later))


def refuse(session: Session, parcel: Parcel, reason: str) -> None:
    """Argilla will never take this (dead letter); it is tried anew with the next news of the message."""
    session.connection().execute(
        update(Outbox).where(col(Outbox.id).in_(parcel.entries)).values(refused=reason)
    )


def retry_refused(session: Session, team_id: str) -> int:
    """Try the dead letters again; how many messages they are about."""
    messages = sum(refusals(session, team_id).values())
    anew = {"refused": None, "due_at": time.time(), "attempts": 0}
    refused = update(Outbox).where(col(Outbox.team_id) == team_id, col(Outbox.refused).is_not(None))
    session.connection().execute(refused.values(anew))
    return messages


def backlog(session: Session, team_id: str) -> Backlog:
    """What is still to be delivered."""
    waiting = select(func.count(func.distinct(Outbox.message_id)), func.min(Outbox.created_at))
    row = session.exec(waiting.where(Outbox.team_id == team_id, col(Outbox.refused).is_(None))).one()
    return Backlog(*row)


def refusals(session: Session, team_id: str) -> dict[str, int]:
    """For each reason, how many messages Argilla refused."""
    rows = select(Outbox.message_id, Outbox.refused).where(
        Outbox.team_id == team_id, col(Outbox.refused).is_not(None)
    )
    return dict(Counter(reason for _, reason in set(session.exec(rows)) if reason))
