"""Reviewers' answers as Argilla has them, and what they come to together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import ColumnElement, or_, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from storage.database.engine import of_messages
from storage.deliveries import cards
from storage.feedback import questions
from storage.feedback.questions import Key
from storage.tables.annotation import Dataset
from storage.tables.feedback import Answer, Panel, Question, Status
from storage.tables.messages import Message

# What is about an earlier text counts for nothing.
COUNTS = col(Answer.aside).is_(None)


@dataclass(frozen=True)
class Verdict:
    """What a message's reviewers say together.

    `label_id` is None where most of them discarded the message, and where they are tied (`is_tied`). `at`: when the
    latest of them answered. `against`: how many of them said something else.
    """

    label_id: str | None
    is_tied: bool
    reviewers: int
    at: float = field(default=0.0, compare=False)
    against: int = field(default=0, compare=False)

    @property
    def is_discarded(self) -> bool:
        return self.label_id is None and not self.is_tied

    @property
    def agreeing(self) -> int:
        """How many reviewers agree with it."""
        return self.reviewers - self.against


class ReviewerAnswer(Protocol):
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


OneAnswering = TypeVar("OneAnswering", bound=ReviewerAnswer)


class Given(NamedTuple):
    """An answer, without what a row costs: a team's are all read after each click."""

    message_id: str
    response_id: str
    reviewer: str
    status: Status
    label_id: str | None
    answered_at: float


def verdict(answers: Iterable[ReviewerAnswer]) -> Verdict | None:
    """What these answers on one message come to: each reviewer's latest counts, and the most votes win.

    A tie stays open. None where nobody answered.
    """
    latest = latest_of_each(answers)
    if not latest:
        return None
    at = max(answer.answered_at for answer in latest.values())
    votes = Counter(_vote(answer) for answer in latest.values()).most_common()
    if len(votes) > 1 and votes[0][1] == votes[1][1]:
        return Verdict(None, True, len(latest), at)
    return Verdict(votes[0][0], False, len(latest), at, len(latest) - votes[0][1])


def latest_of_each(answers: Iterable[OneAnswering]) -> dict[str, OneAnswering]:
    """Return each reviewer's latest response."""
    in_order = sorted(answers, key=lambda one: (one.answered_at, one.response_id))
    return {answer.reviewer: answer for answer in in_order}


def _vote(answer: ReviewerAnswer) -> str | None:
    return answer.label_id if answer.status is Status.SUBMITTED else None


def of_message(session: Session, message_id: str) -> list[Answer]:
    """The answers on one message."""
    return list(session.exec(select(Answer).where(Answer.message_id == message_id)))


def of_record(session: Session, message_id: str, dataset_id: str, round_: int) -> list[Answer]:
    """Return the responses to one record, as last seen."""
    chosen = select(Answer).where(
        Answer.message_id == message_id, Answer.dataset_id == dataset_id, Answer.round == round_
    )
    return list(session.exec(chosen))


def is_answered_since(session: Session, message_id: str, round_: int) -> bool:
    """Did a reviewer answer the message in this round or a later one?"""
    chosen = select(Answer.response_id).where(Answer.message_id == message_id, Answer.round >= round_)
    return session.exec(chosen.limit(1)).first() is not None


def on_messages(session: Session, message_ids: Sequence[str]) -> dict[str, list[Answer]]:
    """Return the responses to each of these messages that has any."""
    found: dict[str, list[Answer]] = {}
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        some = message_ids[start : start + 500]
        for answer in session.exec(select(Answer).where(col(Answer.message_id).in_(some))):
            found.setdefault(answer.message_id, []).append(answer)
    return found


def messages(session: Session, team_id: str) -> set[str]:
    """Ids of the messages of a team that somebody answered."""
    chosen = select(Answer.message_id).where(Answer.team_id == team_id, COUNTS)
    return set(session.exec(chosen.distinct()))


def verdicts(session: Session, team_id: str, message_ids: Sequence[str] | None = None) -> dict[str, Verdict]:
    """For each message of a team that was answered and is not erased, or some of them, what its reviewers say."""
    return _verdicts(session, team_id, message_ids, COUNTS)


def earlier(session: Session, team_id: str, message_ids: Sequence[str]) -> dict[str, Verdict]:
    """As `verdicts`, of what reviewers said of earlier texts of these messages."""
    return _verdicts(session, team_id, message_ids, col(Answer.aside).is_not(None))


def count_earlier(session: Session, team_id: str) -> int:
    """Count responses about earlier texts of messages that are not erased."""
    of_team = Answer.team_id == team_id, col(Answer.aside).is_not(None)
    chosen = select(func.count()).select_from(Answer).join(Message)
    return session.exec(chosen.where(*of_team, col(Message.erased_at).is_(None))).one()


def _verdicts(
    session: Session, team_id: str, message_ids: Sequence[str] | None, counts: ColumnElement[bool]
) -> dict[str, Verdict]:
    by_message = _given(session, team_id, message_ids, counts)
    found = {message_id: verdict(answers) for message_id, answers in by_message.items()}
    return {message_id: one for message_id, one in found.items() if one}


