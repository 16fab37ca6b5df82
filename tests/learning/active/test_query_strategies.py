from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from learning.active import query_strategies
from learning.active.clusters import cluster, nearest_centre
from learning.active.query_strategies import DEFAULT_STRATEGY, STRATEGIES, Pool, UnknownStrategyError, pick
from learning.encoders.encoder import Vectors
from learning.heads import head
from tests.learning.conftest import Banking
from tests.properties import REPEATABLE

NAMES = sorted(STRATEGIES)


def pool_of(size: int, labels: int = 5, labelled: int = 0, seed: int = 0) -> Pool:
    """Messages in seven heaps, with random opinions of a model."""
    random = np.random.default_rng(seed)
    vectors = np.eye(8)[random.integers(7, size=size + labelled)] + 0.1 * random.standard_normal(
        (size + labelled, 8)
    )
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    probabilities = random.dirichlet(np.ones(labels), size).astype(np.float32)
    return Pool(unit[:size], probabilities, unit[size:])


@settings(REPEATABLE, max_examples=40)
@given(
    size=some.integers(0, 60),
    n=some.integers(0, 70),
    labels=some.integers(1, 9),
    labelled=some.integers(0, 80),
)
@example(size=0, n=5, labels=2, labelled=0)
@example(size=0, n=5, labels=1, labelled=80)
@example(size=1, n=1, labels=1, labelled=0)
@example(size=1, n=5, labels=2, labelled=3)
@example(size=7, n=0, labels=9, labelled=0)
@example(size=7, n=7, labels=2, labelled=80)
@example(size=40, n=1, labels=1, labelled=3)
@example(size=40, n=39, labels=9, labelled=0)
@example(size=40, n=50, labels=2, labelled=80)
@example(size=300, n=50, labels=9, labelled=3)
@example(size=300, n=50, labels=1, labelled=80)
def test_as_many_different_messages_are_picked_as_there_can_be(
    size: int, n: int, labels: int, labelled: int
) -> None:
    pool = pool_of(size, labels, labelled, seed=size + n)
    for name in NAMES:
        picked = pick(name, pool, n, seed=1)

        every = np.concatenate([picked.at_random, picked.chosen])
        assert len(every) == len(set(every.tolist())) == min(n, size), name
        assert np.isin(every, np.arange(size)).all(), name
        assert every.dtype == np.int64, name


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_picks_the_same(name: str) -> None:
    pool = pool_of(200, labelled=10)

    one, again, other = (pick(name, pool, 30, seed) for seed in (4, 4, 5))

    assert np.array_equal(one.at_random, again.at_random)
    assert np.array_equal(one.chosen, again.chosen)
    assert not np.array_equal(one.at_random, other.at_random)


@pytest.mark.parametrize(("n", "at_random"), [(1, 1), (10, 1), (11, 2), (50, 5)])
def test_a_tenth_is_random_whatever_the_strategy(n: int, at_random: int) -> None:
    pool = pool_of(100)

    assert [len(pick(name, pool, n, seed=0).at_random) for name in NAMES] == [at_random] * len(NAMES)


def test_each_message_is_as_likely_as_any_other_to_be_in_the_random_tenth() -> None:
    pool = pool_of(20)

    drawn = [index for seed in range(2_000) for index in pick("margin", pool, 20, seed).at_random]

    counts = np.bincount(drawn, minlength=20)  # 200 each; one standard deviation is 13
    assert counts.sum() == 4_000
    assert np.abs(counts - 200).max() < 60


@pytest.mark.parametrize("name", NAMES)
def test_copies_of_one_message_do_no_harm(name: str) -> None:
    one = pool_of(1)
    pool = Pool(np.repeat(one.vectors, 30, axis=0), np.repeat(one.probabilities, 30, axis=0), one.vectors)

    picked = pick(name, pool, 12, seed=0)

    assert len({*picked.at_random.tolist(), *picked.chosen.tolist()}) == 12


