"""Messages on which champion and challenger disagree: what each said, and what people said since."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new
from storage.deliveries import cards
from storage.models import predictions
from storage.tables.messages import Message, Mode
from storage.tables.models import Dispute, Phase, Run


@dataclass(frozen=True)
class DuelTally:
    """How often people said that the challenger was right, that the champion was, and how often they were asked."""

    won: int
    lost: int
    asked: int


def note(session: Session, dispute: Dispute) -> bool:
    """Keep a dispute; False where it is known."""
    return insert_if_new(session, dispute)


def unasked(session: Session, run_id: str, since: float) -> list[Dispute]:
    """Disputes about which nobody was asked, of messages since `since`, newest first."""
    chosen = (
        select(Dispute)
        .join(Message, col(Message.id) == Dispute.message_id)
        .where(
            Dispute.run_id == run_id,
            col(Dispute.asked_at).is_(None),
            col(Message.erased_at).is_(None),
            Message.mode != Mode.OFF,
            Message.received_at > since,
        )
    )
    return list(session.exec(chosen.order_by(col(Message.received_at).desc())))


def asked_since(session: Session, team_id: str, since: float) -> int:
    """About how many messages people were asked since then."""
    return session.exec(
        select(func.count())
        .select_from(Dispute)
        .where(Dispute.team_id == team_id, col(Dispute.asked_at) > since)
    ).one()


def ask(session: Session, dispute: Dispute) -> None:
    """Ask people in Slack which of the two labels is right: the message's card becomes that question."""
    standing = session.get(Dispute, (dispute.run_id, dispute.message_id))
    message = session.get(Message, dispute.message_id)
    if standing is None or message is None or message.erased_at:
        return
    standing.asked_at = time.time()
    predictions.show(session, [message])
    cards.want(session, message.id)


def forget(session: Session, message_id: str) -> None:
    """The message says something else now: what two models said of it is of no use."""
    session.connection().execute(delete(Dispute).where(col(Dispute.message_id) == message_id))


def choices(session: Session, message_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By message, the two labels of which people were asked to take one, in the latest duel that still goes on."""
    asked = (
        select(Dispute.message_id, Dispute.champion_label, Dispute.challenger_label)
        .join(Run, col(Run.id) == Dispute.run_id)
        .where(
            col(Dispute.message_id).in_(message_ids),
            col(Dispute.asked_at).is_not(None),
            Run.phase == Phase.SHADOW,
        )
    )
    rows = session.exec(asked.order_by(col(Dispute.created_at)))
    return {message_id: (champion, challenger) for message_id, champion, challenger in rows}


def of_run(session: Session, run_id: str) -> list[Dispute]:
    """Every dispute of a run about a message that is not erased."""
    standing = select(Dispute).join(Message, col(Message.id) == Dispute.message_id)
    return list(session.exec(standing.where(Dispute.run_id == run_id, col(Message.erased_at).is_(None))))


def tally(disputes: list[Dispute], labels: dict[str, str]) -> DuelTally:
    """Who was right where `labels` (label id by message) knows it; elsewhere nobody is counted."""
    settled = [one for one in disputes if one.message_id in labels]
    won = sum(labels[one.message_id] == one.challenger_label for one in settled)
    lost = sum(labels[one.message_id] == one.champion_label for one in settled)
    return DuelTally(won, lost, len(settled))


def close(session: Session, run_id: str) -> None:
    """A duel has ended: cards that ask about it go back to what they showed."""
    asked = select(Dispute.message_id).where(Dispute.run_id == run_id, col(Dispute.asked_at).is_not(None))
    for message_id in session.exec(asked).all():
        cards.want(session, message_id)
