"""Reviewers' answers as Argilla has them, and what they come to together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sqlalchemy import select as columns
from sqlalchemy import update
from sqlmodel import Session, col, func, select

from storage import cards, questions
from storage.database import of_messages
from storage.datasets import Key
from storage.tables import Answer, Message, Status


@dataclass(frozen=True)
class Verdict:
    """What a message's reviewers say together.

    `label_id` is None where most of them discarded the message, and where they are tied (`is_tied`). `at`: when the
    latest of them answered.
    """

    label_id: str | None
    is_tied: bool
    reviewers: int
    at: float = field(default=0.0, compare=False)

    @property
    def is_discarded(self) -> bool:
        return self.label_id is None and not self.is_tied


class Answering(Protocol):
    """Which reviewer says what of a message, and when."""

    @property
    def response_id(self) -> str: ...
    @property
    def reviewer(self) -> str: ...
    @property
    def status(self) -> Status: ...
    @property
    def label_id(self) -> str | None: ...
    @property
    def answered_at(self) -> float: ...


class Given(NamedTuple):
    """An answer, without what a row costs: a team's are all read after each click."""

    message_id: str
    response_id: str
    reviewer: str
    status: Status
    label_id: str | None
    answered_at: float


def verdict(answers: Iterable[Answering]) -> Verdict | None:
    """What these answers on one message come to: each reviewer's latest counts, and the most votes win.

    A tie stays open. None where nobody answered.
    """
    latest: dict[str, Answering] = {}
    for answer in sorted(answers, key=lambda one: (one.answered_at, one.response_id)):
        latest[answer.reviewer] = answer
    if not latest:
        return None
    at = max(answer.answered_at for answer in latest.values())
    votes = Counter(_vote(answer) for answer in latest.values()).most_common()
    if len(votes) > 1 and votes[0][1] == votes[1][1]:
        return Verdict(None, True, len(latest), at)
    return Verdict(votes[0][0], False, len(latest), at)


def _vote(answer: Answering) -> str | None:
    return answer.label_id if answer.status is Status.SUBMITTED else None


def of_message(session: Session, message_id: str) -> list[Answer]:
    """The answers on one message."""
    return list(session.exec(select(Answer).where(Answer.message_id == message_id)))


def on_messages(session: Session, message_ids: Sequence[str]) -> dict[str, list[Answer]]:
    """The answers on each of these messages that has any."""
    found: dict[str, list[Answer]] = {}
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        some = message_ids[start : start + 500]
        for answer in session.exec(select(Answer).where(col(Answer.message_id).in_(some))):
            found.setdefault(answer.message_id, []).append(answer)
    return found


def messages(session: Session, team_id: str) -> set[str]:
    """Ids of the messages of a team that somebody answered."""
    return set(session.exec(select(Answer.message_id).where(Answer.team_id == team_id).distinct()))


def verdicts(session: Session, team_id: str, message_ids: Sequence[str] | None = None) -> dict[str, Verdict]:
    """For each message of a team that was answered and is not erased, or some of them, what its reviewers say."""
    chosen = (
        columns(
            col(Answer.message_id),
            col(Answer.response_id),
            col(Answer.reviewer),
            col(Answer.status),
            col(Answer.label_id),
            col(Answer.answered_at),
        )
        .join(Message, col(Message.id) == Answer.message_id)
        .where(col(Message.erased_at).is_(None))
    )
    of_team = col(Answer.team_id) == team_id
    by_message: dict[str, list[Given]] = {}
    for row in of_messages(session, chosen, of_team, col(Answer.message_id), message_ids):
        by_message.setdefault(row[0], []).append(Given._make(row))
    found = {message_id: verdict(answers) for message_id, answers in by_message.items()}
    return {message_id: one for message_id, one in found.items() if one}


