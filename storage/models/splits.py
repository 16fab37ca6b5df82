"""The split: which labelled messages are the holdout, for ever. The database itself refuses to move one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlalchemy import delete
from sqlmodel import Session, col, select

from storage.database.engine import insert_if_new
from storage.tables.messages import Message
from storage.tables.models import Lesson, Side, Split


def draw(message_id: str, share: float) -> Side:
    """The side of a message, by its id alone: a `share` of all messages is held out."""
    place = int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:8]) / 2**64
    return Side.HOLDOUT if place < share else Side.TRAINING


def keep(session: Session, team_id: str, sides: Mapping[str, Side]) -> None:
    """Note on which side messages are; one that has a side keeps it."""
    for message_id in sorted(sides):
        insert_if_new(session, Split(message_id=message_id, team_id=team_id, side=sides[message_id]))


def sides(session: Session, team_id: str) -> dict[str, Side]:
    """The side of each message that has one and is not erased."""
    standing = select(Split.message_id, Split.side).join(Message, col(Message.id) == Split.message_id)
    rows = session.exec(standing.where(Split.team_id == team_id, col(Message.erased_at).is_(None)))
    return {message_id: Side(side) for message_id, side in rows}


def held_out(session: Session, team_id: str) -> set[str]:
    """Ids of the messages that are held out."""
    return {one for one, side in sides(session, team_id).items() if side is Side.HOLDOUT}


def learn(session: Session, run_id: str, labels: Mapping[str, str]) -> None:
    """Note from which messages a run learns, and as which label id, in the place of what was noted before.

    Raises IntegrityError where one of them is held out, or has no side.
    """
    session.connection().execute(delete(Lesson).where(col(Lesson.run_id) == run_id))
    for message_id, label_id in labels.items():
        session.add(Lesson(run_id=run_id, message_id=message_id, side=Side.TRAINING, label_id=label_id))
    session.flush()


def lessons(session: Session, run_id: str) -> dict[str, str]:
    """For each message that a run learned from, the label id it learned."""
    rows = select(Lesson.message_id, Lesson.label_id).where(Lesson.run_id == run_id)
    return dict(session.exec(rows).all())
