"""Responses that were submitted by accident: set aside, so that nothing is learned from them, and asked again."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, union_all, update
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from storage.tables.annotation import Record
from storage.tables.feedback import AccidentalResponse, Answer, Status
from storage.tables.messages import Message


@dataclass(frozen=True)
class Moment:
    """When a reviewer responded, and with what: a label id, or None if they discarded the record."""

    response_id: str
    reviewer: str
    at: float
    label_id: str | None


@dataclass(frozen=True)
class Slips:
    """How many responses were accidental, how many of them are asked again, and how many were answered since."""

    found: int
    asked: int
    answered: int


def moments(session: Session, team_id: str, since: float, until: float) -> list[Moment]:
    """When reviewers of a team responded between two moments, as far as it is stored, accidental responses too."""
    given = columns(
        col(Answer.response_id), col(Answer.reviewer), col(Answer.answered_at), col(Answer.label_id)
    ).where(
        col(Answer.team_id) == team_id, col(Answer.answered_at).between(since, until), ~col(Answer.is_brought)
    )
    slipped = columns(
        col(AccidentalResponse.response_id),
        col(AccidentalResponse.reviewer),
        col(AccidentalResponse.answered_at),
        col(AccidentalResponse.label_id),
    ).where(
        col(AccidentalResponse.team_id) == team_id,
        col(AccidentalResponse.answered_at).between(since, until),
    )
    rows: Any = session.connection().execute(union_all(given, slipped))
    return [Moment(response_id, reviewer, at, label_id) for response_id, reviewer, at, label_id in rows]


def of_dataset(session: Session, dataset_id: str) -> dict[str, float]:
    """When each response of a dataset that was accidental was given, by its id."""
    rows = select(AccidentalResponse.response_id, AccidentalResponse.answered_at)
    return dict(session.exec(rows.where(AccidentalResponse.dataset_id == dataset_id)).all())


def keep(session: Session, found: Sequence[AccidentalResponse]) -> None:
    """Set these aside; one that is known as it is stays."""
    for one in found:
        known = session.get(AccidentalResponse, one.response_id)
        if known is None or known.answered_at != one.answered_at:
            session.merge(one)
    session.flush()


def forget(session: Session, response_ids: Collection[str]) -> None:
    """Forget these, because their reviewer has responded on purpose since."""
    gone = delete(AccidentalResponse).where(col(AccidentalResponse.response_id).in_(response_ids))
    session.connection().execute(gone)


def due(session: Session, dataset_id: str, most: int) -> list[tuple[AccidentalResponse, str]]:
    """Accidental responses of a dataset that are to be asked again, each with Argilla's id of its record.

    No reviewer is asked again about a record twice.
    """
    earlier = aliased(AccidentalResponse)
    was_asked = exists().where(
        col(earlier.message_id) == col(AccidentalResponse.message_id),
        col(earlier.round) == col(AccidentalResponse.round),
        col(earlier.reviewer) == col(AccidentalResponse.reviewer),
        col(earlier.asked_at).is_not(None),
    )
    chosen = (
        select(AccidentalResponse, Record.record_id)
        .join(
            Record,
            (col(Record.message_id) == AccidentalResponse.message_id)
            & (col(Record.dataset_id) == AccidentalResponse.dataset_id)
            & (col(Record.round) == AccidentalResponse.round),
        )
        .join(Message, col(Message.id) == AccidentalResponse.message_id)
        .where(
            AccidentalResponse.dataset_id == dataset_id,
            col(AccidentalResponse.asked_at).is_(None),
            col(Record.record_id).is_not(None),
            col(Message.erased_at).is_(None),
            ~was_asked,
        )
        .order_by(col(AccidentalResponse.answered_at), AccidentalResponse.response_id)
    )
    found: dict[tuple[str, int, str], tuple[AccidentalResponse, str]] = {}
    for one, record_id in session.exec(chosen.limit(most)):
        found[one.message_id, one.round, one.reviewer] = one, str(record_id)
    return list(found.values())


def asked_again(session: Session, response_ids: Collection[str]) -> None:
    """Note that these are deleted in Argilla, so their records are pending again."""
    told = update(AccidentalResponse).where(col(AccidentalResponse.response_id).in_(response_ids))
    session.connection().execute(told.values(asked_at=time.time()))


def left_behind(session: Session, former: str) -> None:
    """Note that all accidental responses of a dataset that reviewers left are asked again."""
    waiting = update(AccidentalResponse).where(
        col(AccidentalResponse.dataset_id) == former, col(AccidentalResponse.asked_at).is_(None)
    )
    session.connection().execute(waiting.values(asked_at=time.time()))


def count(session: Session, team_id: str) -> Slips:
    """Count a team's accidental responses, and what became of them."""
    ours = AccidentalResponse.team_id == team_id
    found, asked = session.exec(
        select(func.count(), func.count(col(AccidentalResponse.asked_at))).where(ours)
    ).one()
    since = exists().where(
        col(Answer.message_id) == AccidentalResponse.message_id,
        col(Answer.reviewer) == AccidentalResponse.reviewer,
        col(Answer.answered_at) > AccidentalResponse.answered_at,
    )
    answered = select(func.count()).select_from(AccidentalResponse)
    asked_about = ours, col(AccidentalResponse.asked_at).is_not(None)
    return Slips(found, asked, session.exec(answered.where(*asked_about, since)).one())


def count_bulk(session: Session, team_id: str) -> int:
    """Count a team's messages with a response that was submitted in bulk."""
    marked = select(func.count(func.distinct(Answer.message_id))).where(
        Answer.team_id == team_id,
        col(Answer.is_bulk),
        col(Answer.aside).is_(None),
        Answer.status == Status.SUBMITTED,
    )
    return session.exec(marked).one()
