"""How responses were submitted: one by one, several at once, or by accident.

In Argilla a digit submits at once. Its button then shows Enter, which submits what is suggested for the next record,
unread. So a response that is the suggestion and comes within a second of the reviewer's previous one is accidental,
unless both came from the bulk view, which sends up to ten records in one request, one request after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

# Nobody reads a message in this time.
TOO_SOON_S = 1.0
# Responses this close came in one request: each takes a transaction at least.
ONE_MOMENT_S = 0.005
# The bulk view sends no more responses at once.
IN_ONE_REQUEST = 10


class Manner(StrEnum):
    """How a response was submitted."""

    SINGLE = "single"
    BULK = "bulk"
    ACCIDENTAL = "accidental"


@dataclass(frozen=True)
class ResponseSubmission:
    """One response: who gave it, when (Argilla's time), and what it says; is that what was suggested?"""

    response_id: str
    reviewer: str
    at: float
    said: str
    is_suggestion: bool = False


def judge(submissions: Iterable[ResponseSubmission], same_request_s: float) -> dict[str, Manner]:
    """How each of these responses was submitted, by id.

    Args:
        submissions: all that is known of these reviewers around that time.
        same_request_s: responses that say the same come from one request if they are no further apart.
    """
    of_reviewer: defaultdict[str, list[ResponseSubmission]] = defaultdict(list)
    for one in submissions:
        of_reviewer[one.reviewer].append(one)
    found: dict[str, Manner] = {}
    for every in of_reviewer.values():
        found |= _judge_in_turn(sorted(every, key=lambda one: (one.at, one.response_id)), same_request_s)
    return found


def _judge_in_turn(given: Sequence[ResponseSubmission], same_request_s: float) -> dict[str, Manner]:
    found: dict[str, Manner] = {}
    before: list[ResponseSubmission] = []
    for request in _requests(given, same_request_s):
        manner = Manner.BULK if len(request) > 1 else _of_one(request[0], before)
        found |= {one.response_id: manner for one in request}
        before = request
    return found


def _of_one(one: ResponseSubmission, before: Sequence[ResponseSubmission]) -> Manner:
    """Return how a response was submitted that came alone, after the request `before`."""
    if not before or one.at - before[-1].at > TOO_SOON_S:
        return Manner.SINGLE
    if len(before) >= IN_ONE_REQUEST and before[-1].said == one.said:
        return Manner.BULK  # the last of eleven
    return Manner.ACCIDENTAL if one.is_suggestion else Manner.SINGLE


def _requests(given: Sequence[ResponseSubmission], same_request_s: float) -> list[list[ResponseSubmission]]:
    found: list[list[ResponseSubmission]] = []
    for one in given:
        if found and _are_together(found[-1][-1], one, same_request_s):
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _are_together(one: ResponseSubmission, next_: ResponseSubmission, same_request_s: float) -> bool:
    apart_s = next_.at - one.at
    return apart_s <= ONE_MOMENT_S or (one.said == next_.said and apart_s <= same_request_s)