def supporters(session: Session, team_id: str, labels: Mapping[str, str]) -> dict[str, list[str]]:
    """For each of these messages, the reviewers whose latest answer is this label (its id)."""
    by_message = _given(session, team_id, sorted(labels), COUNTS)
    return {
        message_id: sorted(
            reviewer
            for reviewer, answer in latest_of_each(given).items()
            if _vote(answer) == labels[message_id]
        )
        for message_id, given in by_message.items()
    }


def _given(
    session: Session, team_id: str, message_ids: Sequence[str] | None, counts: ColumnElement[bool]
) -> dict[str, list[Given]]:
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
        .where(counts, col(Message.erased_at).is_(None))
    )
    of_team = col(Answer.team_id) == team_id
    by_message: dict[str, list[Given]] = {}
    for row in of_messages(session, chosen, of_team, col(Answer.message_id), message_ids):
        by_message.setdefault(row[0], []).append(Given._make(row))
    return by_message


def replace(session: Session, of: Key, dataset_id: str, found: Sequence[Answer], team_id: str) -> bool:
    """Make `found` the answers that the record of one message and round holds; did anything change?

    Where it did, the card follows, and where reviewers are tied, one more of them is asked. An answer that is
    stored in a later state already (news come out of order) stays as it is. An answer belongs to the text that its
    record showed: each meaning of a message has rounds of its own.
    """
    message_id, round_ = of
    standing = select(Message.meaning).where(Message.id == message_id, Message.team_id == team_id)
    meaning = session.exec(standing.with_for_update()).first()
    if meaning is None:
        return False
    shown = questions.meaning_of(session, message_id, round_, meaning)
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
        answer.stored_at, answer.aside = time.time(), None if shown == meaning else shown
        session.merge(answer)
    session.flush()
    if gone or new:
        _follow(session, team_id, message_id)
    return bool(gone or new)


def _is_news(answer: Answer, known: Answer | None) -> bool:
    return known is None or answer.answered_at > known.answered_at


def _follow(session: Session, team_id: str, message_id: str) -> None:
    cards.want(session, message_id)
    reached = verdict(one for one in of_message(session, message_id) if one.aside is None)
    if reached and reached.is_tied:
        questions.ask_once_more(session, team_id, message_id, rounds=reached.reviewers // 2 + 1)


def keys_of(session: Session, dataset_id: str, message_ids: Sequence[str]) -> set[Key]:
    """Return the answered records of these messages in one dataset."""
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
    """Return the ids of a dataset's responses that are stored."""
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


def panels(session: Session, team_id: str, of: Collection[Panel]) -> dict[str, dict[str, str | None]]:
    """For each message that several reviewers answered in a dataset of these panels: the label that each of them chose,
    None where they discarded it.

    Not the rounds after a tie: these are asked because reviewers disagree. What was asked anew after an edit is.
    """
    is_edited = col(Question.meanings).is_not(None)
    chosen = (
        columns(
            col(Answer.message_id),
            col(Answer.dataset_id),
            col(Answer.round),
            col(Question.meanings),
            col(Answer.reviewer),
            col(Answer.status),
            col(Answer.label_id),
        )
        .join(Message, col(Message.id) == Answer.message_id)
        .join(Dataset, col(Dataset.id) == Answer.dataset_id)
        .outerjoin(Question, col(Question.message_id) == Answer.message_id)
        .where(
            col(Answer.team_id) == team_id,
            or_(col(Answer.round) == 1, is_edited),
            col(Message.erased_at).is_(None),
            col(Dataset.panel).in_(list(of)),
        )
        .order_by(col(Answer.answered_at), col(Answer.response_id))
    )
    found: dict[tuple[str, str, int], dict[str, str | None]] = {}
    rows = session.connection().execute(chosen)
    for message_id, dataset_id, round_, meanings, reviewer, status, label_id in rows:
        if round_ in {1, *(first for first, _ in meanings or ())}:
            label = label_id if status is Status.SUBMITTED else None
            found.setdefault((message_id, dataset_id, round_), {})[reviewer] = label
    several: dict[str, dict[str, str | None]] = {}
    for (message_id, _dataset_id, _round), said in found.items():
        if len(said) > 1:  # in the dataset, and of the text, where that was so first
            several.setdefault(message_id, said)
    return several


def labels_in_use(session: Session, team_id: str) -> set[str]:
    """Ids of the labels that some answer names."""
    used = select(Answer.label_id).where(Answer.team_id == team_id, col(Answer.label_id).is_not(None))
    return {label_id for label_id in session.exec(used.distinct()) if label_id}


def count(session: Session, team_id: str) -> int:
    """How many messages of a team reviewers answered."""
    answered = select(func.count(func.distinct(Answer.message_id))).where(Answer.team_id == team_id, COUNTS)
    return session.exec(answered).one()
