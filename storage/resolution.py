"""Labels: what each message is, resolved from reviewers' answers first, then from people's corrections."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from storage import answers, corrections
from storage.answers import Verdict
from storage.tables import Answer, Correction, Label


@dataclass(frozen=True)
class State:
    """Changes whenever anybody says, answers, changes or takes back anything."""

    words: int
    latest_word: float
    answers: int
    latest_answer: float


@dataclass(frozen=True)
class Evidence:
    """What was said about one message: each person's last word, oldest first, and the reviewers' verdict."""

    message_id: str
    words: tuple[Correction, ...]
    verdict: Verdict | None


def evidence(session: Session, team_id: str) -> list[Evidence]:
    """What was said about each message of a team that is not erased. Words for retired labels are left out.

    A word that a person took back does not count again because the label after it was retired.
    """
    said = corrections.words(session, team_id)
    answered = answers.verdicts(session, team_id)
    unused = _retired(session, team_id)
    return [
        Evidence(
            message_id,
            tuple(word for word in said.get(message_id, []) if word.label_id not in unused),
            _in_use(answered.get(message_id), unused),
        )
        for message_id in dict.fromkeys([*said, *answered])
    ]


def labelled(session: Session, team_id: str) -> dict[str, str]:
    """For each message about which something was settled, the id of its label: what the head learns from at once."""
    found = {one.message_id: label_of(one) for one in evidence(session, team_id)}
    return {message_id: label_id for message_id, label_id in found.items() if label_id}


def label_of(one: Evidence) -> str | None:
    """The label of a message: the reviewers', and only where they settled nothing, the one that people in Slack chose.

    None where nothing is settled, and where reviewers took the message out.
    """
    if one.verdict and not one.verdict.is_tied:
        return one.verdict.label_id
    return corrections.settled(one.words)


def state(session: Session, team_id: str) -> State:
    """A cheap answer to "did anybody say anything new?"."""
    said = select(func.count(), func.max(Correction.created_at)).where(Correction.team_id == team_id)
    words, latest_word = session.exec(said).one()
    answered = select(func.count(), func.max(Answer.stored_at)).where(Answer.team_id == team_id)
    given, latest_answer = session.exec(answered).one()
    return State(words, latest_word or 0.0, given, latest_answer or 0.0)


def _retired(session: Session, team_id: str) -> set[str]:
    retired = select(Label.id).where(Label.team_id == team_id, col(Label.retired_at).is_not(None))
    return set(session.exec(retired))


def _in_use(verdict: Verdict | None, unused: set[str]) -> Verdict | None:
    return None if verdict and verdict.label_id in unused else verdict
