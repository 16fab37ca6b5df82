"""Measures what answering suspicious labels is worth: Banking77 with 8 labels a class, of which 0, 5 or 20 % are wrong.

Reviewers are asked as `learning/active/doubting.py` asks them, and answer rightly. Recovered is the share of what
wrong labels cost in accuracy that their answers bring back.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.cold_start import __main__ as cold_start
from benchmarks.cold_start.__main__ import Problem, Vectorized
from benchmarks.measuring.report import Bound
from learning.active.doubting import PORTION, pays
from learning.heads import head
from learning.run_reports.data_report import suspects

NOISE = (0.0, 0.05, 0.2)
BOUNDS = (
    Bound("recovered_20", at_least=0.75),
    Bound("precision_20", at_least=0.6),
    Bound("asked_0", at_most=PORTION),
)


@dataclass(frozen=True)
class Asked:
    """The result of asking: labels asked about, precision and recall of that, and the share of the loss recovered."""

    asked: int
    precision: float
    recall: float
    recovered: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    return cold_start.run("suspects", __doc__, measure, BOUNDS, arguments)


def measure(problem: Problem) -> dict[str, float]:
    """Means over the seeds, for each share of wrong labels."""
    figures: dict[str, float] = {"seeds": len(problem.samples)}
    for share in NOISE:
        found = [answer(problem, sample, share, seed) for seed, sample in enumerate(problem.samples)]
        name = f"{100 * share:.0f}"
        figures[f"asked_{name}"] = float(np.mean([one.asked for one in found]))
        if share:
            figures[f"precision_{name}"] = float(np.mean([one.precision for one in found]))
            figures[f"recall_{name}"] = float(np.mean([one.recall for one in found]))
            figures[f"recovered_{name}"] = float(np.mean([one.recovered for one in found]))
    return figures


def answer(problem: Problem, sample: Vectorized, share: float, seed: int) -> Asked:
    """Mix up this share of the labels, and have reviewers answer what they are asked, portion by portion."""
    random = np.random.default_rng(seed)
    wrong = random.random(len(sample.classes)) < share
    moved = random.integers(1, len(problem.labels), len(sample.classes))
    classes = np.where(wrong, (sample.classes + moved) % len(problem.labels), sample.classes)
    ranked = [row for row, _, _ in suspects(sample.vectors, classes, seed=0)]
    found = wrong[ranked].tolist()
    asked = min(PORTION, len(ranked))
    while asked < len(ranked) and pays(found[:asked]):
        asked = min(asked + PORTION, len(ranked))
    corrected = classes.copy()
    corrected[ranked[:asked]] = sample.classes[ranked[:asked]]
    before, after, clean = (_accuracy(problem, sample, one) for one in (classes, corrected, sample.classes))
    hits = sum(found[:asked])
    lost = max(clean - before, 1e-9)
    return Asked(asked, hits / max(asked, 1), hits / max(int(wrong.sum()), 1), (after - before) / lost)


def _accuracy(problem: Problem, sample: Vectorized, classes: head.Classes) -> float:
    fitted = head.fit(problem.labels, problem.descriptions, sample.vectors, classes, start=None)
    said = fitted.probabilities(problem.test.vectors).argmax(axis=1)
    return float((said == problem.test.classes).mean())


if __name__ == "__main__":
    sys.exit(main())
