"""Labels: what each message is, resolved from reviewers' answers, then from people's corrections, then from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from sqlmodel import Session, col, func, select

from storage.feedback import corrections, imports, responses
from storage.feedback.corrections import Spoken
from storage.feedback.imports import Imported
from storage.feedback.responses import Verdict
from storage.tables.feedback import Answer, Burst, Correction, Label

Said = TypeVar("Said", Verdict, Imported)


@dataclass(frozen=True)
class State:
    """Changes whenever anybody says, answers, changes or takes back anything, an edit sets it aside or lets it count
    again, a burst is held back or decided about, or an operator edits a label.
    """

    words: int
    latest_word: float
    answers: int
    latest_answer: float
    edits: int
    latest_edit: float
    flagged: int = 0
    latest_flagged: float = 0.0
    latest_decided: float = 0.0
    aside: int = 0
    meanings: int = 0


@dataclass(frozen=True)
class Evidence:
    """What was said about one message: each person's last word, oldest first, the reviewers' verdict, and the label
    that it was imported with.
    """

    message_id: str
    words: tuple[Spoken, ...]
    verdict: Verdict | None
    imported: Imported | None = None

    def without(self, user_id: str) -> Evidence:
        """The same, had this user said nothing."""
        if all(word.user_id != user_id for word in self.words):
            return self
        return replace(self, words=tuple(word for word in self.words if word.user_id != user_id))


class SettledBy(StrEnum):
    """Who settled a label."""

    REVIEWERS = "reviewers"
    WORDS = "words"
    IMPORTED = "imported"


@dataclass(frozen=True)
class Settled:
    """The label of a message, who settled it, and when (seconds since 1970)."""

    label_id: str
    source: SettledBy
    at: float


def evidence(session: Session, team_id: str, message_ids: Sequence[str] | None = None) -> list[Evidence]:
    """What was said about each message of a team that is not erased, or about some of them. Words for retired labels
    are left out.

    A word that a person took back does not count again because the label after it was retired.
    """
    said = corrections.words(session, team_id, message_ids)
    answered = responses.verdicts(session, team_id, message_ids)
    imported = imports.labels(session, team_id, message_ids)
    unused = _retired(session, team_id)
    return [
        Evidence(
            message_id,
            tuple(word for word in said.get(message_id, []) if word.label_id not in unused),
            _in_use(answered.get(message_id), unused),
            _in_use(imported.get(message_id), unused),
        )
        for message_id in dict.fromkeys([*said, *answered, *imported])
    ]


@dataclass(frozen=True)
class Gathered:
    """What was said in a team: the one word of messages of which there is one, and the evidence on all others."""

    once: dict[str, Spoken]
    others: list[Evidence]


def gathered(session: Session, team_id: str) -> Gathered:
    """All that was said about messages of a team that are not erased, but for retired labels.

    Much quicker than `evidence`: most messages were spoken of once, and that word needs no weighing against others.
    """
    said = corrections.said_once(session, team_id)
    answered = responses.messages(session, team_id)
    retired = _retired(session, team_id)
    once = {
        message_id: word
        for message_id, word in said.once.items()
        if message_id not in answered and word.label_id not in retired
    }
    return Gathered(once, evidence(session, team_id, sorted(said.more | answered)))


def labelled(session: Session, team_id: str) -> dict[str, str]:
    """For each message about which something was settled, the id of its label."""
    found = gathered(session, team_id)
    labels = {message_id: word.label_id for message_id, word in found.once.items()}
    weighed = {one.message_id: label_of(one) for one in found.others}
    return labels | {message_id: label_id for message_id, label_id in weighed.items() if label_id}


def label_of(one: Evidence) -> str | None:
    """The label of a message: the reviewers', where they settled nothing the one that people in Slack chose, and where
    nobody did the one that was imported.

    None where nothing is settled, and where reviewers took the message out.
    """
    found = settled(one)
    return found.label_id if found else None


def settled(one: Evidence) -> Settled | None:
    """The label of a message, as `label_of` finds it, and where it comes from."""
    if one.verdict and not one.verdict.is_tied:
        label_id, at = one.verdict.label_id, one.verdict.at
        return Settled(label_id, SettledBy.REVIEWERS, at) if label_id else None
    chosen = corrections.settled(one.words)
    if chosen:
        at = max(word.created_at for word in one.words if word.label_id == chosen)
        return Settled(chosen, SettledBy.WORDS, at)
    return Settled(one.imported.label_id, SettledBy.IMPORTED, one.imported.at) if one.imported else None


def state(session: Session, team_id: str) -> State:
    """A cheap answer to "did anybody say anything new?"."""
    said = select(func.count(), func.max(Correction.created_at)).where(Correction.team_id == team_id)
    words, latest_word = session.exec(said).one()
    answered = select(func.count(), func.max(Answer.stored_at)).where(Answer.team_id == team_id)
    given, latest_answer = session.exec(answered).one()
    changed = select(func.count(col(Label.edited_at)), func.max(Label.edited_at)).where(
        Label.team_id == team_id
    )
    edits, latest_edit = session.exec(changed).one()
    held = select(func.count(), func.max(Burst.flagged_at), func.max(Burst.decided_at)).where(
        Burst.team_id == team_id
    )
    flagged, latest_flagged, latest_decided = session.exec(held).one()
    return State(
        words,
        latest_word or 0.0,
        given,
        latest_answer or 0.0,
        edits,
        latest_edit or 0.0,
        flagged,
        latest_flagged or 0.0,
        latest_decided or 0.0,
        *_aside(session, team_id),
    )


def _aside(session: Session, team_id: str) -> tuple[int, int]:
    """How much is set aside, and the meanings that it is about, added up: one may take the place of another."""
    number = meanings = 0
    for table in (Correction, Answer):
        of_team = select(func.count(), func.sum(table.aside)).select_from(table)
        row = session.exec(of_team.where(table.team_id == team_id, col(table.aside).is_not(None))).one()
        number, meanings = number + row[0], meanings + int(row[1] or 0)
    return number, meanings


def _retired(session: Session, team_id: str) -> set[str]:
    retired = select(Label.id).where(Label.team_id == team_id, col(Label.retired_at).is_not(None))
    return set(session.exec(retired))


def _in_use(said: Said | None, unused: set[str]) -> Said | None:
    return None if said and said.label_id in unused else said