def replace(session: Session, of: Key, dataset_id: str, found: Sequence[Answer], team_id: str) -> bool:
    """Make `found` the answers that the record of one message and round holds; did anything change?

    Where it did, the card follows, and where reviewers are tied, one more of them is asked. An answer that is
    stored in a later state already (news come out of order) stays as it is.
    """
    message_id, round_ = of
    standing = select(Message.id).where(Message.id == message_id, Message.team_id == team_id)
    if session.exec(standing.with_for_update()).first() is None:
        return False
    of_record = select(Answer).where(
        Answer.message_id == message_id, Answer.dataset_id == dataset_id, Answer.round == round_
    )
    known = {answer.response_id: answer for answer in session.exec(of_record)}
    wanted = {answer.response_id: answer for answer in found}
    gone = [known[response_id] for response_id in known.keys() - wanted.keys()]
    new = [answer for answer in wanted.values() if _is_news(answer, known.get(answer.response_id))]
    for answer in gone:
        session.delete(answer)
    for answer in new:
        answer.stored_at = time.time()
        session.merge(answer)
    session.flush()
    if gone or new:
        _follow(session, team_id, message_id)
    return bool(gone or new)


def _is_news(answer: Answer, known: Answer | None) -> bool:
    return known is None or answer.answered_at > known.answered_at


def _follow(session: Session, team_id: str, message_id: str) -> None:
    cards.want(session, message_id)
    reached = verdict(of_message(session, message_id))
    if reached and reached.is_tied:
        questions.ask_once_more(session, team_id, message_id, rounds=reached.reviewers // 2 + 1)


def keys_of(session: Session, dataset_id: str, message_ids: Sequence[str]) -> set[Key]:
    """The records of these messages in one dataset that somebody answered."""
    found = on_messages(session, sorted(set(message_ids)))
    return {
        (answer.message_id, answer.round)
        for given in found.values()
        for answer in given
        if answer.dataset_id == dataset_id
    }


def mark_bulk(session: Session, answer: Answer, within_s: float) -> None:
    """What a reviewer submitted together with this answer, and was stored before it, is a bulk answer as well."""
    label = col(Answer.label_id)
    together = update(Answer).where(
        col(Answer.team_id) == answer.team_id,
        col(Answer.reviewer) == answer.reviewer,
        label.is_(None) if answer.label_id is None else label == answer.label_id,
        col(Answer.answered_at).between(answer.answered_at - within_s, answer.answered_at + within_s),
        ~col(Answer.is_bulk),
    )
    session.connection().execute(together.values(is_bulk=True))


def ids_of_dataset(session: Session, dataset_id: str) -> set[str]:
    """Ids of the responses of a dataset that are stored."""
    return set(session.exec(select(Answer.response_id).where(Answer.dataset_id == dataset_id)))


def brought(session: Session, dataset_id: str) -> dict[tuple[str, float], bool]:
    """The answers that we sent to a dataset ourselves, by id and time: were they submitted together with others?"""
    rows = select(Answer.response_id, Answer.answered_at, Answer.is_bulk).where(
        Answer.dataset_id == dataset_id, col(Answer.is_brought)
    )
    return {(response_id, at): is_bulk for response_id, at, is_bulk in session.exec(rows)}


def of_dataset(session: Session, dataset_id: str) -> dict[Key, dict[str, float]]:
    """For each message and round of a dataset that was answered: the ids of the responses, and when they were given."""
    rows = select(Answer.message_id, Answer.round, Answer.response_id, Answer.answered_at)
    found: dict[Key, dict[str, float]] = {}
    for message_id, round_, response_id, answered_at in session.exec(
        rows.where(Answer.dataset_id == dataset_id)
    ):
        found.setdefault((message_id, round_), {})[response_id] = answered_at
    return found


def labels_in_use(session: Session, team_id: str) -> set[str]:
    """Ids of the labels that some answer names."""
    used = select(Answer.label_id).where(Answer.team_id == team_id, col(Answer.label_id).is_not(None))
    return {label_id for label_id in session.exec(used.distinct()) if label_id}


def count(session: Session, team_id: str) -> int:
    """How many messages of a team reviewers answered."""
    answered = select(func.count(func.distinct(Answer.message_id))).where(Answer.team_id == team_id)
    return session.exec(answered).one()
