from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from learning.evaluation.duel import NEEDED, PRIOR, DuelStanding, decide, evidence, spoken
from storage.tables.models import Decision

MOST = 10_000


def test_a_clear_winner_is_promoted_with_the_reason_in_words() -> None:
    standing = decide(won=20, lost=5, asked=27, most=200)

    assert standing.decision is Decision.PROMOTE
    assert standing.reason == (
        "people sided with the challenger in 20 of 25 messages on which the two disagree and one is right "
        "(evidence 36.5, needs 20)"
    )


def test_a_clear_loser_is_refused() -> None:
    standing = decide(won=5, lost=20, asked=27, most=200)

    assert standing.decision is Decision.REFUSE
    assert "sided with the champion in 20 of 25" in standing.reason


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (3, 9), (40, 11), (700, 650)])
def test_champion_and_challenger_are_judged_alike(won: int, lost: int) -> None:
    standing, mirrored = decide(won, lost, won + lost, MOST), decide(lost, won, won + lost, MOST)

    assert (standing.evidence_for, standing.evidence_against) == (
        mirrored.evidence_against,
        mirrored.evidence_for,
    )


def test_without_an_answer_it_goes_on() -> None:
    standing = decide(won=0, lost=0, asked=0, most=200)

    assert standing.decision is Decision.GO_ON
    assert standing.evidence_for == pytest.approx(1)
    assert standing.evidence_against == pytest.approx(1)


def test_answers_in_which_neither_was_right_count_towards_the_most_and_towards_nothing_else() -> None:
    before, at_the_end = decide(10, 7, 199, 200), decide(10, 7, 200, 200)

    assert before.decision is Decision.GO_ON
    assert at_the_end.decision is Decision.REFUSE
    assert at_the_end.reason.startswith(
        "200 questions did not show a gain: people sided with the challenger in 10 of 17"
    )
    assert at_the_end.evidence_for == decide(10, 7, 17, 200).evidence_for


def test_the_last_question_may_still_promote() -> None:
    assert decide(won=40, lost=10, asked=200, most=200).decision is Decision.PROMOTE


def test_evidence_just_short_of_enough_does_not_read_as_enough() -> None:
    assert spoken(NEEDED - 0.01) == "evidence 19.9, needs 20"
    assert spoken(1e200) == "evidence above 1,000"


@pytest.mark.parametrize("limit", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("answers", [1, 7, 150])
def test_evidence_expects_to_stay_at_one_where_there_is_nothing_to_find(limit: float, answers: int) -> None:
    hits = np.arange(answers + 1)

    found = [evidence(int(one), answers - int(one), limit, PRIOR) for one in hits]

    assert binom.pmf(hits, answers, limit) @ found == pytest.approx(1, rel=1e-4)


def test_of_equal_models_fewer_than_5_of_100_are_promoted_although_each_answer_is_looked_at() -> None:
    assert 0.01 < _promoted(share=0.5, answers=300) < 0.05


def test_a_worse_model_is_hardly_ever_promoted() -> None:
    assert _promoted(share=0.4, answers=150) < 0.005


def test_of_better_models_half_are_promoted_after_a_few_dozen_answers() -> None:
    assert _promoted(share=0.7, answers=38) > 0.5
    assert _promoted(share=0.8, answers=20) > 0.5


@pytest.mark.parametrize(("won", "lost"), [(0, 100_000), (100_000, 0), (50_000, 50_000), (6_000, 5_000)])
def test_many_answers_do_not_overflow(won: int, lost: int) -> None:
    standing = decide(won, lost, won + lost, 10**6)

    assert math.isfinite(standing.evidence_for)
    assert math.isfinite(standing.evidence_against)
    assert standing.decision is _expected(standing)


def _expected(standing: DuelStanding) -> Decision:
    if standing.won == standing.lost:
        return Decision.GO_ON
    return Decision.PROMOTE if standing.won > standing.lost else Decision.REFUSE


def _promoted(share: float, answers: int) -> float:
    """The exact chance that a duel ever promotes within so many answers, decided after each.

    share: of answers that side with the challenger.
    """
    going_on, promoted = {0: 1.0}, 0.0  # the chance of each number won, in duels not yet decided
    for answered in range(1, answers + 1):
        following: dict[int, float] = {}
        for won, chance in going_on.items():
            following[won] = following.get(won, 0.0) + chance * (1 - share)
            following[won + 1] = following.get(won + 1, 0.0) + chance * share
        decided = {won: decide(won, answered - won, answered, MOST).decision for won in following}
        promoted += sum(following[won] for won in following if decided[won] is Decision.PROMOTE)
        going_on = {won: following[won] for won in following if decided[won] is Decision.GO_ON}
    return promoted
