"""What reviewers are asked about: every correction, and what a query strategy picked from the pool."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new
from storage.deliveries import outbox
from storage.tables.deliveries import Kind
from storage.tables.feedback import Answer, Correction, Panel, Question, Word
from storage.tables.messages import Message
from storage.tables.models import Prediction

# The message of a record in Argilla, and its round.
Key = tuple[str, int]

CORRECTION = "correction"
RANDOM = "random"
DOUBT = "doubt"


@dataclass(frozen=True)
class Asked:
    """How much of the budget was spent: on random messages, and altogether."""

    random: int
    total: int


def ask_about_correction(session: Session, team_id: str, message_id: str) -> None:
    """Reviewers see every corrected message; it costs nothing of the budget."""
    insert_if_new(session, Question(message_id=message_id, team_id=team_id, source=CORRECTION))


def doubt(session: Session, team_id: str, message_id: str) -> None:
    """The label of a message looks wrong: reviewers are asked about it, in one more round where they were before.

    Once only: a label that people confirmed is not doubted for ever.
    """
    question = session.get(Question, message_id)
    if question is None:
        insert_if_new(session, Question(message_id=message_id, team_id=team_id, source=DOUBT))
        outbox.append(session, team_id, message_id, Kind.PREDICTION)
    elif question.source != DOUBT and question.rounds == first_round(question):
        question.source, question.rounds = DOUBT, question.rounds + 1
        outbox.append(session, team_id, message_id, Kind.TIE)


def doubted(session: Session, message_ids: Sequence[str]) -> dict[str, bool]:
    """Of these messages, those whose label was doubted: was the round answered that asked about it?"""
    found: dict[str, bool] = {}
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        is_answer = and_(
            col(Answer.message_id) == Question.message_id,
            col(Answer.round) == Question.rounds,
            col(Answer.aside).is_(None),
        )
        some = col(Question.message_id).in_(message_ids[start : start + 500]), Question.source == DOUBT
        rows = select(Question.message_id, func.count(col(Answer.response_id))).outerjoin(Answer, is_answer)
        grouped = session.exec(rows.where(*some).group_by(Question.message_id))
        found |= {message_id: number > 0 for message_id, number in grouped}
    return found


def ask(session: Session, team_id: str, message_id: str, source: str, is_random: bool) -> None:
    """Spend one of the budget on a message, and tell Argilla."""
    question = session.get(Question, message_id)
    if question is None:
        question = Question(message_id=message_id, team_id=team_id, source=source)
        session.add(question)
    question.is_random = question.is_random or is_random
    question.picked_at = time.time()
    outbox.append(session, team_id, message_id, Kind.PREDICTION)


def ask_once_more(session: Session, team_id: str, message_id: str, rounds: int) -> bool:
    """Reviewers disagree: ask in `rounds` rounds; False where it was asked so often already."""
    question = session.get(Question, message_id)
    if question is None or question.rounds >= first_round(question) + rounds - 1:
        return False
    question.rounds = first_round(question) + rounds - 1
    outbox.append(session, team_id, message_id, Kind.TIE)
    return True


def seat(session: Session, message_ids: Sequence[str], share: float) -> dict[str, Question]:
    """The questions about these messages, by message; a new one gets its panel, of which `share` are answered twice.

    Ids are random, so that who is answered twice is too, and the same whoever asks.
    """
    found = select(Question).where(col(Question.message_id).in_(message_ids)).order_by(Question.message_id)
    questions = {one.message_id: one for one in session.exec(found)}
    for one in questions.values():
        if one.panel is None:
            is_double = zlib.crc32(one.message_id.encode()) < share * 2**32
            one.panel = Panel.DOUBLE if is_double else Panel.SINGLE
    return questions


def ask_anew(session: Session, message_id: str, before: int, meaning: int) -> None:
    """An edit gave a message another meaning: whoever is asked about it sees the new text, in a round of its own."""
    question = session.get(Question, message_id)
    if question is None:
        return
    question.rounds += 1
    question.meanings = [*(question.meanings or [[1, before]]), [question.rounds, meaning]]


def first_round(question: Question) -> int:
    """The first round in which the message's text of now is shown; earlier ones showed another."""
    return int(question.meanings[-1][0]) if question.meanings else 1


def meaning_of(session: Session, message_id: str, round_: int, now: int) -> int:
    """What the message meant with the text that was shown in a round. `now`: what it means now."""
    question = session.get(Question, message_id)
    stretches = (question.meanings if question else None) or [[1, now]]
    return int(next((meaning for first, meaning in reversed(stretches) if first <= round_), stretches[0][1]))


def obsolete(session: Session, message_ids: Sequence[str]) -> dict[str, int]:
    """Of these messages, those that were asked about anew: the first round that shows the text of now."""
    found: dict[str, int] = {}
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        some = col(Question.message_id).in_(message_ids[start : start + 500])
        for question in session.exec(select(Question).where(some, col(Question.meanings).is_not(None))):
            found[question.message_id] = first_round(question)
    return found


