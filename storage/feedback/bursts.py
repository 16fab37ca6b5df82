"""Bursts: corrections of one user that look wrong. They are held back until an operator keeps or discards them."""

from __future__ import annotations

import time
from collections.abc import Set
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, update
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new
from storage.deliveries import cards, outbox, undelivered
from storage.feedback import questions
from storage.tables.deliveries import Delivery, Kind
from storage.tables.feedback import Burst, Correction, Fate, Label, Word
from storage.tables.messages import Message
from storage.tables.models import Prediction

# While a burst waits to be looked at, what its user says joins it if no more than this lies between.
JOINS_S = 86_400.0
_NEVER_HELD = (Word.WITHDRAWN, Word.UNDONE, Word.IMPORTED)


class BurstNotFoundError(LookupError):
    """A team has no such burst."""

    def __init__(self) -> None:
        super().__init__("These corrections are not held back any more, so nothing was changed.")


class BurstDecidedError(ValueError):
    """Somebody has decided already."""

    def __init__(self) -> None:
        super().__init__("Another operator has decided about these corrections already.")


@dataclass(frozen=True)
class BurstExample:
    """A correction of a burst: its message, and the names of the labels that the user and the bot said."""

    message: Message
    said: str
    predicted: str | None


def join(session: Session, correction: Correction) -> None:
    """Hold a new correction back if a burst of its user waits to be looked at. Nobody is kept from taking one back."""
    if correction.word in _NEVER_HELD:
        return
    waiting = select(Burst).where(
        Burst.team_id == correction.team_id,
        Burst.user_id == correction.user_id,
        Burst.fate == Fate.OPEN,
        Burst.ended > correction.created_at - JOINS_S,
    )
    burst = session.exec(waiting.with_for_update()).first()
    if burst:
        correction.burst_id, correction.is_held = burst.id, True
        burst.corrections += 1
        burst.ended = max(burst.ended, correction.created_at)


def flag(session: Session, burst: Burst) -> int:
    """Hold back what its user said since the burst began; how many corrections, 0 if another replica has done so."""
    standing = select(Burst.id).where(
        Burst.team_id == burst.team_id,
        Burst.user_id == burst.user_id,
        Burst.fate == Fate.OPEN,
        Burst.ended > burst.ended - JOINS_S,  # what came more than a day later did not join it
    )
    if session.exec(standing).first() or not insert_if_new(session, burst):
        return 0
    return _hold(session, burst.id)


def is_any_late(session: Session, team_id: str) -> bool:
    """Did somebody say something while their burst was being found?"""
    late = select(Correction.id).join(Burst, _is_late()).where(Burst.team_id == team_id)
    return session.exec(late.limit(1)).first() is not None


def hold_late_ones(session: Session, team_id: str) -> None:
    """Hold that back as well."""
    late = select(Burst.id).join(Correction, _is_late()).where(Burst.team_id == team_id)
    for burst_id in session.exec(late.distinct()).all():
        _hold(session, burst_id)


def _is_late() -> ColumnElement[bool]:
    return and_(
        col(Burst.team_id) == col(Correction.team_id),
        col(Burst.user_id) == col(Correction.user_id),
        col(Burst.fate) == Fate.OPEN,
        col(Correction.created_at) >= col(Burst.began),
        col(Correction.created_at) < col(Burst.ended) + JOINS_S,
        col(Correction.burst_id).is_(None),
        col(Correction.word).not_in(_NEVER_HELD),
    )


def _hold(session: Session, burst_id: str) -> int:
    late = select(Correction.id, Correction.message_id).join(Burst, _is_late()).where(Burst.id == burst_id)
    found = session.exec(late).all()
    for start in range(0, len(found), 500):  # databases bound how many parameters one statement takes
        some = col(Correction.id).in_([correction_id for correction_id, _ in found[start : start + 500]])
        held = update(Correction).where(some).values(burst_id=burst_id, is_held=True)
        session.connection().execute(held)
    counted = select(func.count(), func.max(Correction.created_at)).where(Correction.burst_id == burst_id)
    number, ended = session.exec(counted).one()
    of_burst = update(Burst).where(col(Burst.id) == burst_id)
    session.connection().execute(of_burst.values(corrections=number, ended=func.coalesce(ended, Burst.ended)))
    _follow(session, {message_id for _, message_id in found})
    return len(found)


