"""The model's record: its answers beside what people in Slack, or reviewers, settled on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from storage.feedback import corrections, responses
from storage.feedback.corrections import CorrectionMade
from storage.tables.feedback import Answer, Correction, Question
from storage.tables.messages import Message
from storage.tables.models import Prediction

DAY_S = 86_400.0


class Judged(NamedTuple):
    """An answer of which people said what is right: its label, the right one, and who said so.

    `is_none`: none of the labels was said to fit.
    """

    predicted: str
    settled: str
    by: tuple[str, ...]
    is_none: bool = False

    @property
    def is_wrong(self) -> bool:
        return self.is_none or self.predicted != self.settled


class Reviewed(NamedTuple):
    """An answer to a message that was picked at random: when it was given, its label, and what reviewers settled on.

    `is_none`: none of the labels was said to fit; `had_floor`: it could have been.
    """

    at: float
    predicted: str
    settled: str
    is_none: bool = False
    had_floor: bool = False

    @property
    def is_right(self) -> bool:
        return self.predicted == self.settled


def reviewed(session: Session, team_id: str, since: float = 0.0, most: int | None = None) -> list[Reviewed]:
    """The answers given since a moment to messages that were picked at random and that reviewers settled.

    The latest `most` that were picked, latest first. Messages that reviewers discarded or are tied on are left out.
    """
    read = (Prediction.created_at, Prediction.label_id, Prediction.is_none, Prediction.floor)
    rows = _settled_at_random(session, team_id, read, col(Prediction.created_at) > since, most)
    return [
        Reviewed(at, predicted, settled, is_none, at_floor is not None)
        for settled, (at, predicted, is_none, at_floor) in rows
    ]


def was_offered(session: Session, team_id: str, most: int) -> list[bool]:
    """Of the latest questions, of these messages, that offered a set of labels: was the right one in it?"""
    read = (Prediction.ranked, Prediction.offered)
    rows = _settled_at_random(session, team_id, read, col(Prediction.offered).is_not(None), most)
    return [settled in (label_id for label_id, _ in ranked[:number]) for settled, (ranked, number) in rows]


def _settled_at_random(
    session: Session, team_id: str, read: Sequence[Any], which: ColumnElement[bool], most: int | None
) -> list[tuple[str, tuple[Any, ...]]]:
    """Read the columns `read` of predictions for messages that were picked at random and that reviewers settled, each
    with the label that they settled on; the latest `most`, latest first.
    """
    is_answered = (
        select(Answer.response_id).where(Answer.message_id == Question.message_id, responses.COUNTS).exists()
    )
    chosen = (
        columns(col(Prediction.message_id), *read)
        .select_from(Question)
        .join(Prediction, col(Prediction.message_id) == Question.message_id)
        .where(
            col(Question.team_id) == team_id,
            col(Question.is_random),
            col(Question.picked_at).is_not(None),
            which,
            is_answered,
        )
        .order_by(col(Question.picked_at).desc(), col(Question.message_id).desc())
    )
    # Some of them will turn out to be discarded; more than these are not read after years of reviewing.
    rows = session.connection().execute(chosen.limit(2 * most) if most else chosen).all()
    verdicts = responses.verdicts(session, team_id, [row[0] for row in rows])
    found = [
        (verdict.label_id, tuple(values))
        for message_id, *values in rows
        if (verdict := verdicts.get(message_id)) and verdict.label_id
    ]
    return found[:most]


def judged(session: Session, team_id: str, since: float, channel_id: str) -> Iterator[Judged]:
    """Each answer in a channel since a moment of which people said what is right."""
    # As tuples: of many thousand words whole rows would take most of a second.
    chosen = (
        columns(
            col(Correction.message_id),
            col(Correction.user_id),
            col(Correction.word),
            col(Correction.label_id),
            col(Prediction.label_id),
            col(Prediction.is_none),
        )
        .join(Prediction, col(Prediction.message_id) == Correction.message_id)
        .join(Message, col(Message.id) == Correction.message_id)
        .where(
            col(Correction.team_id) == team_id,
            corrections.COUNTS,
            col(Prediction.created_at) > since,
            col(Message.channel_id) == channel_id,
        )
        .order_by(col(Correction.created_at), col(Correction.id))
    )
    said: dict[str, list[CorrectionMade]] = {}
    given: dict[str, tuple[str, bool]] = {}
    for message_id, user_id, word, label_id, predicted, is_none in session.connection().execute(chosen):
        said.setdefault(message_id, []).append(CorrectionMade(user_id, word, label_id))
        given[message_id] = predicted, is_none
    for message_id, words in said.items():
        last = corrections.last_of_each(words)
        settled = corrections.settled(last)
        if settled:
            by = tuple(one.user_id for one in last if one.label_id == settled)
            predicted, is_none = given[message_id]
            yield Judged(predicted, settled, by, is_none)
