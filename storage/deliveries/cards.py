"""Cards that Slack does not show yet as they should be: claimed by one courier at a time, kept until shown."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import and_, update
from sqlmodel import Session, case, col, func, select

from storage.deliveries import pacing as pacings
from storage.deliveries.pacing import Pace
from storage.tables.deliveries import Card
from storage.tables.messages import Lane, Message

CLAIM_S = 40.0
# Of so many answers that have to wait for their turn a channel should know.
BEHIND_AT = 30
_IS_NEW = and_(col(Card.ts).is_(None), col(Card.reaction) == "")


@dataclass(frozen=True)
class CardClaim:
    """A card that is ours to show for CLAIM_S seconds. `may_stand`: Slack may show something that we don't know of.

    `is_urgent`: a person waits for it, because they asked, or clicked.
    """

    message_id: str
    channel_id: str
    thread_ts: str
    ts: str | None
    reaction: str
    attempts: int
    may_stand: bool
    until: float
    is_urgent: bool = False


@dataclass(frozen=True)
class Behind:
    """A channel in which so many answers wait for their turn."""

    channel_id: str
    waiting: int


@dataclass(frozen=True)
class Handout:
    """What a courier may show now, and the channels that should hear that the rest comes later."""

    claims: list[CardClaim]
    behind: list[Behind]


def claim(session: Session, team_id: str, most: int, pace: Pace, most_heard: int | None = None) -> Handout:
    """Take up to `most` due cards; nobody else gets them for CLAIM_S seconds.

    First come answers that somebody asked for, then cards that stand already, longest due first: somebody clicked.
    Then, up to `most_heard`, answers to what was heard in channels. New ones are posted as the pace of their channel
    allows, longest due first; newest first where more than BEHIND_AT wait, since who wrote last is still there to read.
    From here on a post of them may reach Slack whatever becomes of us, so that is noted in the same transaction.
    """
    now = time.time()
    due = _due(session, team_id, now)
    urgent, _ = _take_new(session, team_id, Lane.ASKED, due, most, pace, now)
    if any(not one.is_new for one in due):
        of_team = Card.team_id == team_id, ~_IS_NEW
        urgent += _free(session, of_team, col(Card.due_at), most - len(urgent), now)
    left = most - len(urgent)
    most_heard = left if most_heard is None else min(left, most_heard)
    heard, behind = _take_new(session, team_id, Lane.HEARD, due, most_heard, pace, now)
    claims = [_claim(card, now, is_urgent=True) for card in urgent]
    claims += [_claim(card, now, is_urgent=False) for card in heard]
    for card in [*urgent, *heard]:
        card.claimed_until, card.attempted = now + CLAIM_S, True
    return Handout(claims, behind)


class _Due(NamedTuple):
    """Cards of one channel that are due: to be posted (`is_new`), or to be changed."""

    lane: str
    channel_id: str
    is_new: bool
    number: int


def _due(session: Session, team_id: str, now: float) -> list[_Due]:
    """All that is due, the channel in which one is due for longest first."""
    due = select(Card.lane, Card.channel_id, _IS_NEW, func.count()).where(
        Card.team_id == team_id, Card.due, Card.due_at <= now, Card.claimed_until < now
    )
    rows = session.exec(due.group_by(Card.lane, Card.channel_id, _IS_NEW).order_by(func.min(Card.due_at)))
    return [_Due(*row) for row in rows]


def _take_new(
    session: Session, team_id: str, lane: Lane, due: Sequence[_Due], most: int, pace: Pace, now: float
) -> tuple[list[Card], list[Behind]]:
    """Up to `most` cards of a lane that are posted, and where more than BEHIND_AT have to wait."""
    taken: list[Card] = []
    behind: list[Behind] = []
    for of_lane, channel_id, is_new, number in due:
        if of_lane != lane or not is_new:
            continue
        if len(taken) == most:
            break
        pacing = pacings.of_channel(session, team_id, channel_id)
        if pacing is None:
            continue
        allowed = min(pace.allowed(pacing.even_at, now), most - len(taken))
        where = Card.team_id == team_id, Card.channel_id == channel_id, Card.lane == lane, _IS_NEW
        order = col(Card.due_at).desc() if number > BEHIND_AT else col(Card.due_at)
        new = _free(session, where, order, allowed, now) if allowed else []
        pacings.spend(pacing, pace, len(new))
        if number - len(new) > BEHIND_AT and pacings.is_to_be_told(pacing):
            behind.append(Behind(channel_id, number - len(new)))
        taken += new
    return taken, behind


def _free(session: Session, where: Sequence[Any], order: Any, most: int, now: float) -> list[Card]:
    due = select(Card).where(Card.due, Card.due_at <= now, Card.claimed_until < now, *where)
    return list(session.exec(due.order_by(order).limit(most).with_for_update(skip_locked=True)))


def _claim(card: Card, now: float, is_urgent: bool) -> CardClaim:
    return CardClaim(
        card.message_id,
        card.channel_id,
        card.thread_ts,
        card.ts,
        card.reaction,
        card.attempts,
        card.attempted,
        now + CLAIM_S,
        is_urgent,
    )


def next_due(session: Session, team_id: str, pace: Pace) -> float | None:
    """When the next card is due, its claim ends, and its channel takes a post; None where no card is due."""
    due_at, claimed_until = col(Card.due_at), col(Card.claimed_until)
    free_at = case((due_at > claimed_until, due_at), else_=claimed_until)
    due = select(Card.channel_id, _IS_NEW, func.min(free_at)).where(Card.team_id == team_id, Card.due)
    rows = session.exec(due.group_by(Card.channel_id, _IS_NEW)).all()
    if not rows:
        return None
    open_at = pacings.free_at(session, team_id, pace) if any(is_new for _, is_new, _ in rows) else {}
    return float(min(max(at, open_at.get(channel, 0.0)) if is_new else at for channel, is_new, at in rows))


def want(session: Session, message_id: str) -> None:
    """Something that the card of this message shows has changed: it is due, also where Slack refused it before."""
    changes = {"wanted": Card.wanted + 1, "due": True, "due_at": time.time(), "failed": None}
    session.connection().execute(update(Card).where(col(Card.message_id) == message_id).values(changes))


def shown(session: Session, message_id: str, ts: str | None, reaction: str, wanted: int) -> bool:
    """Slack shows state `wanted`: a card at `ts` (None: there is none) or a reaction; is a newer one due already?"""
    shows = update(Card).where(col(Card.message_id) == message_id)
    shows = shows.values(ts=ts, reaction=reaction, attempted=False, attempts=0, claimed_until=0.0)
    shows = shows.values(shown=wanted, due=col(Card.wanted) > wanted, failed=None).returning(col(Card.due))
    return bool(session.connection().execute(shows).scalar_one())


def postpone(session: Session, message_id: str, delay_s: float, may_stand: bool, attempts: int = 1) -> None:
    """Try again in `delay_s` seconds; `may_stand` says whether a post may have reached Slack by now.

    `attempts`: how many failures of its own are added to those of the card.
    """
    card = _locked(session, message_id)
    card.due_at, card.attempts, card.claimed_until = time.time() + delay_s, card.attempts + attempts, 0.0
    card.attempted = may_stand


def give_up(session: Session, message_id: str, reason: str, wanted: int) -> bool:
    """Slack will never show state `wanted`; a later word on the message tries anew: was there one already?"""
    card = _locked(session, message_id)
    card.due, card.claimed_until, card.attempts = card.wanted > wanted, 0.0, 0
    card.failed = None if card.due else reason
    return card.due


def give_up_channel(session: Session, team_id: str, channel_id: str, reason: str) -> None:
    """Nothing new is shown in a channel any more. Cards of erased messages still wait to be removed."""
    erased = select(Message.id).where(
        Message.team_id == team_id, Message.channel_id == channel_id, col(Message.erased_at).is_not(None)
    )
    due = update(Card).where(col(Card.team_id) == team_id, col(Card.channel_id) == channel_id, col(Card.due))
    due = due.where(col(Card.message_id).not_in(erased))
    session.connection().execute(due.values(due=False, failed=reason, claimed_until=0.0, attempts=0))


def count_due(session: Session, team_id: str) -> int:
    """How many cards Slack does not show yet as they should be."""
    return session.exec(select(func.count()).select_from(Card).where(Card.team_id == team_id, Card.due)).one()


def failures(session: Session, team_id: str) -> dict[str, int]:
    """For each reason, how many cards Slack refused."""
    rows = select(Card.failed, func.count()).where(Card.team_id == team_id, col(Card.failed).is_not(None))
    return {reason: number for reason, number in session.exec(rows.group_by(col(Card.failed))) if reason}


def _locked(session: Session, message_id: str) -> Card:
    return session.exec(select(Card).where(Card.message_id == message_id).with_for_update()).one()
