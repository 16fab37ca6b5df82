"""Cards that Slack does not show yet as they should be: claimed by one courier at a time, kept until shown."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import Session, case, col, func, select

from storage.tables import Card

CLAIM_S = 40.0


@dataclass(frozen=True)
class Claim:
    """A card that is ours to show for CLAIM_S seconds. `may_stand`: Slack may show something that we don't know of."""

    message_id: str
    channel_id: str
    thread_ts: str
    ts: str | None
    reaction: str
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
            card.reaction,
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


def want(session: Session, message_id: str) -> None:
    """Something that the card of this message shows has changed: it is due, also where Slack refused it before."""
    changes = {"wanted": Card.wanted + 1, "due": True, "due_at": time.time(), "failed": None}
    session.connection().execute(update(Card).where(col(Card.message_id) == message_id).values(changes))


def shown(session: Session, message_id: str, ts: str | None, reaction: str, wanted: int) -> bool:
    """Slack shows state `wanted`: a card at `ts` (None: there is none) or a reaction; is a newer one due already?"""
    card = _locked(session, message_id)
    card.ts, card.reaction, card.attempted = ts, reaction, False
    card.shown, card.attempts, card.claimed_until = wanted, 0, 0.0
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
