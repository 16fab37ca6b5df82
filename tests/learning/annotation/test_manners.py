"""How responses were submitted, told by when they came and what they say."""

from __future__ import annotations

import pytest

from learning.annotation.manners import Manner, ResponseSubmission, judge
from learning.argilla.connection import ONE_BY_ONE_S

EXACT_S = 0.0
SINGLE, BULK, ACCIDENTAL = Manner.SINGLE, Manner.BULK, Manner.ACCIDENTAL


def suggested(at: float, said: str = "bug", reviewer: str = "r1") -> ResponseSubmission:
    """A response that is what was suggested."""
    return ResponseSubmission(f"{reviewer} {at}", reviewer, at, said, is_suggestion=True)


def chosen(at: float, said: str = "praise") -> ResponseSubmission:
    """A response that is not what was suggested."""
    return ResponseSubmission(f"r1 {at}", "r1", at, said)


def manners(*given: ResponseSubmission, same_request_s: float = EXACT_S) -> list[Manner]:
    found = judge(given, same_request_s)
    return [found[one.response_id] for one in given]


def test_the_suggestion_within_a_second_of_the_previous_response_is_accidental() -> None:
    assert manners(chosen(10.0), suggested(10.4)) == [SINGLE, ACCIDENTAL]


def test_a_response_that_took_longer_or_that_is_not_the_suggestion_is_meant() -> None:
    assert manners(chosen(10.0), suggested(11.1)) == [SINGLE, SINGLE]
    assert manners(suggested(10.0), chosen(10.4)) == [SINGLE, SINGLE]


def test_each_response_of_a_reviewer_who_holds_enter_down_is_accidental_but_the_first() -> None:
    held = [suggested(10.0 + 0.13 * number) for number in range(5)]

    assert manners(*held) == [SINGLE, *[ACCIDENTAL] * 4]
    assert manners(*held, same_request_s=ONE_BY_ONE_S) == [SINGLE, *[ACCIDENTAL] * 4]


def test_another_reviewers_response_says_nothing_of_how_much_time_one_took() -> None:
    assert manners(suggested(10.0), suggested(10.2, reviewer="r2")) == [SINGLE, SINGLE]


def test_what_was_submitted_together_is_bulk() -> None:
    together = [ResponseSubmission(f"one {number}", "r1", 10.0, "bug", True) for number in range(3)]

    assert manners(*together) == [BULK] * 3


def test_on_a_server_that_dates_them_one_by_one_bulk_is_what_says_the_same_a_moment_apart() -> None:
    together = [suggested(10.0 + 0.04 * number) for number in range(4)]
    differing = [suggested(10.0, "bug"), suggested(10.04, "praise")]

    assert manners(*together, same_request_s=ONE_BY_ONE_S) == [BULK] * 4
    assert manners(*differing, same_request_s=ONE_BY_ONE_S) == [SINGLE, ACCIDENTAL]
    assert manners(*together) == [SINGLE, *[ACCIDENTAL] * 3]


@pytest.mark.parametrize(("number", "manner"), [(10, BULK), (3, ACCIDENTAL)])
def test_of_eleven_submitted_together_the_last_one_comes_in_a_request_of_its_own(
    number: int, manner: Manner
) -> None:
    first = [ResponseSubmission(f"one {row}", "r1", 10.0, "bug", True) for row in range(number)]

    assert manners(*first, suggested(10.6)) == [*[BULK] * number, manner]


def test_a_response_right_after_a_bulk_of_another_label_is_accidental() -> None:
    first = [ResponseSubmission(f"one {row}", "r1", 10.0, "praise", True) for row in range(10)]

    assert manners(*first, suggested(10.6))[-1] is ACCIDENTAL
