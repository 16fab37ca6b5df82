"""Cards that Slack does not show yet as they should be: claimed by one courier at a time, kept until shown."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, case, col, func, select

from storage import corrections, predictions
from storage.tables import Card, Correction, Label, Message, Prediction

CLAIM_S = 40.0


@dataclass(frozen=True)
class Content:
    """Everything that a card shows, read at one moment; `wanted` says which state of the card this is."""

    wanted: int
    message: Message
    prediction: Prediction | None
    words: list[Correction]
    labels: dict[str, Label]


@dataclass(frozen=True)
class Claim:
    """A card that is ours to show for CLAIM_S seconds. `may_stand`: an earlier post may have reached Slack."""

    message_id: str
    channel_id: str
    thread_ts: str
    ts: str | None
    attempts: int
    may_stand: bool
    until: float


def claim(session: Session, team_id: str, most: int) -> list[Claim]:
    """Take up to `most` due cards, longest due first; nobody else gets them for CLAIM_S seconds.

    From here on a post of them may reach Slack whatever becomes of us, so that is noted in the same transaction.
    """
    now = time.time()
    due = select(Card).where(Card.team_id == team_id, Card.due, Card.due_at <= now, Card.claimed_until < now)
    taken = list(session.exec(due.order_by(col(Card.due_at)).limit(most).with_for_update(skip_locked=True)))
    claims = [
        Claim(
            card.message_id,
            card.channel_id,
            card.thread_ts,
            card.ts,
            card.attempts,
            card.attempted,
            now + CLAIM_S,
        )
        for card in taken
    ]
    for card in taken:
        card.claimed_until, card.attempted = now + CLAIM_S, True
    return claims


def next_due(session: Session, team_id: str) -> float | None:
    """When the next card is due or its claim ends; None where no card is."""
    due_at, claimed_until = col(Card.due_at), col(Card.claimed_until)
    free_at = case((due_at > claimed_until, due_at), else_=claimed_until)
    earliest: float | None = session.exec(
        select(func.min(free_at)).where(Card.team_id == team_id, Card.due)
    ).one()
    return earliest


def content(session: Session, message_id: str) -> Content:
    """What the card of a message should show now."""
    card = session.exec(select(Card).where(Card.message_id == message_id)).one()
    message = session.exec(select(Message).where(Message.id == message_id)).one()
    prediction = predictions.of_message(session, card.team_id, message_id)
    words = corrections.last_words(session, message_id)
    named = {word.label_id for word in words} | {label_id for label_id, _ in _ranked(prediction)}
    labels = session.exec(select(Label).where(Label.team_id == card.team_id, col(Label.id).in_(named)))
    return Content(card.wanted, message, prediction, words, {label.id: label for label in labels})


def _ranked(prediction: Prediction | None) -> list[list[Any]]:
    return prediction.ranked if prediction else []


def shown(session: Session, message_id: str, ts: str | None, wanted: int) -> bool:
    """Slack shows state `wanted` of the card, at `ts` (None where it is gone); is a newer state due already?"""
    card = _locked(session, message_id)
    card.ts, card.shown, card.attempts, card.claimed_until = ts, wanted, 0, 0.0
    card.due = card.shown < card.wanted
    return card.due


def postpone(session: Session, message_id: str, delay_s: float, may_stand: bool) -> None:
    """Try again in `delay_s` seconds; `may_stand` says whether a post may have reached Slack by now."""
    card = _locked(session, message_id)
    card.due_at, card.attempts, card.claimed_until = time.time() + delay_s, card.attempts + 1, 0.0
    card.attempted = may_stand


def give_up(session: Session, message_id: str, reason: str) -> None:
    """Slack will never show this; a later word on the message tries anew."""
    card = _locked(session, message_id)
    card.due, card.failed, card.claimed_until = False, reason, 0.0


def count_due(session: Session, team_id: str) -> int:
    """How many cards Slack does not show yet as they should be."""
    return session.exec(select(func.count()).select_from(Card).where(Card.team_id == team_id, Card.due)).one()


def failures(session: Session, team_id: str) -> dict[str, int]:
    """For each reason, how many cards Slack refused."""
    rows = select(Card.failed, func.count()).where(Card.team_id == team_id, col(Card.failed).is_not(None))
    return {reason: number for reason, number in session.exec(rows.group_by(col(Card.failed))) if reason}


def _locked(session: Session, message_id: str) -> Card:
    return session.exec(select(Card).where(Card.message_id == message_id).with_for_update()).one()
