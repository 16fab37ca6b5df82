from __future__ import annotations

import math
from bisect import bisect

import pytest

from learning.evaluation.estimate import accuracy
from learning.evaluation.watch import Rate, judge, judge_soon

BEFORE = Rate(corrected=50, seen=1_000)
TWICE = Rate(corrected=100, seen=1_000)


def test_a_model_that_is_corrected_far_more_often_is_worse_and_the_reason_says_so() -> None:
    found = judge(Rate(30, 200), BEFORE, tolerance=0.02)

    assert found.is_worse
    assert found.reason == (
        "is corrected in 30 of 200 messages (15.0%), the one before in 50 of 1,000; up to 8.5% would be tolerated "
        "(evidence 34.3, needs 20)"
    )


@pytest.mark.parametrize("now", [Rate(0, 200), Rate(10, 200), Rate(17, 200)])
def test_a_model_that_is_corrected_no_more_often_stays(now: Rate) -> None:
    assert not judge(now, BEFORE, tolerance=0.02).is_worse


def test_what_is_certain_whatever_is_still_corrected_is_not_waited_for() -> None:
    found = judge_soon(Rate(12, 14), Rate(0, 0), BEFORE, tolerance=0.02)

    assert found.is_worse
    assert found.reason.startswith("is corrected in 12 of 14 messages")


def test_corrections_that_come_before_silence_settles_accuse_no_model_that_is_as_good() -> None:
    assert not judge_soon(Rate(5, 100), Rate(0, 0), BEFORE, tolerance=0.0).is_worse


def test_a_rush_of_new_messages_does_not_hide_what_has_settled() -> None:
    found = judge_soon(Rate(30, 5_000), Rate(30, 200), BEFORE, tolerance=0.02)

    assert found.is_worse
    assert found.reason.startswith("is corrected in 30 of 200 messages")


def test_more_tolerance_asks_for_more_corrections() -> None:
    strict, lenient = (judge(Rate(30, 200), BEFORE, tolerance) for tolerance in (0.0, 0.1))

    assert strict.is_worse
    assert not lenient.is_worse


def test_a_model_that_nobody_has_seen_stays() -> None:
    assert not judge(Rate(0, 0), BEFORE, tolerance=0.0).is_worse


@pytest.mark.parametrize("before", [Rate(0, 0), Rate(4, 4)])
def test_where_nothing_is_known_of_the_model_before_nobody_is_blamed(before: Rate) -> None:
    found = judge(Rate(90, 100), before, tolerance=0.0)

    assert not found.is_worse
    assert "too little is known" in found.reason


def test_a_model_before_that_was_never_corrected_is_not_taken_for_perfect() -> None:
    assert not judge(Rate(5, 50), Rate(0, 20), tolerance=0.0).is_worse
    assert judge(Rate(6, 20), Rate(0, 2_000), tolerance=0.0).is_worse


def test_the_fewer_messages_of_the_model_before_the_more_is_forgiven() -> None:
    well_known, hardly_known = (
        judge(Rate(20, 100), Rate(seen // 20, seen), tolerance=0.0).evidence for seen in (2_000, 40)
    )

    assert well_known > 20 * hardly_known


@pytest.mark.parametrize("now", [Rate(0, 10**6), Rate(10**6, 10**6), Rate(50_000, 10**6)])
@pytest.mark.parametrize("before", [Rate(0, 10**6), Rate(500, 10**4), Rate(9_999, 10**4)])
def test_many_messages_do_not_overflow(now: Rate, before: Rate) -> None:
    found = judge(now, before, tolerance=0.0)

    assert math.isfinite(found.evidence)
    assert found.is_worse == (now.corrected / now.seen > before.corrected / before.seen)


@pytest.mark.parametrize(("before", "tolerance"), [(BEFORE, 0.02), (BEFORE, 0.01), (TWICE, 0.01)])
@pytest.mark.parametrize("seen", [1, 2, 5, 20, 50, 100, 200, 300, 400])
def test_the_more_messages_are_corrected_the_worse_a_model_is(
    seen: int, before: Rate, tolerance: float
) -> None:
    found = [judge(Rate(corrected, seen), before, tolerance) for corrected in range(seen + 1)]

    evidence = [one.evidence for one in found]
    assert evidence == sorted(evidence)
    assert [one.is_worse for one in found] == sorted(one.is_worse for one in found)


def test_at_the_limit_fewer_than_5_of_100_are_rolled_back_although_each_message_is_looked_at() -> None:
    known = accuracy(BEFORE.corrected, BEFORE.seen)
    assert known is not None

    assert 0.002 < _rolled_back(known.high + 0.02, BEFORE, tolerance=0.02, messages=300) < 0.05


def test_a_model_as_good_as_the_one_before_is_hardly_ever_rolled_back() -> None:
    assert _rolled_back(0.05, BEFORE, tolerance=0.01, messages=300) < 0.005


def test_a_doubled_rate_is_found_in_most_cases_within_400_messages() -> None:
    assert _rolled_back(0.2, TWICE, tolerance=0.01, messages=400) > 0.75


def _rolled_back(rate: float, before: Rate, tolerance: float, messages: int) -> float:
    """The chance that a model is ever rolled back within so many messages, judged after each, to 1 in 10 million.

    rate: the share of messages that are corrected.
    """
    serving, rolled_back = {0: 1.0}, 0.0  # the chance of each number corrected, where it still serves
    for seen in range(1, messages + 1):
        following: dict[int, float] = {}
        for corrected, chance in serving.items():
            following[corrected] = following.get(corrected, 0.0) + chance * (1 - rate)
            following[corrected + 1] = following.get(corrected + 1, 0.0) + chance * rate
        likely = {corrected: chance for corrected, chance in following.items() if chance > 1e-12}
        ordered = sorted(likely)
        # The more are corrected the worse it is, so the fewest that roll it back are found by halves.
        fewest = bisect(ordered, False, key=lambda one: judge(Rate(one, seen), before, tolerance).is_worse)
        worse = set(ordered[fewest:])
        rolled_back += sum(likely[corrected] for corrected in worse)
        serving = {corrected: chance for corrected, chance in likely.items() if corrected not in worse}
    return rolled_back
