"""How far reviewers agree."""

from __future__ import annotations

import pytest

from learning.evaluation import agreement
from learning.evaluation.agreement import alpha, measure


def test_krippendorffs_alpha_is_that_of_his_own_example() -> None:
    # Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", part C: four observers, nominal data.
    answered = ["111", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", "555", "11"]

    assert alpha(answered) == pytest.approx(0.743, abs=0.0005)


def test_all_of_one_label_says_nothing_of_chance_and_a_discarded_message_is_an_answer() -> None:
    assert alpha([["bug", "bug"]] * 20) is None
    assert alpha([[None, None], ["bug", "bug"]]) == 1
    assert measure([[None, "bug"]] * 4).agreed == 0  # type: ignore[union-attr]


def test_of_few_messages_only_the_share_is_told_with_its_interval() -> None:
    few = measure([["bug", "bug"], ["bug", "praise"]] * 2)
    many = measure([["bug", "bug"], ["bug", "praise"], ["praise", "praise"]] * 6)

    assert measure([]) is None
    assert few is not None
    assert (few.messages, few.agreed, few.alpha) == (4, 2, None)
    assert few.share.low < 0.2 < 0.8 < few.share.high
    assert many is not None
    assert many.messages >= agreement.MIN_FOR_ALPHA
    assert many.alpha == pytest.approx(0.352, abs=0.001)
