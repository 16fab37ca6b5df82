"""Measures how well messages that no label fits are told from those that have one.

Near ones: 20 of Banking77's 77 labels are unknown to the head, five draws, with 0, 2 and 8 labels a class for the
others. Far ones: TREC-6's questions. Baseline: the margin, by which ask mode decides whether to ask. Then: how many
true messages the floors that the bot would set call none, with a promise and before there is one.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from learning.encoders.encoder import Encoder, Vectors, load_encoder
from learning.heads import head
from learning.heads.head import Head
from learning.heads.none_of_these import floor, held_out, likeness_of
from learning.heads.refit import description
from storage.tables.feedback import Label, LabelSource

LABELS_A_CLASS = (0, 2, 8)
UNKNOWN = 20
DRAWS = 5
PASS = 0.95
SHARE = 1 - PASS
# Random responses that a promise rests on, and messages that a floor is made of before anything is labelled.
RESPONSES = (20, 100)
REPEATS = 3
POOL = 400
# Of what is unknown, so much is in the pool.
POOL_UNKNOWN = 0.1
ASK_BELOW_MARGIN = 0.3  # the default of ask mode
MAX_TOKENS = 256
BATCH = 256
BOUNDS = (
    Bound("far_caught_8", at_least=0.75),
    Bound("near_caught_over_margin_8", at_least=0.05),
    Bound("near_caught_over_margin_2", at_least=0.0),
    Bound("near_caught_over_margin_0", at_least=0.0),
    Bound("near_passing_growth", at_most=0.0),
    Bound("far_passing_growth", at_most=0.005),
    *[
        Bound(f"wrong_none_{number}_{responses}", at_most=0.07)
        for number in LABELS_A_CLASS
        for responses in RESPONSES
    ],
    *[Bound(f"wrong_none_{number}_before", at_most=0.05) for number in LABELS_A_CLASS],
)

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Encoded:
    """Rows as the head sees them. `vectors`: (rows, dimensions); `classes`: (rows,)."""

    vectors: Vectors
    classes: head.Classes

    def take(self, chosen: NDArray[np.bool_] | head.Classes) -> Encoded:
        return Encoded(self.vectors[chosen], self.classes[chosen])


@dataclass(frozen=True)
class Problem:
    """Embeddings of the labels, of what may be labelled, of the test rows, and of what is far from all labels."""

    descriptions: Vectors
    train: Encoded
    test: Encoded
    far: Vectors


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.none", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one draw, every fifth row: a smoke test")
    options = parser.parse_args(arguments)
    every = 5 if options.quick else 1
    try:
        train, test = rows("banking77_train.jsonl")[::every], rows("banking77_test.jsonl")[::every]
        far = rows("trec6_test.jsonl")[::every]
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    return conclude("none", measure(prepare(train, test, far), 1 if options.quick else DRAWS), BOUNDS)


def prepare(train: list[Row], test: list[Row], far: list[Row]) -> Problem:
    """Encode the labels' texts and all rows, once."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    encoder = load_encoder(None, MAX_TOKENS, threads=os.cpu_count() or 1)
    names = sorted({row.label for row in train})
    column = {name: number for number, name in enumerate(names)}
    known = [row for row in test if row.label in column]
    texts = [description(Label(team_id="", name=name, source=LabelSource.FILE)) for name in names]
    return Problem(
        encoder.encode(texts).vectors,
        Encoded(_encode(encoder, train), np.array([column[row.label] for row in train])),
        Encoded(_encode(encoder, known), np.array([column[row.label] for row in known])),
        _encode(encoder, far),
    )


def _encode(encoder: Encoder, some: list[Row]) -> Vectors:
    texts = [row.text for row in some]
    starts = track(range(0, len(texts), BATCH), description="Encoding", console=progress)
    return np.concatenate([encoder.encode(texts[start : start + BATCH]).vectors for start in starts])


