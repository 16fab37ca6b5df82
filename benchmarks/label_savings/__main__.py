"""How many labels a query strategy saves: Banking77 replayed with the data set as reviewer, one head for all.

Labels needed to reach 80, 85 and 88 % of the test rows, beside random choice and small-text's strategies. Once with
the head that serves, which begins at the labels' names, and once (`nameless_…`) with the same head without names.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.progress import Progress, track

from benchmarks.label_savings.small_text_strategies import NAMES, SLOW_NAMES, Replayed, small_text
from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from learning.active.query_strategies import DEFAULT_STRATEGY, STRATEGIES, Indices, Pool, pick
from learning.encoders.encoder import Encoder, Vectors, load_encoder
from learning.heads import head
from learning.heads.centring import centred, mean_of
from learning.heads.refit import description
from storage.tables.feedback import Label, LabelSource

SEEDS = 3
BATCH = 77
MOST_LABELS = 2_500
TARGETS = (80, 85, 88)
LARGE_POOL, ASKED = 100_000, 50
NEVER = float("nan")
BOUNDS = (
    Bound(f"{DEFAULT_STRATEGY}_of_random_85", at_most=0.36),
    *[Bound(f"{DEFAULT_STRATEGY}_of_best_small_text_{target}", at_most=1.0) for target in TARGETS],
    Bound("large_pool_s", at_most=10.0),
)

Choose = Callable[[Replayed, int, int], Indices]


@dataclass(frozen=True)
class Problem:
    """Vectors and classes of what may be asked about and of the test rows; the labels' names as vectors.

    The mean that centres them is that of all that may be asked about: these are the team's messages.
    """

    descriptions: Vectors
    vectors: Vectors
    classes: head.Classes
    test_vectors: Vectors
    test_classes: head.Classes

    @property
    def nameless(self) -> Problem:
        """The same without a name: the head then is plain logistic regression."""
        return Problem(np.zeros_like(self.descriptions), *list(vars(self).values())[1:])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.label_savings", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, a tenth of the rows: a smoke test")
    parser.add_argument(
        "--slow", action="store_true", help="small-text's slow strategies too: half an hour more"
    )
    options = parser.parse_args(arguments)
    every = 10 if options.quick else 1
    try:
        train, test = rows("banking77_train.jsonl")[::every], rows("banking77_test.jsonl")[::every]
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    baselines = NAMES + SLOW_NAMES if options.slow else NAMES
    figures = measure(prepare(train, test), 1 if options.quick else SEEDS, BATCH, baselines)
    return conclude("label_savings", figures | {"large_pool_s": large_pool_s()}, BOUNDS)


def prepare(train: list[Row], test: list[Row]) -> Problem:
    """Encode the labels' names and all rows, once."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    encoder = load_encoder(None, max_tokens=256, threads=os.cpu_count() or 1)
    names = sorted({row.label for row in train})
    texts = [description(Label(team_id="", name=name, source=LabelSource.FILE)) for name in names]
    column = {name: number for number, name in enumerate(names)}
    known = [row for row in test if row.label in column]
    return Problem(
        encoder.encode(texts).vectors,
        _encode(encoder, train),
        np.array([column[row.label] for row in train]),
        _encode(encoder, known),
        np.array([column[row.label] for row in known]),
    )


def _encode(encoder: Encoder, some: list[Row], batch: int = 256) -> Vectors:
    texts = [row.text for row in some]
    starts = track(range(0, len(texts), batch), description="Encoding", console=progress)
    return np.concatenate([encoder.encode(texts[start : start + batch]).vectors for start in starts])


def measure(problem: Problem, seeds: int, batch: int, baselines: Sequence[str] = NAMES) -> dict[str, float]:
    """Labels needed for each target by each strategy with both heads, and their ratios."""
    strategies = {name: ours(name) for name in STRATEGIES} | {name: small_text(name) for name in baselines}
    figures: dict[str, float] = {"seeds": seeds, "batch": batch}
    with Progress(console=progress) as shown:
        task = shown.add_task("Replaying", total=2 * len(strategies))
        for prefix, one in (("", problem), ("nameless_", problem.nameless)):
            needed = {}
            for name, choose in strategies.items():
                needed[name] = np.mean(
                    [needs(replay(one, choose, seed, batch)) for seed in range(seeds)], axis=0
                )
                shown.console.print(f"{prefix}{name}: {np.round(needed[name])}")
                shown.advance(task)
            figures |= {f"{prefix}{figure}": value for figure, value in _figures(needed, baselines).items()}
    return figures


