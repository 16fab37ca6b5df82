"""What Slack did not take: how often it was tried, what was given up and why, and putting that back, once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, update
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new
from storage.tables.deliveries import Card, Delivery, Undelivered
from storage.tables.summaries import Summary

DIRECT = "D"


@dataclass(frozen=True)
class GivenUp:
    """So many deliveries to a channel were given up for one reason. All direct messages are one channel: DIRECT."""

    channel_id: str
    reason: str
    number: int


# Counting attempts


def attempts(session: Session, team_id: str, kind: Delivery, item: str) -> int:
    """Return how often a delivery has failed by its own fault."""
    found = session.get(Undelivered, (team_id, kind, item))
    return found.attempts if found else 0


def failed(session: Session, team_id: str, kind: Delivery, item: str, channel_id: str) -> None:
    """Note that a delivery has failed once more, and will be tried again."""
    _note(session, team_id, kind, item, channel_id, attempts=Undelivered.attempts + 1)


def give_up(session: Session, team_id: str, kind: Delivery, item: str, channel_id: str, reason: str) -> None:
    """Give a delivery up, until an operator has it tried again."""
    _note(session, team_id, kind, item, channel_id, attempts=0, refused=reason)


def delivered(session: Session, team_id: str, kind: Delivery, item: str) -> None:
    """Note that Slack took it, or that nobody wants it any more."""
    session.connection().execute(delete(Undelivered).where(*_of_key(team_id, kind, item)))


def forget_elsewhere(session: Session, team_id: str, channel_id: str) -> None:
    """Forget what other channels of operators refused, so that the current one is told."""
    notes = col(Undelivered.kind).in_([Delivery.RUN, Delivery.RULING, Delivery.BURST, Delivery.SCOPES])
    # Of what is refused where it is for those in the channel operators are told, so a notice is given up here alone.
    news = and_(col(Undelivered.kind) == Delivery.NOTICE, col(Undelivered.refused).is_not(None))
    elsewhere = or_(notes, news), col(Undelivered.channel_id) != channel_id
    session.connection().execute(delete(Undelivered).where(col(Undelivered.team_id) == team_id, *elsewhere))


def _note(session: Session, team_id: str, kind: Delivery, item: str, channel_id: str, **changes: Any) -> None:
    insert_if_new(session, Undelivered(team_id=team_id, kind=kind, item=item, channel_id=channel_id))
    noted = update(Undelivered).where(*_of_key(team_id, kind, item)).values(channel_id=channel_id, **changes)
    session.connection().execute(noted)


def _of_key(team_id: str, kind: Delivery, item: str) -> tuple[ColumnElement[bool], ...]:
    return col(Undelivered.team_id) == team_id, col(Undelivered.kind) == kind, col(Undelivered.item) == item


def is_given_up(session: Session, team_id: str, kind: Delivery, item: str) -> bool:
    """Is a delivery not tried again?"""
    found = session.get(Undelivered, (team_id, kind, item))
    return found is not None and found.refused is not None


def is_not_given_up(team_id: str, kind: Delivery, item: Any) -> ColumnElement[bool]:
    """Condition of a query: the delivery that `item` names was not given up."""
    refused = select(Undelivered.item).where(
        Undelivered.team_id == team_id, Undelivered.kind == kind, col(Undelivered.refused).is_not(None)
    )
    condition: ColumnElement[bool] = item.not_in(refused)
    return condition


# Digests, which are tried again before their time


def waiting_digests(session: Session, team_id: str) -> set[str]:
    """The channels whose digest is to be posted now: it was put back, or Slack was out of reach when it was due."""
    waiting = select(Undelivered.item).where(
        Undelivered.team_id == team_id,
        Undelivered.kind == Delivery.DIGEST,
        col(Undelivered.refused).is_(None),
        Undelivered.attempts == 0,
    )
    return set(session.exec(waiting))


def await_slack(session: Session, team_id: str, channel_id: str) -> None:
    """Have the digest of a channel posted as soon as Slack can be reached."""
    _note(session, team_id, Delivery.DIGEST, channel_id, channel_id, attempts=0, refused=None)


# What was given up


def of_team(session: Session, team_id: str) -> list[GivenUp]:
    """Return what was given up, by channel and reason, most first."""
    counted: Counter[tuple[str, str]] = Counter()
    for table, refused in (
        (Card, Card.failed),
        (Summary, Summary.refused),
        (Undelivered, Undelivered.refused),
    ):
        rows = select(col(table.channel_id), col(refused), func.count()).where(
            col(table.team_id) == team_id, col(refused).is_not(None)
        )
        for channel_id, reason, number in session.exec(rows.group_by(col(table.channel_id), col(refused))):
            counted[_place(channel_id), str(reason)] += number
    every = [GivenUp(*place, number) for place, number in counted.items()]
    return sorted(every, key=lambda one: (-one.number, one.channel_id, one.reason))


def put_back(
    session: Session,
    team_id: str,
    channel_id: str | None = None,
    reason: str | None = None,
    closed: Collection[str] = (),
) -> int:
    """Try again what was given up, all but that of `closed` channels, or that of one channel for one reason.

    How much that is: each delivery is put back by one of those who ask for it at the same time.
    """
    anew = {"due": True, "due_at": time.time()}
    revived: list[tuple[Any, Any, dict[str, Any]]] = [
        (Card, Card.failed, {**anew, "failed": None, "attempts": 0}),
        (Summary, Summary.refused, {**anew, "refused": None, "refusals": 0}),
        (Undelivered, Undelivered.refused, {"refused": None, "attempts": 0}),
    ]
    number = 0
    for table, refused, values in revived:
        chosen = update(table).where(col(table.team_id) == team_id, col(refused).is_not(None))
        if channel_id is not None:
            chosen = chosen.where(_is_in(table, channel_id), col(refused) == reason)
        elif closed:
            chosen = chosen.where(col(table.channel_id).not_in(list(closed)))
        number += int(session.connection().execute(chosen.values(values)).rowcount)
    return number


def _is_in(table: Any, channel_id: str) -> ColumnElement[bool]:
    column = col(table.channel_id)
    is_there: ColumnElement[bool] = (
        column.startswith(DIRECT) if channel_id == DIRECT else column == channel_id
    )
    return is_there


def _place(channel_id: str) -> str:
    return DIRECT if channel_id.startswith(DIRECT) else channel_id