def asked(session: Session, team_id: str, since: float = 0.0) -> Asked:
    """How much of the budget was spent since `since` (seconds since 1970)."""
    paid = select(Question.is_random, func.count()).where(
        Question.team_id == team_id, col(Question.picked_at) > since
    )
    by_kind: dict[bool, int] = dict(session.exec(paid.group_by(col(Question.is_random))).all())
    return Asked(by_kind.get(True, 0), sum(by_kind.values()))


def pool(session: Session, team_id: str, most: int) -> list[str]:
    """Ids of the newest predicted messages about which nobody was asked and nobody said a word."""
    silent = (
        select(Message.id)
        .join(Prediction, col(Prediction.message_id) == Message.id)
        .outerjoin(Question, col(Question.message_id) == Message.id)
        .where(
            Message.team_id == team_id,
            col(Message.erased_at).is_(None),
            col(Question.message_id).is_(None),
        )
    )
    return list(session.exec(silent.order_by(col(Message.received_at).desc(), col(Message.id)).limit(most)))


def everything(session: Session, team_id: str, since: float) -> list[str]:
    """Ids of all predicted messages since `since` that are not in the random tenth yet.

    Corrected ones and ones asked about for another reason are among them: without these an estimate made from
    random messages would be too good.
    """
    chosen = (
        select(Message.id)
        .join(Prediction, col(Prediction.message_id) == Message.id)
        .outerjoin(Question, col(Question.message_id) == Message.id)
        .where(
            Message.team_id == team_id,
            col(Message.erased_at).is_(None),
            Message.received_at > since,
            col(Question.is_random).is_not(True),
        )
    )
    return list(session.exec(chosen.order_by(col(Message.received_at), col(Message.id))))


def concerned(session: Session, team_id: str) -> list[str]:
    """Ids of messages that reviewers are or were asked about, and that are not erased."""
    chosen = select(Question.message_id).join(Message, col(Message.id) == Question.message_id)
    return list(session.exec(chosen.where(Question.team_id == team_id, col(Message.erased_at).is_(None))))


def seated(session: Session, team_id: str, panel: Panel) -> list[str]:
    """Ids of messages that are not erased and that reviewers are or were asked about in a dataset of this panel."""
    is_double = col(Question.panel) == Panel.DOUBLE
    # After a tie one more reviewer is asked, and that in the other dataset.
    is_here = is_double if panel is Panel.DOUBLE else or_(is_double.is_not(True), col(Question.rounds) > 1)
    chosen = select(Question.message_id).join(Message, col(Message.id) == Question.message_id)
    of_team = Question.team_id == team_id
    return list(session.exec(chosen.where(of_team, col(Message.erased_at).is_(None), is_here)))


def picked(session: Session, team_id: str) -> dict[str, bool]:
    """Every message that was paid for from the budget, earliest first: does it belong to the random tenth?"""
    chosen = select(Question.message_id, Question.is_random).where(
        Question.team_id == team_id, col(Question.picked_at).is_not(None)
    )
    return dict(session.exec(chosen.order_by(col(Question.picked_at), Question.message_id)).all())


def by_source(session: Session, team_id: str) -> dict[str, int]:
    """How many messages reviewers were asked about, by why."""
    rows = select(Question.source, func.count()).where(Question.team_id == team_id)
    return dict(session.exec(rows.group_by(Question.source)).all())


def open_ones(session: Session, team_id: str) -> int:
    """How many messages wait for a first answer."""
    waiting = (
        select(func.count())
        .select_from(Question)
        .join(Message, col(Message.id) == Question.message_id)
        .where(
            Question.team_id == team_id,
            col(Message.erased_at).is_(None),
            ~select(Answer.response_id)
            .where(Answer.message_id == Question.message_id, col(Answer.aside).is_(None))
            .exists(),
        )
    )
    return session.exec(waiting).one()


def ask_about_earlier_corrections(session: Session, team_id: str) -> int:
    """Ask about messages that were corrected before the bot knew Argilla; how many these were."""
    known = select(Question.message_id)
    corrected = (
        select(Correction.message_id)
        .join(Message, col(Message.id) == Correction.message_id)
        .where(
            Correction.team_id == team_id,
            col(Correction.word) != Word.IMPORTED,
            ~col(Correction.is_held),
            col(Correction.aside).is_(None),
            col(Message.erased_at).is_(None),
            col(Correction.message_id).not_in(known),
        )
        .distinct()
    )
    earlier = session.exec(corrected).all()
    for message_id in earlier:
        ask_about_correction(session, team_id, message_id)
        outbox.append(session, team_id, message_id, Kind.CORRECTION)
    return len(earlier)
