"""How right the bot is on its first days: Banking77 with 0 to 8 labels a class, through the head that serves.

Baseline: scikit-learn's logistic regression on the same frozen vectors, which knows no label's name.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.progress import track

from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from benchmarks.measuring.scores import Score, score
from learning.encoders.encoder import Encoder, Vectors, load_encoder
from learning.heads import head
from learning.heads.refit import description
from storage.tables.feedback import Label, LabelSource

LABELS_A_CLASS = (0, 1, 2, 4, 8)
SEEDS = 3
MAX_TOKENS = 256
BATCH = 256
BOUNDS = (
    Bound("accuracy_0", at_least=0.62),
    Bound("accuracy_1", at_least=0.70),
    Bound("accuracy_2", at_least=0.72),
    Bound("accuracy_4", at_least=0.79),
    Bound("accuracy_8", at_least=0.845),
    *[Bound(f"calibration_error_{number}", at_most=0.03) for number in LABELS_A_CLASS],
)


@dataclass(frozen=True)
class Vectorized:
    """Rows as the head sees them. `vectors`: (rows, dimensions); `classes`: (rows,)."""

    vectors: Vectors
    classes: head.Classes

    def take(self, chosen: head.Classes) -> Vectorized:
        return Vectorized(self.vectors[chosen], self.classes[chosen])


@dataclass(frozen=True)
class Problem:
    """The labels' names and embeddings, the training examples for each seed, and the test messages."""

    labels: tuple[str, ...]
    descriptions: Vectors
    samples: list[Vectorized]
    test: Vectorized


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    return run("cold_start", __doc__, measure, BOUNDS, arguments)


def run(
    name: str,
    about: str | None,
    measure: Callable[[Problem], dict[str, float]],
    bounds: Sequence[Bound],
    arguments: Sequence[str] | None,
) -> int:
    """Measure on Banking77 and print; the exit status. `about`: what `--help` says."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about)
    parser.add_argument("--quick", action="store_true", help="one seed, every tenth test row: a smoke test")
    options = parser.parse_args(arguments)
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    problem = prepare(train, test[::10] if options.quick else test, 1 if options.quick else SEEDS)
    return conclude(name, measure(problem), bounds)


def prepare(train: list[Row], test: list[Row], seeds: int) -> Problem:
    """Encode the labels' texts, the test rows, and of the training rows those that some seed chooses."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    encoder = load_encoder(None, MAX_TOKENS, threads=os.cpu_count() or 1)
    labels = tuple(sorted({row.label for row in train}))
    texts = [description(Label(team_id="", name=name, source=LabelSource.FILE)) for name in labels]
    return Problem(
        labels,
        encoder.encode(texts).vectors,
        [_vectorize(encoder, labels, _sample(train, seed), f"Seed {seed}") for seed in range(seeds)],
        _vectorize(encoder, labels, test, "Test set"),
    )


def _sample(train: list[Row], seed: int) -> list[Row]:
    """For each class as many rows as the largest step needs; smaller steps take the first of them."""
    shuffled = [train[at] for at in np.random.default_rng(seed).permutation(len(train))]
    of_class: dict[str, list[Row]] = {}
    for row in shuffled:
        of_class.setdefault(row.label, []).append(row)
    return [row for label in sorted(of_class) for row in of_class[label][: max(LABELS_A_CLASS)]]


def _vectorize(encoder: Encoder, labels: tuple[str, ...], chosen: list[Row], title: str) -> Vectorized:
    starts = range(0, len(chosen), BATCH)
    texts = [row.text for row in chosen]
    encoded = [
        encoder.encode(texts[start : start + BATCH]).vectors
        for start in track(starts, description=title, console=progress)
    ]
    column = {label: number for number, label in enumerate(labels)}
    return Vectorized(np.concatenate(encoded), np.array([column[row.label] for row in chosen]))


def measure(problem: Problem) -> dict[str, float]:
    """Mean accuracy and calibration error over the seeds, ours and the baseline's, for each number of labels."""
    figures: dict[str, float] = {"test_rows": len(problem.test.classes), "seeds": len(problem.samples)}
    for number in track(LABELS_A_CLASS, description="Fitting", console=progress):
        few = [sample.take(first_of_each(sample.classes, number)) for sample in problem.samples]
        figures |= _means([_ours(problem, examples) for examples in few], "", number)
        if number:  # without a label's name there is nothing to learn from yet
            figures |= _means([_baseline(problem, examples) for examples in few], "baseline_", number)
    return figures


def first_of_each(classes: head.Classes, number: int) -> head.Classes:
    """Return whether each row is among the first `number` of its class."""
    firsts = [np.flatnonzero(classes == each)[:number] for each in np.unique(classes)]
    return np.concatenate(firsts).astype(np.int64)


def _ours(problem: Problem, examples: Vectorized) -> Score:
    fitted = head.fit(problem.labels, problem.descriptions, examples.vectors, examples.classes, start=None)
    return score(fitted.probabilities(problem.test.vectors), problem.test.classes)


def _baseline(problem: Problem, examples: Vectorized) -> Score:
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():  # scikit-learn wonders at so many classes for so few rows
        warnings.simplefilter("ignore", UserWarning)
        fitted = LogisticRegression(C=10, max_iter=1000).fit(examples.vectors, examples.classes)
    return score(fitted.predict_proba(problem.test.vectors), problem.test.classes)


def _means(scores: list[Score], whose: str, number: int) -> dict[str, float]:
    accuracy = np.array([one.accuracy for one in scores])
    return {
        f"{whose}accuracy_{number}": float(accuracy.mean()),
        f"{whose}accuracy_sd_{number}": float(accuracy.std()),
        f"{whose}calibration_error_{number}": float(np.mean([one.calibration_error for one in scores])),
    }


if __name__ == "__main__":
    sys.exit(main())
