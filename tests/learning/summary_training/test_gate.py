from __future__ import annotations

import numpy as np

from learning.summary_training.gate import SummaryContender, SummaryLimits, judge
from storage.tables.models import Decision

LIMITS = SummaryLimits(margin=1.0, unfounded=0.1, least=8)


def contender(*rouge: float, unfounded: float = 0.1) -> SummaryContender:
    return SummaryContender(np.array(rouge), unfounded, 1.0)


def noisy(middle: float, number: int = 40, spread: float = 5.0) -> SummaryContender:
    random = np.random.default_rng(1)
    return contender(*(middle + spread * random.standard_normal(number)))


def test_what_is_shown_to_be_better_is_promoted_with_the_gain_in_words() -> None:
    found = judge(noisy(20), noisy(25), LIMITS, 0)

    assert found.decision is Decision.PROMOTE
    assert found.reason.startswith("ROUGE-L rises by 5.0 points on 40 held-out summaries (")
    assert found.figures["rouge_l"]["low"] > 0


def test_what_is_shown_to_be_worse_is_refused() -> None:
    found = judge(noisy(25), noisy(20), LIMITS, 0)

    assert found.decision is Decision.REFUSE
    assert "falls by 5.0 points" in found.reason


def test_what_can_not_be_told_leaves_the_champion_in_service() -> None:
    random = np.random.default_rng(2)
    same = contender(*(20 + 5 * random.standard_normal(40)))

    found = judge(noisy(20), same, LIMITS, 0)

    assert found.decision is Decision.REFUSE
    assert "can't tell" in found.reason


def test_the_same_answers_are_no_gain() -> None:
    assert judge(noisy(20), noisy(20), LIMITS, 0).decision is Decision.REFUSE


def test_a_gain_that_comes_with_unsupported_sentences_is_refused() -> None:
    found = judge(contender(*[20.0] * 10), contender(*[40.0] * 10, unfounded=0.4), LIMITS, 0)

    assert found.decision is Decision.REFUSE
    assert found.reason == "40% of its sentences are not supported by the messages, of the champion's 10%"


def test_by_a_handful_of_summaries_nothing_is_decided() -> None:
    found = judge(contender(1, 2, 3), contender(91, 92, 93), LIMITS, 0)

    assert found.decision is Decision.REFUSE
    assert "3 settled summaries are held out and 8 are needed" in found.reason


def test_without_a_holdout_nothing_breaks() -> None:
    assert judge(contender(), contender(), LIMITS, 0).decision is Decision.REFUSE
