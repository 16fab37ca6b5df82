"""Measures how soon a label that is added later is predicted: Banking77, 8 examples a label, one in 11 added last.

Recall of the added labels with their names alone, and with 1 and 2 examples each; what the others lose by them is told
against the head without them, and against a head that treats all labels alike.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.cold_start import __main__ as cold_start
from benchmarks.cold_start.__main__ import LABELS_A_CLASS, Problem, Vectorized, first_of_each
from benchmarks.measuring.report import Bound, progress
from learning.heads import head
from learning.heads.head import Head

ADDED_EVERY = 11
EXAMPLES = (0, 1, 2)
BOUNDS = (
    Bound("recall_0", at_least=0.50),
    Bound("recall_1", at_least=0.62),
    Bound("recall_2", at_least=0.70),
    *[Bound(f"others_lost_{number}", at_most=0.007) for number in EXAMPLES],
)

Rows = NDArray[np.int64]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    return cold_start.run("new_label", __doc__, measure, BOUNDS, arguments)


def measure(problem: Problem) -> dict[str, float]:
    """Means over the seeds, each of which adds other labels."""
    figures: dict[str, float] = {"seeds": len(problem.samples), "examples_of_others": max(LABELS_A_CLASS)}
    for number in track(EXAMPLES, description="Fitting", console=progress):
        found = [
            _added(problem, sample, np.arange(seed, len(problem.labels), ADDED_EVERY), number)
            for seed, sample in enumerate(problem.samples)
        ]
        figures |= {f"{name}_{number}": float(np.mean([one[name] for one in found])) for name in found[0]}
    return figures


def _added(problem: Problem, sample: Vectorized, added: Rows, number: int) -> dict[str, float]:
    """Recall of the `added` labels with so many examples each, and what the others lose by them."""
    is_added = np.isin(sample.classes, added)
    few = np.flatnonzero(is_added)[first_of_each(sample.classes[is_added], number)]
    learned = sample.take(np.concatenate([np.flatnonzero(~is_added), few]))
    fitted = head.fit(problem.labels, problem.descriptions, learned.vectors, learned.classes, None)
    without = _without(problem, sample.take(np.flatnonzero(~is_added)), added)
    of_added = np.isin(problem.test.classes, added)
    right, plain = (_right(one, problem.test) for one in (fitted, replace(fitted, scale=None)))
    before = without.probabilities(problem.test.vectors).argmax(axis=1)
    kept = np.setdiff1d(np.arange(len(problem.labels)), added)
    right_before = kept[before] == problem.test.classes
    return {
        "recall": float(right[of_added].mean()),
        "others_accuracy": float(right[~of_added].mean()),
        "others_lost": float(right_before[~of_added].mean() - right[~of_added].mean()),
        "baseline_recall": float(plain[of_added].mean()),
        "baseline_others_lost": float(right_before[~of_added].mean() - plain[~of_added].mean()),
    }


def _without(problem: Problem, learned: Vectorized, added: Rows) -> Head:
    """The head of the other labels alone."""
    kept = np.setdiff1d(np.arange(len(problem.labels)), added)
    names = tuple(problem.labels[number] for number in kept)
    classes = np.searchsorted(kept, learned.classes)
    return head.fit(names, problem.descriptions[kept], learned.vectors, classes, None)


def _right(fitted: Head, test: Vectorized) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = fitted.probabilities(test.vectors).argmax(axis=1) == test.classes
    return found


if __name__ == "__main__":
    sys.exit(main())