def ours(name: str) -> Choose:
    """Our strategy of that name with its random tenth, as the bot asks."""

    def choose(now: Replayed, n: int, seed: int) -> Indices:
        rest = now.unlabelled
        vectors = centred(now.vectors, now.head.mean)
        probabilities = now.head.probabilities(now.vectors[rest])
        picked = pick(name, Pool(vectors[rest], probabilities, vectors[now.labelled]), n, seed)
        rows: Indices = rest[np.concatenate([picked.at_random, picked.chosen])]
        return rows

    return choose


def replay(problem: Problem, choose: Choose, seed: int, batch: int) -> list[tuple[int, float]]:
    """Labels and accuracy after each batch, from no label on, until the last target or MOST_LABELS is reached.

    The pool is shuffled by the seed: the file is sorted by label, and a head without names begins with ties, which
    confidence strategies break by order.
    """
    order = np.random.default_rng(seed).permutation(len(problem.classes))
    problem = replace(problem, vectors=problem.vectors[order], classes=problem.classes[order])
    labels = tuple(str(number) for number in range(len(problem.descriptions)))
    labelled, fitted, curve = np.zeros(0, dtype=np.int64), None, list[tuple[int, float]]()
    mean = mean_of(problem.vectors)
    most = min(MOST_LABELS, len(problem.classes) - batch)
    while True:
        classes = problem.classes[labelled]
        known = problem.vectors[labelled]
        fitted = head.fit(labels, problem.descriptions, known, classes, fitted, mean=mean)
        right = fitted.probabilities(problem.test_vectors).argmax(axis=1) == problem.test_classes
        curve.append((len(labelled), float(right.mean())))
        if curve[-1][1] >= TARGETS[-1] / 100 or len(labelled) >= most:
            return curve
        now = Replayed(problem.vectors, labelled, classes, fitted)
        labelled = np.concatenate([labelled, choose(now, batch, 10_000 * seed + len(labelled))])


def needs(curve: list[tuple[int, float]]) -> list[float]:
    """Labels at which each target is first reached, between two batches on a straight line."""
    return [_crossing(curve, target / 100) for target in TARGETS]


def _crossing(curve: list[tuple[int, float]], accuracy: float) -> float:
    if curve[0][1] >= accuracy:
        return float(curve[0][0])
    for (before, low), (after, high) in itertools.pairwise(curve):
        if high >= accuracy:
            return before + (accuracy - low) / (high - low) * (after - before)
    return NEVER


def _figures(needed: dict[str, np.ndarray], baselines: Sequence[str]) -> dict[str, float]:
    figures = {}
    best = np.nanmin(np.stack([needed[name] for name in baselines] + [np.full(len(TARGETS), np.inf)]), axis=0)
    for column, target in enumerate(TARGETS):
        for name, labels in needed.items():
            figures[f"{name}_{target}"] = float(labels[column])
            figures[f"{name}_of_random_{target}"] = _ratio(labels[column], needed["random"][column])
        default = needed[DEFAULT_STRATEGY][column]
        figures[f"{DEFAULT_STRATEGY}_of_best_small_text_{target}"] = _ratio(default, best[column])
    return figures


def _ratio(labels: float, baseline: float) -> float:
    """1 where both need none; infinite where only the baseline needs none."""
    if labels == baseline:
        return 1.0
    return float(labels / baseline) if baseline else float("inf")


def large_pool_s() -> float:
    """Seconds in which the default picks ASKED out of LARGE_POOL messages with 77 labels."""
    random = np.random.default_rng(0)
    vectors = random.standard_normal((LARGE_POOL, 384), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    probabilities = random.dirichlet(np.full(77, 0.1), LARGE_POOL).astype(np.float32)
    slowest = 0.0
    for labelled in (100, 4_000):
        began = time.perf_counter()
        pick(DEFAULT_STRATEGY, Pool(vectors, probabilities, vectors[:labelled]), ASKED, seed=0)
        slowest = max(slowest, time.perf_counter() - began)
    return slowest


if __name__ == "__main__":
    sys.exit(main())
