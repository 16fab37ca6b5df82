from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from learning.encoders.encoder import Vectors
from learning.evaluation.drift import FALSE_ALARMS, LEAST, falling, mmd
from tests.learning.conftest import Banking


def test_where_nothing_changed_alarms_are_as_rare_as_stated() -> None:
    random = np.random.default_rng(0)
    p_values = [mmd(_around(random, 60), _around(random, 80), seed).p_value for seed in range(150)]

    assert np.mean(np.less(p_values, FALSE_ALARMS)) <= binom.ppf(0.99, 150, FALSE_ALARMS) / 150
    assert np.mean(np.less(p_values, 0.2)) == pytest.approx(0.2, abs=0.07)


def test_a_new_topic_in_a_fifth_of_the_messages_is_found() -> None:
    random = np.random.default_rng(1)
    found = []
    for seed in range(10):
        lately = np.vstack([_around(random, 160), _around(random, 40, topics=(5,))])
        found.append(mmd(_around(random, 200), lately, seed))

    assert all(drift.has_drifted for drift in found)
    assert "what people write has changed" in found[0].reason


def test_of_real_messages_a_label_never_met_is_found_and_a_split_by_chance_is_not(banking: Banking) -> None:
    order = np.random.default_rng(2).permutation(len(banking.classes))
    is_new = banking.classes[order] >= 8
    known, new = banking.vectors[order[~is_new]], banking.vectors[order[is_new]]

    assert not mmd(known[:96], known[96:], seed=0).has_drifted
    assert mmd(known[:96], np.vstack([known[96:], new]), seed=0).has_drifted


def test_the_statistic_is_the_unbiased_one_by_its_definition() -> None:
    random = np.random.default_rng(3)
    before, lately = _around(random, 50), _around(random, 70)
    rows = np.vstack([before, lately]).astype(np.float64)
    squared = np.square(rows[:, None] - rows).sum(axis=2)
    likeness = np.exp(-squared / np.median(squared[np.triu_indices(120, 1)]))
    first, second, between = likeness[:50, :50], likeness[50:, 50:], likeness[:50, 50:]
    inside = [(part.sum() - len(part)) / (len(part) * (len(part) - 1)) for part in (first, second)]

    assert mmd(before, lately, seed=0).statistic == pytest.approx(sum(inside) - 2 * between.mean(), abs=1e-9)


def test_the_same_messages_and_seed_give_the_same_answer() -> None:
    random = np.random.default_rng(4)
    before, lately = _around(random, 700), _around(random, 900)

    assert mmd(before, lately, seed=5) == mmd(before, lately, seed=5)


def test_messages_that_are_all_the_same_word_for_word_are_no_drift() -> None:
    same = np.repeat(_around(np.random.default_rng(5), 1), 120, axis=0)

    assert mmd(same[:60], same[60:], seed=0).p_value == 1.0


def test_a_new_topic_is_found_where_most_messages_are_the_same_word_for_word() -> None:
    random = np.random.default_rng(6)
    same = np.repeat(_around(random, 1), 160, axis=0)
    before = np.vstack([same, _around(random, 40)])
    lately = np.vstack([same[:120], _around(random, 40), _around(random, 40, topics=(5,))])

    assert mmd(before, lately, seed=0).has_drifted


def test_of_too_few_messages_nothing_is_said() -> None:
    random = np.random.default_rng(7)
    found = mmd(_around(random, LEAST - 1), _around(random, 90, topics=(5,)), seed=0)

    assert not found.has_drifted
    assert found.reason == "too few messages yet (49 before, 90 lately)"


def test_a_model_that_is_right_less_often_is_found() -> None:
    found = falling((170, 200), (120, 200))

    assert found.has_fallen
    assert "less often: 60% lately, 85% before" in found.reason


@pytest.mark.parametrize("lately", [(85, 100), (80, 100), (100, 100)])
def test_a_model_that_is_right_about_as_often_or_more_is_not_falling(lately: tuple[int, int]) -> None:
    found = falling((170, 200), lately)

    assert not found.has_fallen
    assert "no less often than before" in found.reason


def test_of_rightness_that_stayed_alarms_are_as_rare_as_stated() -> None:
    rights = np.random.default_rng(8).binomial(200, 0.8, (500, 2))
    alarms = [falling((int(before), 200), (int(lately), 200)).has_fallen for before, lately in rights]

    assert np.mean(alarms) <= binom.ppf(0.99, 500, FALSE_ALARMS) / 500


def test_of_too_few_judged_messages_nothing_is_said() -> None:
    found = falling((45, LEAST), (0, LEAST - 1))

    assert not found.has_fallen
    assert found.reason == "too few messages yet (50 judged before, 49 lately)"


def _around(random: np.random.Generator, number: int, topics: tuple[int, ...] = (0, 1, 2, 3, 4)) -> Vectors:
    """Vectors of length 1, each around one of some topics, in 32 dimensions."""
    centres = np.random.default_rng(99).standard_normal((6, 32))
    rows = centres[random.choice(topics, number)] + random.standard_normal((number, 32))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
