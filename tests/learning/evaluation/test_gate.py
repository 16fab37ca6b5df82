from __future__ import annotations

import numpy as np

from learning.evaluation.gate import Contender, GateLimits, Rows, judge
from storage.tables.models import Decision

NAMES = ("bug", "billing", "praise")
TRUTH = np.tile(np.arange(3), 40)


def wrong_in(share: float, seed: int = 1) -> Rows:
    """Answers of which about this share is wrong."""
    random = np.random.default_rng(seed)
    return np.where(random.random(len(TRUTH)) < share, (TRUTH + 1) % 3, TRUTH).astype(np.int64)


def contender(said: Rows, calibration: float = 0.05, latency_s: float = 0.01) -> Contender:
    return Contender(said, calibration, latency_s)


def test_a_clear_gain_is_promoted_with_its_interval() -> None:
    found = judge(contender(wrong_in(0.4)), contender(wrong_in(0.05)), TRUTH, NAMES, GateLimits(), 0)

    assert found.decision is Decision.PROMOTE
    assert found.reason.startswith("macro-F1 rises by ")
    assert found.figures["macro_f1"]["low"] > 0


def test_a_clear_loss_is_refused() -> None:
    found = judge(contender(wrong_in(0.05)), contender(wrong_in(0.4)), TRUTH, NAMES, GateLimits(), 0)

    assert found.decision is Decision.REFUSE
    assert "macro-F1 falls by " in found.reason


def test_where_the_holdout_can_not_tell_both_go_on() -> None:
    found = judge(contender(wrong_in(0.2, 1)), contender(wrong_in(0.2, 2)), TRUTH, NAMES, GateLimits(), 0)

    assert found.decision is Decision.GO_ON


def test_one_label_that_is_ruined_is_reason_enough_to_refuse() -> None:
    said = TRUTH.copy()
    said[TRUTH == 2] = np.where(np.arange(40) % 2, 2, 0)
    before = wrong_in(0.2)
    before[TRUTH == 2] = 2

    found = judge(contender(before), contender(said), TRUTH, NAMES, GateLimits(), 0)

    assert found.decision is Decision.REFUSE
    assert "F1 of praise falls by" in found.reason


def test_confidence_that_is_far_off_and_slowness_are_refused_whatever_is_gained() -> None:
    unsure = contender(wrong_in(0.05), calibration=0.3)
    slow = contender(wrong_in(0.05), latency_s=0.1)

    for challenger, why in ((unsure, "its confidence is off by 30%"), (slow, "it takes 10.0 times as long")):
        found = judge(contender(wrong_in(0.4)), challenger, TRUTH, NAMES, GateLimits(), 0)
        assert found.decision is Decision.REFUSE
        assert why in found.reason


def test_a_holdout_of_a_few_messages_decides_nothing() -> None:
    few = slice(0, 10)
    found = judge(
        contender(wrong_in(0.9)[few]), contender(TRUTH[few]), TRUTH[few], NAMES, GateLimits(least=30), 0
    )

    assert found.decision is Decision.GO_ON
    assert "10 reviewed messages" in found.reason
