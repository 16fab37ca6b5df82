"""Questions to users about suspicious labels that they gave: each once, and few a day."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, or_, update
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new
from storage.feedback import corrections
from storage.messages import channel_states, channels, contents
from storage.messages.contents import Content
from storage.tables.feedback import Label, LabelQuestion, OptOut, Outcome
from storage.tables.messages import Message, Mode

DAY_S = 86_400.0
DIRECT = "D"
# How ids of Slack's users begin. Who was forgotten has another one.
USERS = ("U", "W")


class Suspicion(NamedTuple):
    """A label that looks wrong, and the one that the others suggest."""

    message_id: str
    label_id: str
    suggested: str


@dataclass(frozen=True)
class LabelQuestionAsked:
    """A question that may be asked now, with what it names."""

    question: LabelQuestion
    message: Message
    given: Label
    suggested: Label


@dataclass(frozen=True)
class QuestionTally:
    """How many questions were asked, and what users said to them."""

    asked: int = 0
    kept: int = 0
    changed: int = 0


# What a run found


def replace(session: Session, team_id: str, suspicions: Sequence[Suspicion]) -> int:
    """Ask about these, and no more about what an earlier run found and nobody was asked yet; about how many.

    Their messages are locked by the caller, so that none is erased meanwhile.
    """
    session.connection().execute(
        delete(LabelQuestion).where(_of_team(team_id), col(LabelQuestion.asked_at).is_(None))
    )
    return sum(
        insert_if_new(session, question)
        for start in range(0, len(suspicions), 500)  # databases bound how many parameters one statement takes
        for question in _questions(session, team_id, suspicions[start : start + 500])
    )


def _questions(session: Session, team_id: str, suspicions: Sequence[Suspicion]) -> list[LabelQuestion]:
    found = contents.of_messages(session, [one.message_id for one in suspicions])
    settled, open_ones = kept(session, suspicions), _open_ones(session, team_id)
    return [
        LabelQuestion(**one._asdict(), team_id=team_id, user_id=giver, meaning=content.message.meaning)
        for one in suspicions
        if one not in settled
        and one.message_id not in open_ones
        and (content := found.get(one.message_id))
        and (giver := _giver(content, one.label_id))
    ]


def _giver(content: Content, label_id: str) -> str | None:
    """Who chose the label last, if it is still what users settled on; None if reviewers did, or nobody in Slack."""
    is_of_reviewers = content.verdict and not content.verdict.is_tied
    if is_of_reviewers or content.settled != label_id or content.message.erased_at:
        return None
    givers = [word.user_id for word in content.words if word.label_id == label_id]
    return next((one for one in reversed(givers) if one.startswith(USERS)), None)


def _open_ones(session: Session, team_id: str) -> set[str]:
    """The messages about which somebody was asked who has not replied."""
    is_open = col(LabelQuestion.asked_at).is_not(None), col(LabelQuestion.outcome).is_(None)
    return set(session.exec(select(LabelQuestion.message_id).where(_of_team(team_id), *is_open)))


def kept(session: Session, suspicions: Sequence[Suspicion]) -> set[Suspicion]:
    """Those of these that a user was asked about and who kept the label: that settles them."""
    found: set[Suspicion] = set()
    for start in range(0, len(suspicions), 500):
        some = [one.message_id for one in suspicions[start : start + 500]]
        is_kept = col(LabelQuestion.message_id).in_(some), LabelQuestion.outcome == Outcome.KEPT
        rows = select(LabelQuestion.message_id, LabelQuestion.label_id, LabelQuestion.suggested)
        found.update(Suspicion(*row) for row in session.exec(rows.where(*is_kept)))
    return found & set(suspicions)


# Asking


def to_ask(session: Session, team_id: str, per_day: int) -> LabelQuestion | None:
    """The question about the newest message whose user was asked fewer than `per_day` within a day."""
    now = time.time()
    lately = select(LabelQuestion.user_id).where(_of_team(team_id), col(LabelQuestion.asked_at) > now - DAY_S)
    busy = lately.group_by(col(LabelQuestion.user_id)).having(func.count() >= per_day)
    waiting = (
        select(LabelQuestion)
        .join(Message, col(Message.id) == LabelQuestion.message_id)
        .where(
            _of_team(team_id),
            col(LabelQuestion.asked_at).is_(None),
            col(LabelQuestion.outcome).is_(None),
            LabelQuestion.due_at <= now,
            col(LabelQuestion.user_id).not_in(busy),
        )
    )
    newest = waiting.order_by(
        col(Message.received_at).desc(), col(Message.id), col(LabelQuestion.user_id), LabelQuestion.suggested
    )
    return session.exec(newest.limit(1)).first() if per_day else None


def asking(session: Session, question: LabelQuestion) -> LabelQuestionAsked | None:
    """What to ask; None if there is nothing to ask any more."""
    is_declined = session.get(OptOut, (question.team_id, question.user_id)) is not None
    content = contents.of_messages(session, [question.message_id]).get(question.message_id)
    given, suggested = (session.get(Label, one) for one in (question.label_id, question.suggested))
    if is_declined or content is None or given is None or suggested is None:
        return None
    message = content.message
    still_says_so = any(
        (word.user_id, word.label_id) == (question.user_id, question.label_id) for word in content.words
    )
    is_same = message.meaning == question.meaning and bool(content.prediction) and still_says_so
    if not is_same or _giver(content, question.label_id) is None or given.retired_at or suggested.retired_at:
        return None
    return LabelQuestionAsked(question, message, given, suggested) if _is_open(session, message) else None


def _is_open(session: Session, message: Message) -> bool:
    if message.channel_id.startswith(DIRECT):  # nothing can be turned off there
        return True
    is_off = channels.mode_of(session, message.team_id, message.channel_id) is Mode.OFF
    return not is_off and message.channel_id not in channel_states.all_closed(session, message.team_id)


def begin(session: Session, question: LabelQuestion) -> LabelQuestionAsked | None:
    """Note that the question is about to be posted; None, and it is dropped, if there is nothing to ask any more."""
    found = session.exec(select(LabelQuestion).where(*_of_key(question)).with_for_update()).first()
    if found is None or found.asked_at is not None:
        return None
    wanted = asking(session, found)
    if wanted is None:
        session.delete(found)
        return None
    found.asked_at = time.time()
    return wanted


def asked(session: Session, question: LabelQuestion, channel_id: str, ts: str) -> bool:
    """Note where the question stands; False if it was erased meanwhile."""
    stands = update(LabelQuestion).where(*_of_key(question)).values(channel_id=channel_id, ts=ts, attempts=0)
    return bool(session.connection().execute(stands).rowcount)


def postpone(session: Session, question: LabelQuestion, delay_s: float, attempts: int) -> None:
    """Slack did not take it, and is tried again."""
    again = {"due_at": time.time() + delay_s, "attempts": LabelQuestion.attempts + attempts}
    is_posted = question.ts is not None
    values = again if is_posted else {**again, "asked_at": None}
    session.connection().execute(update(LabelQuestion).where(*_of_key(question)).values(**values))


def drop(session: Session, question: LabelQuestion) -> None:
    """Nobody can be asked, or nothing is left to show."""
    session.connection().execute(delete(LabelQuestion).where(*_of_key(question)))


# What becomes of them


def reply(session: Session, message_id: str, user_id: str, label_id: str | None) -> bool:
    """A user says which label a message has, None if they take back what they said; does it answer a question?"""
    open_ones = select(LabelQuestion).where(
        LabelQuestion.message_id == message_id,
        LabelQuestion.user_id == user_id,
        col(LabelQuestion.outcome).is_(None),
    )
    found = session.exec(open_ones).all()
    for question in found:
        if question.asked_at is None:
            session.delete(question)
        else:
            question.outcome = Outcome.KEPT if question.label_id == label_id else Outcome.CHANGED
    return bool(found)


def decline(session: Session, team_id: str, user_id: str) -> None:
    """Ask a user nothing more; harmless if they said so before."""
    insert_if_new(session, OptOut(team_id=team_id, user_id=user_id))
    theirs = _of_team(team_id), col(LabelQuestion.user_id) == user_id, col(LabelQuestion.outcome).is_(None)
    run = session.connection().execute
    run(delete(LabelQuestion).where(*theirs, col(LabelQuestion.asked_at).is_(None)))
    run(update(LabelQuestion).where(*theirs).values(outcome=Outcome.DECLINED))


def accept(session: Session, team_id: str, user_id: str) -> None:
    """A user wants to be asked after all."""
    session.connection().execute(
        delete(OptOut).where(col(OptOut.team_id) == team_id, col(OptOut.user_id) == user_id)
    )


def to_show(session: Session, team_id: str) -> LabelQuestion | None:
    """A question that has to change in Slack, because of what became of it."""
    ended = select(LabelQuestion).where(
        _of_team(team_id),
        col(LabelQuestion.outcome).is_not(None),
        ~col(LabelQuestion.is_shown),
        LabelQuestion.due_at <= time.time(),
    )
    stands = or_(col(LabelQuestion.ts).is_not(None), col(LabelQuestion.outcome) == Outcome.WITHDRAWN)
    return session.exec(ended.where(stands).order_by(col(LabelQuestion.asked_at)).limit(1)).first()


def shown(session: Session, question: LabelQuestion) -> None:
    """Slack shows what became of it, or never will."""
    done = update(LabelQuestion).where(*_of_key(question)).values(is_shown=True)
    session.connection().execute(done)


def chosen(session: Session, question: LabelQuestion) -> tuple[Message, Label | None]:
    """The message of a question, and the label that its user says it has now."""
    said = corrections.of_user(session, question.message_id, question.user_id)
    message = session.get_one(Message, question.message_id)
    return message, session.get(Label, said.label_id) if said else None


def withdraw(session: Session, message_id: str) -> None:
    """A message was erased, or means something else now: what was asked about it goes, in Slack too."""
    of_message = col(LabelQuestion.message_id) == message_id
    stands = of_message, col(LabelQuestion.asked_at).is_not(None), col(LabelQuestion.outcome).is_(None)
    run = session.connection().execute
    run(update(LabelQuestion).where(*stands).values(outcome=Outcome.WITHDRAWN, due_at=0.0, attempts=0))
    run(
        delete(LabelQuestion).where(
            of_message, col(LabelQuestion.outcome).is_distinct_from(Outcome.WITHDRAWN)
        )
    )


def forget(session: Session, team_id: str, user_id: str) -> None:
    """Erase what a user was asked, and whether they want to be."""
    for table in (LabelQuestion, OptOut):
        theirs = col(table.team_id) == team_id, col(table.user_id) == user_id
        session.connection().execute(delete(table).where(*theirs))


def tally(session: Session, team_id: str) -> QuestionTally:
    """Count what was asked and said."""
    is_asked = _of_team(team_id), col(LabelQuestion.asked_at).is_not(None)
    rows = select(LabelQuestion.outcome, func.count()).where(*is_asked).group_by(col(LabelQuestion.outcome))
    counted = dict(session.exec(rows).all())
    return QuestionTally(sum(counted.values()), counted.get(Outcome.KEPT, 0), counted.get(Outcome.CHANGED, 0))


def _of_team(team_id: str) -> ColumnElement[bool]:
    return col(LabelQuestion.team_id) == team_id


def _of_key(question: LabelQuestion) -> tuple[ColumnElement[bool], ...]:
    return (
        col(LabelQuestion.message_id) == question.message_id,
        col(LabelQuestion.user_id) == question.user_id,
        col(LabelQuestion.suggested) == question.suggested,
    )
