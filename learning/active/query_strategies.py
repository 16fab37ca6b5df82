"""Query strategies: which messages of the pool to ask reviewers about, each a function over arrays, seeded.

random      uniform
margin      the two likeliest labels are closest (Scheffer et al., 2001)
entropy     the whole distribution is flattest (Settles, 2009)
typiclust   the most typical message of each cluster that has no label yet (Hacohen et al., 2022)
covering    the default: what would tell most about the messages the model doubts (after Yu, Bi & Tresp, 2006)

`docs/decisions/0007-query-strategies.md` has the labels that each of them needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.active.clusters import cluster, nearest_centre
from learning.active.variance import most_telling
from learning.encoders.encoder import Vectors

Indices = NDArray[np.int64]

RANDOM_SHARE = 0.1
DEFAULT_STRATEGY = "covering"
CLUSTERS_MOST = 500
NEIGHBOURS = 20
# Covering looks at so many messages, and so many labelled ones, at most: its time grows with their square.
SAMPLE = 4_000
LEAST_DOUBT = 1e-3


class UnknownStrategyError(ValueError):
    """No query strategy has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no query strategy {name!r}; known are {', '.join(sorted(STRATEGIES))}")


@dataclass(frozen=True)
class Pool:
    """vectors: (pool, dimensions), rows of length 1; probabilities: (pool, labels), rows sum to 1.

    labelled: (labelled, dimensions), of the messages that have a label or are being asked about.
    """

    vectors: Vectors
    probabilities: Vectors
    labelled: Vectors

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class Fair:
    """What the random tenth is drawn from, and what was drawn before.

    rows: (messages,), the row of the pool that each message has, -1 if it has none; asked, at_random: how many messages
    were asked about before, and how many of them at random.
    """

    rows: Indices
    asked: int = 0
    at_random: int = 0

    def owed(self, n: int) -> int:
        """How many of the next `n` have to be random so that a tenth of all is, rounded up."""
        return min(n, max(0, math.ceil(RANDOM_SHARE * (self.asked + n)) - self.at_random))


@dataclass(frozen=True)
class Pick:
    """What to ask about: `at_random`, rows of what is fair to draw from, and `chosen`, other rows of the pool."""

    at_random: Indices
    chosen: Indices


Strategy = Callable[[Pool, int, int], Indices]


def pick(name: str, pool: Pool, n: int, seed: int, fair: Fair | None = None) -> Pick:
    """Up to `n` messages: a tenth (rounded up) at random, the others by the strategy of that name.

    Without `fair` the random ones are drawn from the pool. Raises UnknownStrategyError.
    """
    if name not in STRATEGIES:
        raise UnknownStrategyError(name)
    fair = fair or Fair(np.arange(len(pool)))
    at_random = _draw(len(fair.rows), fair.owed(n), seed)
    taken = fair.rows[at_random]
    taken = taken[taken >= 0]
    rest = np.setdiff1d(np.arange(len(pool)), taken)
    remaining = Pool(
        pool.vectors[rest], pool.probabilities[rest], np.vstack([pool.labelled, pool.vectors[taken]])
    )
    return Pick(at_random, rest[STRATEGIES[name](remaining, n - len(at_random), seed)])


def by_chance(pool: Pool, n: int, seed: int) -> Indices:
    """`n` rows, each as likely as any other."""
    return _draw(len(pool), n, seed)


def _draw(size: int, n: int, seed: int) -> Indices:
    return np.random.default_rng(seed).permutation(size)[: max(n, 0)].astype(np.int64)


def by_margin(pool: Pool, n: int, seed: int) -> Indices:  # noqa: ARG001
    """`n` rows whose two likeliest labels are closest, closest first."""
    return np.argsort(_margins(pool), kind="stable")[: max(n, 0)]


def by_entropy(pool: Pool, n: int, seed: int) -> Indices:  # noqa: ARG001
    """`n` rows with the highest entropy, highest first."""
    entropy = -(pool.probabilities * np.log(pool.probabilities + 1e-12)).sum(axis=1)
    return np.argsort(-entropy, kind="stable")[: max(n, 0)]


def by_typicality(pool: Pool, n: int, seed: int) -> Indices:
    """Up to `n` rows: of each cluster without a label, biggest first, the one that is nearest to its neighbours.

    Pool and labelled messages together are divided into as many clusters as there would be labels then (at most
    CLUSTERS_MOST); where all clusters have labels, those with the fewest for their size are next.
    """
    n = min(n, len(pool))
    if n <= 0:
        return np.empty(0, dtype=np.int64)
    everything = np.vstack([pool.vectors, pool.labelled])
    centres = cluster(everything, min(len(pool.labelled) + n, CLUSTERS_MOST, len(everything)), seed)
    of = nearest_centre(pool.vectors, centres)
    covered = np.bincount(nearest_centre(pool.labelled, centres), minlength=len(centres)).astype(np.float64)
    chosen: list[int] = []
    members = {number: np.flatnonzero(of == number) for number in np.unique(of)}
    typical = {number: _most_typical_first(pool.vectors, rows) for number, rows in members.items()}
    while len(chosen) < n:
        neediest = min(
            (number for number in typical if len(typical[number])),
            key=lambda number: (
                covered[number] / max(len(members[number]), 1) if covered[number] else -1.0,
                -len(members[number]),
                number,
            ),
        )
        chosen.append(int(typical[neediest][0]))
        typical[neediest] = typical[neediest][1:]
        covered[neediest] += 1
    return np.array(chosen, dtype=np.int64)


def _most_typical_first(vectors: Vectors, rows: Indices) -> Indices:
    """`rows` by the mean similarity to their nearest neighbours among them, highest first."""
    some = rows[:: max(1, len(rows) // 1_000)]  # a big cluster is sampled: its middle is found as well
    similar = vectors[some] @ vectors[some].T
    neighbours = min(NEIGHBOURS + 1, len(some))
    nearest = -np.partition(-similar, neighbours - 1, axis=1)[:, :neighbours]
    return some[np.argsort(-nearest.mean(axis=1), kind="stable")]


def by_covering(pool: Pool, n: int, seed: int) -> Indices:
    """Up to `n` rows that, once labelled, would tell most about the messages of the pool with a small margin.

    How much labels tell about other messages is a Gaussian process's reduction of variance, given what has a label
    already; each message counts by how doubtful it is. Of a big pool a sample is looked at.
    """
    random = np.random.default_rng(seed)
    sample = _sample(len(pool), max(SAMPLE, min(n, len(pool))), random)
    if n >= len(sample) or n <= 0:
        return by_margin(pool, n, seed)
    known = pool.labelled[_sample(len(pool.labelled), SAMPLE, random)]
    doubt = np.maximum(1 - _margins(pool)[sample], LEAST_DOUBT)
    return sample[most_telling(pool.vectors[sample], known, doubt, n)]


def _sample(size: int, most: int, random: np.random.Generator) -> Indices:
    """`most` rows of `size`, in order; all where there are no more."""
    return np.sort(random.permutation(size)[:most]).astype(np.int64)


def _margins(pool: Pool) -> NDArray[np.float32]:
    if pool.probabilities.shape[1] < 2:
        return np.ones(len(pool), dtype=np.float32)
    best = np.partition(pool.probabilities, -2, axis=1)
    margins: NDArray[np.float32] = best[:, -1] - best[:, -2]
    return margins


STRATEGIES: dict[str, Strategy] = {
    "random": by_chance,
    "margin": by_margin,
    "entropy": by_entropy,
    "typiclust": by_typicality,
    DEFAULT_STRATEGY: by_covering,
}
