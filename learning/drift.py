"""Drift: do people write about other things than the model learned from, and is it right less often?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.encoder import Vectors

FALSE_ALARMS = 0.01
LEAST = 50
SAMPLE_MOST = 500
PERMUTATIONS = 500


@dataclass(frozen=True)
class Drift:
    """`p_value`: how likely so large a difference is where nothing changed; below FALSE_ALARMS it is called drift."""

    statistic: float
    p_value: float
    has_drifted: bool
    reason: str


@dataclass(frozen=True)
class Falling:
    """Has the share of messages that were right fallen, and why one thinks so, in words."""

    has_fallen: bool
    reason: str


def mmd(before: Vectors, lately: Vectors, seed: int) -> Drift:
    """Maximum mean discrepancy with a Gaussian kernel of median width, judged by permutations (Gretton et al., 2012).

    before, lately: (messages, dimensions), of which SAMPLE_MOST at random are looked at.
    """
    if min(len(before), len(lately)) < LEAST:
        return Drift(0.0, 1.0, False, f"too few messages yet ({len(before)} before, {len(lately)} lately)")
    random = np.random.default_rng(seed)
    parts = [rows[random.permutation(len(rows))[:SAMPLE_MOST]] for rows in (before, lately)]
    kernel = _kernel(np.vstack(parts).astype(np.float64))
    first = len(parts[0])
    signs = np.concatenate([np.full(first, 1 / first), np.full(len(parts[1]), -1 / len(parts[1]))])
    orders = np.stack([signs, *(random.permutation(signs) for _ in range(PERMUTATIONS))])
    statistics = np.einsum("ij,ij->i", orders @ kernel, orders)
    p_value = float((1 + (statistics[1:] >= statistics[0]).sum()) / (1 + PERMUTATIONS))
    has_drifted = p_value < FALSE_ALARMS
    what = "what people write has changed" if has_drifted else "people write as before"
    return Drift(float(statistics[0]), p_value, has_drifted, f"{what} (p = {p_value:.3f})")


def _kernel(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = np.square(rows).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0.0)
    width = float(np.median(distances[np.triu_indices(len(rows), 1)])) or 1.0
    kernel: NDArray[np.float64] = np.exp(-distances / width)
    np.fill_diagonal(kernel, 0.0)  # the unbiased estimate leaves a message's likeness to itself out
    return kernel


def falling(before: tuple[int, int], lately: tuple[int, int]) -> Falling:
    """Is the share of right ones lower lately? Fisher's exact test at FALSE_ALARMS.

    before, lately: how many were right, of how many.
    """
    from scipy.stats import fisher_exact

    if min(before[1], lately[1]) < LEAST:
        return Falling(False, f"too few judged messages yet ({before[1]} before, {lately[1]} lately)")
    table = [[lately[0], lately[1] - lately[0]], [before[0], before[1] - before[0]]]
    p_value = float(fisher_exact(table, alternative="less").pvalue)
    has_fallen = p_value < FALSE_ALARMS
    shares = f"{lately[0] / lately[1]:.0%} right lately, {before[0] / before[1]:.0%} before"
    return Falling(has_fallen, f"{'fewer are right' if has_fallen else 'as right as before'}: {shares}")
