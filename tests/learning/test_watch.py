from __future__ import annotations

import numpy as np

from learning.watch import ENOUGH, Rate, evidence, judge, upper


def test_a_champion_that_is_corrected_twice_as_often_is_found_out() -> None:
    watching = judge(Rate(60, 200), before=Rate(100, 1_000), tolerance=0.02)

    assert watching.is_worse
    assert watching.reason == "60 of 200 messages were corrected (30%); before it were 100 of 1000 (10%)"


def test_one_that_is_corrected_as_often_as_before_stays() -> None:
    assert not judge(Rate(20, 200), before=Rate(100, 1_000), tolerance=0.02).is_worse


def test_with_nothing_known_of_before_nobody_is_accused() -> None:
    assert not judge(Rate(50, 50), before=Rate(0, 0), tolerance=0.02).is_worse


def test_a_champion_before_that_was_never_corrected_does_not_make_one_correction_a_fault() -> None:
    assert not judge(Rate(1, 5), before=Rate(0, 100), tolerance=0.02).is_worse


def test_many_messages_are_no_trouble() -> None:
    assert judge(Rate(50_000, 100_000), before=Rate(10, 100), tolerance=0.0).is_worse


def test_false_alarms_are_at_most_one_in_twenty_however_often_one_looks() -> None:
    random = np.random.default_rng(0)
    bound = upper(Rate(100, 1_000))
    alarms = 0
    for _ in range(200):
        corrected = np.cumsum(random.random(300) < bound)
        alarms += any(
            evidence(Rate(int(number), at + 1), bound) >= ENOUGH for at, number in enumerate(corrected)
        )

    assert alarms / 200 <= 0.05
