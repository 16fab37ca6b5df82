from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.gate import __main__ as gate
from benchmarks.gate.__main__ import MOST, Pair, fight, mcnemar, measure, nearest, pairs, prepare
from benchmarks.measuring.data import VARIABLE, rows
from benchmarks.measuring.report import NO_DATA

SHIPPED = Path(__file__).parents[1] / "data"


def test_a_pair_is_a_head_and_one_that_is_more_often_right() -> None:
    truth = np.array([0, 1, 2, 3])
    weak, strong = np.array([0, 9, 2, 8]), np.array([0, 1, 9, 3])

    [pair] = pairs([weak, strong], [weak, strong], truth)

    assert pair.right.tolist() == [0, 1, -1, 1]
    assert pair.disagree.tolist() == [False, True, True, True]
    assert pair.gain == 0.25


def test_pairs_are_taken_whose_gain_is_nearest() -> None:
    found = [_pair(won, 0, 100 - won) for won in (1, 2, 4, 7, 9)]

    assert {pair.gain for pair in nearest(found, 0.05)} == {0.02, 0.04, 0.07}


def test_a_much_better_challenger_is_promoted_soon_and_only_disagreements_are_asked() -> None:
    ended = fight(_pair(won=10, lost=1, neither=89), np.random.default_rng(0))

    assert ended.is_promoted
    assert ended.labels < 40
    assert ended.messages > 3 * ended.labels


def test_with_its_roles_swapped_at_random_even_that_challenger_is_seldom_promoted() -> None:
    pair, random = _pair(won=10, lost=1, neither=89), np.random.default_rng(0)

    promoted = [fight(pair, random, is_null=True).is_promoted for _ in range(200)]

    assert np.mean(promoted) < 0.06


def test_a_duel_without_an_answer_of_use_asks_the_most_and_promotes_nobody() -> None:
    pair = Pair(np.zeros(50, dtype=np.int64), np.ones(50, dtype=bool))

    ended = fight(pair, np.random.default_rng(0))

    assert (ended.is_promoted, ended.labels) == (False, MOST)


def test_mcnemars_p_is_small_for_a_winner_and_large_for_a_loser_or_nobody() -> None:
    random = np.random.default_rng(0)

    assert mcnemar(_pair(won=30, lost=5, neither=65), random) < 0.001
    assert mcnemar(_pair(won=5, lost=30, neither=65), random) > 0.999
    assert mcnemar(_pair(won=0, lost=0, neither=100), random) == 1


@pytest.mark.slow
def test_it_runs_on_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(SHIPPED))
    sample = rows("banking77_sample.jsonl")

    figures = measure(prepare(sample[::2], sample[1::2], most=100), counts=(20, 50, 100), runs=20)

    for kind in ("", "strangers_"):
        for figure in ("promoted", "mcnemar"):
            assert 0 <= figures[f"{kind}gain_5_{figure}"] <= 1
        assert figures[f"{kind}gain_5_true"] > 0
    assert 0 <= figures["null_promoted"] < 0.5


def test_without_its_data_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert gate.main([]) == NO_DATA


def _pair(won: int, lost: int, neither: int) -> Pair:
    """So many rows that the challenger wins and loses, and so many on which both agree."""
    right = np.array([1] * won + [-1] * lost + [0] * neither)
    return Pair(right, right != 0)
