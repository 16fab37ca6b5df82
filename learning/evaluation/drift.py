"""Drift: do people write about other things than the model learned from, and is it right less often?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.encoders.encoder import Vectors

FALSE_ALARMS = 0.01
LEAST = 50
SAMPLE_MOST = 500
PERMUTATIONS = 500
SAME = 1e-9  # squared distances and statistics closer than this differ by rounding alone

Numbers = NDArray[np.float64]


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
    """Unbiased squared maximum mean discrepancy, judged by permutations (Gretton et al., 2012).

    before, lately: (messages, dimensions), of which SAMPLE_MOST at random are looked at.
    """
    if min(len(before), len(lately)) < LEAST:
        return Drift(0.0, 1.0, False, f"too few messages yet ({len(before)} before, {len(lately)} lately)")
    random = np.random.default_rng(seed)
    parts = [rows[random.permutation(len(rows))[:SAMPLE_MOST]] for rows in (before, lately)]
    kernel = _kernel(np.vstack(parts).astype(np.float64))
    is_before = np.arange(len(kernel)) < len(parts[0])
    orders = np.stack([is_before, *(random.permutation(is_before) for _ in range(PERMUTATIONS))])
    statistics = _discrepancies(kernel, orders.astype(np.float64))
    as_large = (statistics[1:] >= statistics[0] - SAME).sum()
    p_value = float((1 + as_large) / (1 + PERMUTATIONS))
    has_drifted = p_value < FALSE_ALARMS
    what = "what people write has changed" if has_drifted else "people write as before"
    return Drift(float(statistics[0]), p_value, has_drifted, f"{what} (p = {p_value:.3f})")


def _kernel(rows: Numbers) -> Numbers:
    """A Gaussian kernel as wide as the median distance; (rows, rows), 0 between a row and itself."""
    squares = np.square(rows).sum(axis=1)
    distances = squares[:, None] + squares - 2 * rows @ rows.T
    apart = distances[np.triu_indices(len(rows), 1)]
    apart = apart[apart > SAME]  # what many people write word for word says nothing about the width
    width = float(np.median(apart)) if len(apart) else 1.0
    kernel: Numbers = np.exp(-np.maximum(distances, 0.0) / width)
    np.fill_diagonal(kernel, 0.0)  # the unbiased estimate leaves a message's likeness to itself out
    return kernel


def _discrepancies(kernel: Numbers, orders: Numbers) -> Numbers:
    """The unbiased estimate for each way to part the rows of the kernel in two.

    orders: (ways, rows), 1 for a row of the first part, else 0. Returns (ways,).
    """
    first = orders[0].sum()
    second = len(kernel) - first
    within_first = np.einsum("ij,ij->i", orders @ kernel, orders)
    between = orders @ kernel.sum(axis=1) - within_first
    within_second = kernel.sum() - within_first - 2 * between
    found: Numbers = (
        within_first / (first * (first - 1))
        + within_second / (second * (second - 1))
        - 2 * between / (first * second)
    )
    return found


def falling(before: tuple[int, int], lately: tuple[int, int]) -> Falling:
    """Is the share of right ones lower lately? Fisher's exact test, one-sided, at FALSE_ALARMS.

    before, lately: how many were right, of how many.
    """
    from scipy.stats import fisher_exact

    if min(before[1], lately[1]) < LEAST:
        return Falling(False, f"too few messages yet ({before[1]} judged before, {lately[1]} lately)")
    table = [[lately[0], lately[1] - lately[0]], [before[0], before[1] - before[0]]]
    p_value = float(fisher_exact(table, alternative="less").pvalue)
    has_fallen = p_value < FALSE_ALARMS
    what = "the model is right less often" if has_fallen else "the model is right no less often than before"
    shares = f"{lately[0] / lately[1]:.0%} lately, {before[0] / before[1]:.0%} before"
    return Falling(has_fallen, f"{what}: {shares} (p = {p_value:.3f})")