def measure(problem: Problem, draws: int) -> dict[str, float]:
    """Means over the draws, for each number of labels a class."""
    found = [
        Draw(problem, draw).figures() for draw in track(range(draws), description="Draws", console=progress)
    ]
    figures: dict[str, float] = {"draws": draws}
    figures |= {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    for kind in ("near", "far"):
        passing = [1 - figures[f"{kind}_caught_{number}"] for number in LABELS_A_CLASS]
        figures[f"{kind}_passing_growth"] = float(np.diff(passing).max())
    return figures


class Draw:
    """One choice of unknown labels, and of examples for the others."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self._problem = problem
        self._random = np.random.default_rng(seed)
        labels = self._random.permutation(len(problem.descriptions))
        known = np.sort(labels[min(UNKNOWN, len(labels) // 4) :])
        self._descriptions = problem.descriptions[known]
        row = np.full(len(labels), -1)
        row[known] = np.arange(len(known))
        self._names = tuple(str(number) for number in range(len(known)))
        order = self._random.permutation(len(problem.train.classes))
        shuffled = problem.train.take(order)
        train = Encoded(shuffled.vectors, row[shuffled.classes])
        test = Encoded(problem.test.vectors, row[problem.test.classes])
        self._train, self._strange = train.take(train.classes >= 0), train.take(train.classes < 0)
        self._true, self._near = test.take(test.classes >= 0), test.take(test.classes < 0)

    def figures(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for number in LABELS_A_CLASS:
            chosen = first_of_each(self._train.classes, number)
            fitted = self._fit(chosen)
            found |= {f"{name}_{number}": value for name, value in self._told_apart(fitted).items()}
            found |= {f"wrong_none_{number}_before": self._missed(fitted, self._before(fitted, chosen))}
            for responses in RESPONSES:
                found[f"wrong_none_{number}_{responses}"] = self._promised(chosen, responses)
        return found

    def _fit(self, chosen: head.Classes, start: Head | None = None) -> Head:
        some = self._train.take(chosen)
        return head.fit(self._names, self._descriptions, some.vectors, some.classes, start)

    def _told_apart(self, fitted: Head) -> dict[str, float]:
        from sklearn.metrics import roc_auc_score

        found: dict[str, float] = {}
        for name, score in (("", fitted.likeness), ("margin_", _margin(fitted))):
            true = score(self._true.vectors)
            passing = np.quantile(true, SHARE)
            for kind, vectors in (("near", self._near.vectors), ("far", self._problem.far)):
                strange = score(vectors)
                is_true = np.r_[np.ones(len(true)), np.zeros(len(strange))]
                found[f"{name}{kind}_auroc"] = float(roc_auc_score(is_true, np.r_[true, strange]))
                found[f"{name}{kind}_caught"] = float((strange < passing).mean())
        for kind, vectors in (("near", self._near.vectors), ("far", self._problem.far)):
            answered = _margin(fitted)(vectors) >= ASK_BELOW_MARGIN
            found[f"{kind}_answered_today"] = float(answered.mean())
        found["near_caught_over_margin"] = found["near_caught"] - found["margin_near_caught"]
        return found

    def _before(self, fitted: Head, chosen: head.Classes) -> float | None:
        """The floor while too few random responses are there: of what is labelled, or else of the pool."""
        if len(chosen):
            return floor(self._held_out(chosen, chosen, fitted), SHARE)
        strange = int(POOL * POOL_UNKNOWN)
        pool = [self._train.vectors[-(POOL - strange) :], self._strange.vectors[:strange]]
        return floor(fitted.likeness(np.concatenate(pool)), SHARE)

    def _promised(self, chosen: head.Classes, responses: int) -> float:
        """The share of true messages called none by a floor of that many random responses, which are learned from."""
        return float(np.mean([self._promised_once(chosen, responses) for _ in range(REPEATS)]))

    def _promised_once(self, chosen: head.Classes, responses: int) -> float:
        rest = np.setdiff1d(np.arange(len(self._train.classes)), chosen)
        random = self._random.choice(rest, size=min(responses, len(rest)), replace=False)
        both = np.concatenate([chosen, random])
        fitted = self._fit(both)
        return self._missed(fitted, floor(self._held_out(both, random, fitted), SHARE))

    def _held_out(self, labelled: head.Classes, some: head.Classes, fitted: Head) -> Scores:
        def fit(kept: Mapping[str, str]) -> Head:
            return self._fit(np.array([int(one) for one in kept], dtype=np.int64), fitted)

        of = {f"{one:06}": str(self._train.classes[one]) for one in self._random.permutation(labelled)}
        vectors = {f"{one:06}": self._train.vectors[one] for one in some}
        return likeness_of(held_out(of, vectors, fit))

    def _missed(self, fitted: Head, at: float | None) -> float:
        return 0.0 if at is None else float((fitted.likeness(self._true.vectors) < at).mean())


def _margin(fitted: Head) -> Callable[[Vectors], Scores]:
    def margin(vectors: Vectors) -> Scores:
        likeliest = np.sort(fitted.probabilities(vectors), axis=1)
        ahead: Scores = likeliest[:, -1] - likeliest[:, -2]
        return ahead

    return margin


def first_of_each(classes: head.Classes, number: int) -> head.Classes:
    """Return whether each row is among the first `number` of its class."""
    firsts = [np.flatnonzero(classes == each)[:number] for each in np.unique(classes)]
    return np.concatenate(firsts)


if __name__ == "__main__":
    sys.exit(main())
