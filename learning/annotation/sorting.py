"""Sorts the responses of records into those that count, with a mark on bulk ones, and accidental ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlmodel import Session

from learning.annotation import manners
from learning.annotation.manners import Manner, ResponseSubmission
from storage.feedback import accidental_responses
from storage.feedback import responses as answers
from storage.feedback.questions import Key
from storage.messages import datasets
from storage.tables.feedback import AccidentalResponse, Answer

# What a reviewer did in this time before a response tells whether it was meant.
BEFORE_S = 5.0


@dataclass(frozen=True)
class Response:
    """A response as Argilla has it, and the label ids that its record suggests."""

    answer: Answer
    suggested: frozenset[str]


@dataclass(frozen=True)
class Found:
    """The responses of one record: those that count, and accidental ones."""

    key: Key
    answers: list[Answer] = field(default_factory=list)
    accidental: list[AccidentalResponse] = field(default_factory=list)

    def is_news(self, known: Mapping[str, float], set_aside: Mapping[str, float]) -> bool:
        """Is anything else stored: answers and accidental responses, by id, with their time?"""
        count = {one.response_id: one.answered_at for one in self.answers}
        if count != known or set_aside.keys() & count.keys():
            return True
        return any(set_aside.get(one.response_id) != one.answered_at for one in self.accidental)


def sort(
    session: Session,
    team_id: str,
    dataset_id: str,
    responses: Mapping[Key, list[Response]],
    same_request_s: float,
) -> list[Found]:
    """What to store of these records, each with its responses.

    An accidental response stays one as long as it is not changed, whatever its reviewer does later.
    """
    every = [one for of_record in responses.values() for one in of_record]
    stored = answers.ids_of_dataset(session, dataset_id)
    new = {one.answer.message_id for one in every if one.answer.response_id not in stored}
    brought = _brought(session, dataset_id, [one.answer for one in every], stored)
    given = [one for one in every if one.answer.response_id not in brought]
    earlier = datasets.earlier_suggestions(session, dataset_id, sorted(new))
    judged = brought | manners.judge(
        [*_before(session, team_id, given), *(_submission(one, earlier) for one in given)], same_request_s
    )
    set_aside = accidental_responses.of_dataset(session, dataset_id)
    found = [Found(key) for key in responses]
    for one in found:
        for answer in (response.answer for response in responses[one.key]):
            is_still = set_aside.get(answer.response_id) == answer.answered_at
            if is_still or judged[answer.response_id] is Manner.ACCIDENTAL:
                one.accidental.append(_set_aside(answer))
            else:
                answer.is_bulk = judged[answer.response_id] is Manner.BULK
                answer.is_brought = answer.response_id in brought
                one.answers.append(answer)
    return found


def _brought(session: Session, dataset_id: str, given: list[Answer], stored: set[str]) -> dict[str, Manner]:
    """How those were submitted that were given elsewhere and sent here by us, dated anew, by id."""
    known = answers.brought(session, dataset_id)
    found = {
        one.response_id: Manner.BULK if known[one.response_id, one.answered_at] else Manner.SINGLE
        for one in given
        if (one.response_id, one.answered_at) in known
    }
    new = [one for one in given if one.response_id not in stored]
    before = answers.on_messages(session, sorted({one.message_id for one in new}))
    gone = datasets.gone_ids(session)
    is_filling = datasets.is_filling(session, dataset_id)
    for one in new:
        same = [other for other in before.get(one.message_id, []) if _says_the_same(other, one)]
        theirs = [other for other in same if (other.round, other.reviewer) == (one.round, one.reviewer)]
        if is_filling or theirs or any(other.dataset_id in gone for other in same):
            is_bulk = any(other.is_bulk for other in theirs)
            found[one.response_id] = Manner.BULK if is_bulk else Manner.SINGLE
    return found


def _says_the_same(one: Answer, other: Answer) -> bool:
    return (one.status, one.label_id) == (other.status, other.label_id)


def _before(session: Session, team_id: str, given: list[Response]) -> Iterable[ResponseSubmission]:
    """What else is stored of what reviewers did around that time."""
    if not given:
        return
    times = [one.answer.answered_at for one in given]
    these = {one.answer.response_id for one in given}
    for one in accidental_responses.moments(session, team_id, min(times) - BEFORE_S, max(times)):
        if one.response_id not in these:
            yield ResponseSubmission(one.response_id, one.reviewer, one.at, one.label_id or "")


def _submission(one: Response, earlier: Mapping[Key, frozenset[str]]) -> ResponseSubmission:
    answer = one.answer
    # A page that was open before a suggestion changed shows the earlier one.
    suggested = one.suggested and one.suggested | earlier.get((answer.message_id, answer.round), frozenset())
    return ResponseSubmission(
        answer.response_id,
        answer.reviewer,
        answer.answered_at,
        answer.label_id or "",
        answer.label_id is not None and answer.label_id in suggested,
    )


def _set_aside(answer: Answer) -> AccidentalResponse:
    return AccidentalResponse(
        response_id=answer.response_id,
        message_id=answer.message_id,
        team_id=answer.team_id,
        dataset_id=answer.dataset_id,
        round=answer.round,
        reviewer=answer.reviewer,
        label_id=str(answer.label_id),
        answered_at=answer.answered_at,
    )
