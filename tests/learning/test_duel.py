from __future__ import annotations

import numpy as np
import pytest

from learning.duel import ENOUGH, decide, evidence
from storage.tables import Decision


def test_with_no_answer_nothing_is_decided() -> None:
    assert evidence(0, 0) == pytest.approx(1)
    assert decide(0, 0, 0, most=200).decision is Decision.GO_ON


def test_a_challenger_that_is_right_nearly_always_is_promoted_after_few_answers() -> None:
    standing = decide(won=10, lost=1, asked=11, most=200)

    assert standing.decision is Decision.PROMOTE
    assert standing.reason == (
        "of 11 messages on which the two disagree, people sided with the challenger in 10: it is better"
    )


def test_both_sides_are_judged_alike() -> None:
    assert decide(1, 10, 11, most=200).decision is Decision.REFUSE
    assert decide(1, 10, 11, most=200).evidence_against == decide(10, 1, 11, most=200).evidence_for


def test_after_the_last_question_the_champion_stays() -> None:
    standing = decide(won=30, lost=30, asked=80, most=80)

    assert standing.decision is Decision.REFUSE
    assert "not shown to be better" in standing.reason


def test_thousands_of_answers_are_no_trouble() -> None:
    assert decide(6_000, 3_000, 9_000, most=10_000).decision is Decision.PROMOTE
    assert evidence(3_000, 9_000) < 1


def test_of_equals_at_most_one_in_twenty_is_promoted_however_often_one_looks() -> None:
    random = np.random.default_rng(0)
    promoted = 0
    for _ in range(400):
        wins = np.cumsum(random.random(150) < 0.5)
        promoted += any(evidence(int(won), at + 1 - int(won)) >= ENOUGH for at, won in enumerate(wins))

    assert promoted / 400 <= 0.05