def test_margin_asks_where_two_labels_are_closest_and_entropy_where_all_are() -> None:
    probabilities = np.array([[0.9, 0.1, 0], [0.5, 0.5, 0], [0.4, 0.3, 0.3]], dtype=np.float32)
    pool = Pool(pool_of(3).vectors, probabilities, np.zeros((0, 8), dtype=np.float32))

    assert STRATEGIES["margin"](pool, 3, 0).tolist() == [1, 2, 0]
    assert STRATEGIES["entropy"](pool, 3, 0).tolist() == [2, 1, 0]


def unit_heaps(number: int, each: int) -> Vectors:
    """Vectors around as many directions, heap by heap: (number * each, 8)."""
    rows = np.repeat(np.eye(8)[:number], each, axis=0)
    rows = rows + 0.05 * np.random.default_rng(0).standard_normal(rows.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_what_lies_far_from_all_that_is_labelled_is_asked_about_first() -> None:
    vectors = unit_heaps(6, 20)
    pool = Pool(vectors[60:], np.full((60, 3), 1 / 3, dtype=np.float32), vectors[:60:20])

    picked = STRATEGIES[DEFAULT_STRATEGY](pool, 3, 0)

    assert sorted(index // 20 for index in picked.tolist()) == [0, 1, 2]


def test_the_default_asks_about_doubtful_messages_before_clear_ones() -> None:
    sure, unsure = [0.98, 0.01, 0.01], [0.4, 0.35, 0.25]
    probabilities = np.array([sure] * 60 + [unsure] * 60, dtype=np.float32)
    pool = Pool(unit_heaps(6, 20), probabilities, np.zeros((0, 8), dtype=np.float32))

    picked = STRATEGIES[DEFAULT_STRATEGY](pool, 3, 0)

    assert sorted(index // 20 for index in picked.tolist()) == [3, 4, 5]


def test_the_default_asks_about_a_crowd_before_a_loner() -> None:
    vectors = np.vstack([unit_heaps(3, 20), np.eye(8, dtype=np.float32)[7:]])
    pool = Pool(vectors, np.full((61, 3), 1 / 3, dtype=np.float32), np.zeros((0, 8), dtype=np.float32))

    picked = STRATEGIES[DEFAULT_STRATEGY](pool, 3, 0)

    assert sorted(index // 20 for index in picked.tolist()) == [0, 1, 2]


def test_typical_messages_come_from_different_clusters() -> None:
    pool = pool_of(200)

    picked = STRATEGIES["typiclust"](pool, 7, 3)

    of = nearest_centre(pool.vectors, cluster(pool.vectors, 7, 3))
    assert len(set(of[picked].tolist())) == 7


@pytest.mark.parametrize("n", [5, 60])
def test_of_a_big_pool_the_default_looks_at_a_sample(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    monkeypatch.setattr(query_strategies, "SAMPLE", 50)

    picked = STRATEGIES[DEFAULT_STRATEGY](pool_of(300, labelled=120), n, 0)

    assert len(set(picked.tolist())) == n


def test_the_default_needs_fewer_labels_than_chance_on_real_messages(banking: Banking) -> None:
    def accuracy(name: str, seed: int) -> float:
        labelled, fitted = np.zeros(0, dtype=np.int64), None
        while True:
            classes = banking.classes[labelled]
            fitted = head.fit(
                banking.labels,
                np.zeros_like(banking.descriptions),
                banking.vectors[labelled],
                classes,
                fitted,
            )
            if len(labelled) >= 20:
                return float((fitted.probabilities(banking.vectors).argmax(axis=1) == banking.classes).mean())
            rest = np.setdiff1d(np.arange(240), labelled)
            rows = banking.vectors[rest]
            pool = Pool(rows, fitted.probabilities(rows), banking.vectors[labelled])
            picked = pick(name, pool, 10, seed)
            labelled = np.concatenate([labelled, rest[picked.at_random], rest[picked.chosen]])

    seeds = range(5)
    assert np.mean([accuracy(DEFAULT_STRATEGY, seed) for seed in seeds]) > np.mean(
        [accuracy("random", seed) for seed in seeds]
    )


def test_an_unknown_strategy_is_refused_with_the_names_of_the_known() -> None:
    with pytest.raises(UnknownStrategyError, match="entropy, margin, random, typiclust"):
        pick("best", pool_of(3), 1, seed=0)
