"""Measures how often the labels that a question offers in ask mode include the right one, and how many these are.

Banking77, all 77 labels and 30 of them, with 0, 2 and 8 labels a class besides the random responses that a set is made
of; a question is asked as the default margin has it. Promise: the right label is missing from 10 % of questions at
most. Baselines: the three likeliest labels each time, and a set made of all responses instead of those that a question
would be about. What five labels can reach is a figure of its own: where it is under 90 %, nothing is promised.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from rich.progress import track

from benchmarks.measuring.data import MissingDataError, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from benchmarks.none.__main__ import (
    ASK_BELOW_MARGIN,
    LABELS_A_CLASS,
    Encoded,
    Problem,
    first_of_each,
    prepare,
)
from learning.heads import head
from learning.heads.head import Head, Ranked
from learning.heads.none_of_these import RANKED_MAX, held_out
from learning.heads.offering import OFFERED, OFFERED_MAX, likely_enough, margin, offered

SHARE = 0.1
RESPONSES = 400
# How many draws, by number of labels.
DRAWS = {30: 8, 77: 4}
EVERY = 2
BOUNDS = (
    *[Bound(f"coverage_30_{number}", at_least=1 - SHARE - 0.03) for number in LABELS_A_CLASS],
    *[Bound(f"size_30_{number}", at_most=4.5) for number in LABELS_A_CLASS],
    *[Bound(f"below_most_77_{number}", at_most=0.04) for number in LABELS_A_CLASS],
    *[Bound(f"over_three_77_{number}", at_least=0.03) for number in LABELS_A_CLASS],
)

Question = tuple[Ranked, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.offers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one draw each, every tenth row: a smoke test")
    options = parser.parse_args(arguments)
    every = 10 if options.quick else EVERY
    try:
        train, test = rows("banking77_train.jsonl")[::every], rows("banking77_test.jsonl")[::every]
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    draws = dict.fromkeys(DRAWS, 1) if options.quick else DRAWS
    return conclude("offers", measure(prepare(train, test, test[:1]), draws), BOUNDS)


def measure(problem: Problem, draws: Mapping[int, int]) -> dict[str, float]:
    """Means over the draws, for so many labels and so many labels a class. `draws`: how many, by number of labels.

    What came of a set is the mean over the draws in which there were enough questions to make one of.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for labels, times in draws.items():
        for seed in track(range(times), description=f"{labels} labels", console=progress):
            for name, value in _Draw(problem, labels, seed).figures():
                found[name].append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


class _Draw:
    """One choice of labels, of examples, and of random responses."""

    def __init__(self, problem: Problem, labels: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        known = np.sort(self._random.permutation(len(problem.descriptions))[:labels])
        self._descriptions = problem.descriptions[known]
        self._names = tuple(str(number) for number in range(len(known)))
        row = np.full(len(problem.descriptions), -1)
        row[known] = np.arange(len(known))
        self._labels = labels
        self._train, self._test = (_only_known(some, row) for some in (problem.train, problem.test))
        self._train = self._train.take(self._random.permutation(len(self._train.classes)))

    def figures(self) -> Iterator[tuple[str, float]]:
        for number in LABELS_A_CLASS:
            for name, value in self._with(number).items():
                yield f"{name}_{self._labels}_{number}", value

    def _with(self, number: int) -> dict[str, float]:
        """The figures with so many labels a class."""
        chosen = first_of_each(self._train.classes, number)
        rest = np.setdiff1d(np.arange(len(self._train.classes)), chosen)
        responses = self._random.choice(rest, size=min(RESPONSES, len(rest)), replace=False)
        fitted = self._fit(np.concatenate([chosen, responses]))
        judged = self._judged(np.concatenate([chosen, responses]), responses, fitted)
        at, questions = likely_enough(_asked(judged), SHARE)
        at_of_all, _ = likely_enough(judged, SHARE)
        asked = _asked(self._tested(fitted))
        found = {
            "questions": float(questions),
            "asked": len(asked) / len(self._test.classes),
            "made": float(at is not None),
        }
        if at is None or not asked:
            return found
        three, most = (_coverage(asked, [number] * len(asked)) for number in (OFFERED, OFFERED_MAX))
        sizes = _sizes(asked, at)
        coverage = _coverage(asked, sizes)
        return found | {
            "coverage": coverage,
            "size": float(np.mean(sizes)),
            "coverage_by_all": _coverage(asked, _sizes(asked, at_of_all or 0.0)),
            "coverage_of_three": three,
            "over_three": coverage - three,
            "most": most,
            "below_most": min(1 - SHARE, most) - coverage,
        }

    def _fit(self, chosen: head.Classes, start: Head | None = None) -> Head:
        some = self._train.take(chosen)
        return head.fit(self._names, self._descriptions, some.vectors, some.classes, start)

    def _judged(self, labelled: head.Classes, responses: head.Classes, fitted: Head) -> list[Question]:
        """What heads that did not learn from them say of the responses, each with its right label."""

        def fit(kept: Mapping[str, str]) -> Head:
            return self._fit(np.array([int(one) for one in kept], dtype=np.int64), fitted)

        of = {f"{one:06}": str(self._train.classes[one]) for one in self._random.permutation(labelled)}
        judged = held_out(of, {f"{one:06}": self._train.vectors[one] for one in responses}, fit)
        return [(one.ranked, of[message_id]) for message_id, one in judged.items()]

    def _tested(self, fitted: Head) -> list[Question]:
        ranked = fitted.ranked(self._test.vectors, RANKED_MAX)
        return [(one, str(right)) for one, right in zip(ranked, self._test.classes, strict=True)]


def _only_known(some: Encoded, row: head.Classes) -> Encoded:
    """Those rows whose label is known. `row`: what each label is now, or -1."""
    now = Encoded(some.vectors, row[some.classes])
    return now.take(now.classes >= 0)


def _asked(some: Sequence[Question]) -> list[Question]:
    return [one for one in some if margin(one[0]) < ASK_BELOW_MARGIN]


def _sizes(asked: Sequence[Question], at: float) -> list[int]:
    return [offered(likeliest, at) for likeliest, _ in asked]


def _coverage(asked: Sequence[Question], sizes: Sequence[int]) -> float:
    """The share of questions that offer the right label if they offer so many of the likeliest."""
    return float(np.mean([_is_among(one, size) for one, size in zip(asked, sizes, strict=True)]))


def _is_among(question: Question, number: int) -> bool:
    likeliest, right = question
    return right in (label for label, _ in likeliest[:number])


if __name__ == "__main__":
    sys.exit(main())