def decide(session: Session, team_id: str, burst_id: str, fate: Fate, by: str) -> Burst:
    """An operator keeps a burst, or discards it. Raises BurstNotFoundError, BurstDecidedError."""
    chosen = select(Burst).where(Burst.id == burst_id, Burst.team_id == team_id)
    burst = session.exec(chosen.with_for_update()).first()
    if burst is None:
        raise BurstNotFoundError
    if burst.fate is not Fate.OPEN:
        raise BurstDecidedError
    burst.fate, burst.decided_by, burst.decided_at = fate, by, time.time()
    if fate is Fate.KEPT:
        of_burst = update(Correction).where(col(Correction.burst_id) == burst_id)
        session.connection().execute(of_burst.values(is_held=False))
    spoken_of = set(session.exec(select(Correction.message_id).where(Correction.burst_id == burst_id)))
    if fate is Fate.KEPT:
        counting = select(Correction.message_id).where(
            Correction.burst_id == burst_id, col(Correction.aside).is_(None)
        )
        _ask_reviewers(session, team_id, set(session.exec(counting)))
    _follow(session, spoken_of)
    return burst


def _ask_reviewers(session: Session, team_id: str, message_ids: Set[str]) -> None:
    """As about every correction that counts."""
    for message_id in sorted(message_ids):
        questions.ask_about_correction(session, team_id, message_id)
        if not outbox.knows(session, message_id):
            outbox.append(session, team_id, message_id, Kind.CORRECTION)


def _follow(session: Session, message_ids: Set[str]) -> None:
    """Cards and Argilla show what counts now."""
    for message_id in sorted(message_ids):  # in one order: none of two transactions waits for the other
        cards.want(session, message_id)
        if outbox.knows(session, message_id):
            message = session.get_one(Message, message_id)
            outbox.append(session, message.team_id, message_id, Kind.CORRECTION)


def waiting(session: Session, team_id: str, most: int) -> list[Burst]:
    """The bursts that an operator has yet to look at, latest first."""
    chosen = select(Burst).where(Burst.team_id == team_id, Burst.fate == Fate.OPEN)
    return list(session.exec(chosen.order_by(col(Burst.flagged_at).desc(), col(Burst.id)).limit(most)))


def count_waiting(session: Session, team_id: str) -> int:
    """How many bursts an operator has yet to look at."""
    chosen = select(func.count()).select_from(Burst)
    return session.exec(chosen.where(Burst.team_id == team_id, Burst.fate == Fate.OPEN)).one()


def kept(session: Session, team_id: str, since: float) -> set[str]:
    """Users of whom an operator kept a burst since a moment."""
    chosen = select(Burst.user_id).where(
        Burst.team_id == team_id, Burst.fate == Fate.KEPT, col(Burst.decided_at) > since
    )
    return set(session.exec(chosen))


def to_tell(session: Session, team_id: str) -> Burst | None:
    """The first burst of which the operators' channel has not heard."""
    is_wanted = undelivered.is_not_given_up(team_id, Delivery.BURST, col(Burst.id))
    chosen = select(Burst).where(
        Burst.team_id == team_id, Burst.fate == Fate.OPEN, col(Burst.told_at).is_(None), is_wanted
    )
    return session.exec(chosen.order_by(col(Burst.flagged_at), col(Burst.id))).first()


def told(session: Session, burst_id: str, at: float) -> None:
    """The operators' channel has heard of it."""
    session.connection().execute(update(Burst).where(col(Burst.id) == burst_id).values(told_at=at))


def examples(session: Session, burst_id: str, most: int) -> list[BurstExample]:
    """The first corrections of a burst whose messages are not erased."""
    predicted = aliased(Label)
    chosen = (
        columns(Message, col(Label.name), col(predicted.name))
        .join(Correction, col(Correction.message_id) == col(Message.id))
        .join(Label, col(Label.id) == col(Correction.label_id))
        .outerjoin(Prediction, col(Prediction.message_id) == col(Message.id))
        .outerjoin(predicted, col(predicted.id) == col(Prediction.label_id))
        .where(
            col(Correction.burst_id) == burst_id,
            col(Correction.aside).is_(None),  # else it is of another text
            col(Message.erased_at).is_(None),
        )
        .order_by(col(Correction.created_at), col(Correction.id))
    )
    return [BurstExample(*row) for row in session.execute(chosen.limit(most))]
