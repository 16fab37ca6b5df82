"""Labels of unequal size: Banking77 with examples by Zipf's law, and two labels with 500 and 4 examples.

With 77 labels the n-th commonest has 120 / n examples; rare are a third of them. With two labels the rare one is one of
Banking77's, and the other one all the rest. Accuracy is that on messages as common as the examples.
Baselines: the same head without its scaling, and scikit-learn's logistic regression on the same embeddings.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.label_savings.__main__ import Problem, prepare
from benchmarks.measuring.data import MissingDataError, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from learning.encoders.encoder import Vectors
from learning.heads import head

SEEDS = 3
COMMONEST = 120
RARE_SHARE = 1 / 3
COMMON, RARE = 500, 4
# So many labels are the rare one in turn, each seed others.
RARE_LABELS = 10
BOUNDS = (
    Bound("two_recall", at_least=0.4),
    Bound("two_accuracy_lost", at_most=0.01),
    Bound("zipf_rare_gain", at_least=0.03),
    Bound("zipf_accuracy_lost", at_most=0.01),
)

Classes = NDArray[np.int64]
Predict = Callable[[Vectors], Classes]


@dataclass(frozen=True)
class Sample:
    """Descriptions of the labels, (labels, dimensions), examples, and what is asked; `classes`: rows of the labels."""

    descriptions: Vectors
    vectors: Vectors
    classes: Classes
    asked: Vectors
    truth: Classes

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return how common each label is among the examples."""
        found: NDArray[np.float64] = np.bincount(self.classes) / len(self.classes)
        return found

    def recalls(self, predict: Predict) -> NDArray[np.float64]:
        """The share of each label's messages that get it, (labels,)."""
        right = predict(self.asked) == self.truth
        return np.array([right[self.truth == label].mean() for label in range(len(self.descriptions))])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imbalance", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, every fifth test row: a smoke test")
    options = parser.parse_args(arguments)
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    problem = prepare(train, test[::5] if options.quick else test)
    return conclude("imbalance", measure(problem, 1 if options.quick else SEEDS), BOUNDS)


def measure(problem: Problem, seeds: int) -> dict[str, float]:
    """Means over the seeds."""
    zipf, two = [], []
    for seed in track(range(seeds), description="Fitting", console=progress):
        random = np.random.default_rng(seed)
        zipf.append(_compare(_zipf(problem, random)))
        rare = random.permutation(len(problem.descriptions))[:RARE_LABELS]
        two += [_compare(_two(problem, int(one), random)) for one in rare]
    return {"seeds": seeds, **_means("zipf", zipf), **_means("two", two)}


def _zipf(problem: Problem, random: np.random.Generator) -> Sample:
    """Every label, of which examples get rarer and rarer in an order of this seed."""
    chosen = []
    for rank, label in enumerate(random.permutation(len(problem.descriptions)), start=1):
        of_label = random.permutation(np.flatnonzero(problem.classes == label))
        chosen.append(of_label[: max(1, round(COMMONEST / rank))])
    picked = np.concatenate(chosen)
    return Sample(
        problem.descriptions,
        problem.vectors[picked],
        problem.classes[picked],
        problem.test_vectors,
        problem.test_classes,
    )


def _two(problem: Problem, rare: int, random: np.random.Generator) -> Sample:
    """One label against all others together."""
    is_rare = problem.classes == rare
    common = random.permutation(np.flatnonzero(~is_rare))[:COMMON]
    picked = np.concatenate([common, random.permutation(np.flatnonzero(is_rare))[:RARE]])
    others = np.delete(problem.descriptions, rare, axis=0).mean(axis=0)
    return Sample(
        np.stack([others / np.linalg.norm(others), problem.descriptions[rare]]),
        problem.vectors[picked],
        is_rare[picked].astype(np.int64),
        problem.test_vectors,
        (problem.test_classes == rare).astype(np.int64),
    )


def _compare(sample: Sample) -> dict[str, float]:
    is_rare = sample.shares <= np.quantile(sample.shares, RARE_SHARE)
    figures: dict[str, float] = {}
    for name, predict in (*_ours(sample).items(), ("baseline_", _baseline(sample))):
        recalls = sample.recalls(predict)
        figures |= {
            f"{name}recall": float(recalls[is_rare].mean()),
            f"{name}accuracy": float(recalls @ sample.shares),
            f"{name}macro_recall": float(recalls.mean()),
        }
    figures["rare_gain"] = figures["recall"] - figures["unscaled_recall"]
    figures["accuracy_lost"] = figures["baseline_accuracy"] - figures["accuracy"]
    return figures


def _ours(sample: Sample) -> dict[str, Predict]:
    names = tuple(str(number) for number in range(len(sample.descriptions)))
    fitted = head.fit(names, sample.descriptions, sample.vectors, sample.classes, None)
    unscaled = replace(fitted, scale=None)
    return {
        "": lambda vectors: fitted.probabilities(vectors).argmax(axis=1),
        "unscaled_": lambda vectors: unscaled.probabilities(vectors).argmax(axis=1),
    }


def _baseline(sample: Sample) -> Predict:
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():  # scikit-learn wonders at so many classes for so few rows
        warnings.simplefilter("ignore", UserWarning)
        fitted = LogisticRegression(C=10, max_iter=1000).fit(sample.vectors, sample.classes)
    return lambda vectors: np.asarray(fitted.predict(vectors), dtype=np.int64)


def _means(prefix: str, found: list[dict[str, float]]) -> dict[str, float]:
    return {f"{prefix}_{name}": float(np.mean([one[name] for one in found])) for name in found[0]}


if __name__ == "__main__":
    sys.exit(main())
