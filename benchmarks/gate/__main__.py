"""How soon a duel promotes a better model, and how seldom one that is no better: Banking77, the data set as people.

Pairs of heads whose accuracy on the test rows differs by about 2 and 5 points duel over a stream of test rows: the
challenger learned from the champion's labels and more, or (`strangers_…`) from other labels, so that the two disagree
more often. Beside it McNemar's exact test on as many random test rows as a duel may ask questions.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from learning.encoders.encoder import Encoder, Vectors, load_encoder
from learning.evaluation import duel
from learning.heads import head
from learning.heads.refit import description
from storage.tables.feedback import Label, LabelSource
from storage.tables.models import Decision

LABELS = (462, 539, 616, 770, 924, 1078, 1232, 1540, 2310)
ORDERS = 2
GAINS = (2, 5)
PAIRS = 3
RUNS = 1_000
MOST = 200
STREAM = 20_000
BATCH = 256
LEVEL = 0.05
BOUNDS = (
    Bound("null_promoted", at_most=0.05),
    *[Bound(f"{kind}gain_{gain}_ahead", at_least=0.02) for kind in ("", "strangers_") for gain in GAINS],
)

Said = NDArray[np.int64]


@dataclass(frozen=True)
class Problem:
    """The labels' texts as vectors, what may be learned from, in several orders, and the test rows."""

    descriptions: Vectors
    orders: list[tuple[Vectors, head.Classes]]
    test_vectors: Vectors
    test_classes: head.Classes


@dataclass(frozen=True)
class Pair:
    """Champion and challenger on the test rows. `right`: 1 challenger alone, -1 champion alone, else 0.

    Both arrays: (rows,).
    """

    right: Said
    disagree: NDArray[np.bool_]

    @property
    def gain(self) -> float:
        """Challenger's accuracy less the champion's, a share."""
        return float(self.right.mean())


@dataclass(frozen=True)
class Ended:
    """A duel that ended, after `labels` answered questions in a stream of `messages`."""

    is_promoted: bool
    labels: int
    messages: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the rows and runs, fewer heads: a smoke test"
    )
    options = parser.parse_args(arguments)
    every = 10 if options.quick else 1
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")[::every]
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    counts = LABELS[:5:2] if options.quick else LABELS
    return conclude("gate", measure(prepare(train, test, max(counts)), counts, RUNS // every), BOUNDS)


def prepare(train: list[Row], test: list[Row], most: int) -> Problem:
    """Encode the labels' names, the test rows, and the first `most` training rows of each order."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    encoder = load_encoder(None, max_tokens=256, threads=os.cpu_count() or 1)
    names = sorted({row.label for row in train})
    texts = [description(Label(team_id="", name=name, source=LabelSource.FILE)) for name in names]
    shuffled = [np.random.default_rng(seed).permutation(len(train))[:most] for seed in range(ORDERS)]
    column = {name: number for number, name in enumerate(names)}
    known = [row for row in test if row.label in column]
    return Problem(
        encoder.encode(texts).vectors,
        [_encode(encoder, [train[at] for at in order], column) for order in shuffled],
        *_encode(encoder, known, column),
    )


def _encode(encoder: Encoder, some: list[Row], column: dict[str, int]) -> tuple[Vectors, head.Classes]:
    texts = [row.text for row in some]
    starts = track(range(0, len(texts), BATCH), description="Encoding", console=progress)
    vectors = [encoder.encode(texts[start : start + BATCH]).vectors for start in starts]
    return np.concatenate(vectors), np.array([column[row.label] for row in some])


def measure(problem: Problem, counts: Sequence[int], runs: int) -> dict[str, float]:
    """Duels of pairs with about each gain, and of the same pairs with their roles swapped at random."""
    said = [_said(problem, order, counts) for order in range(len(problem.orders))]
    kin = [pair for heads in said for pair in pairs(heads, heads, problem.test_classes)]
    strangers = [
        pair
        for one in said
        for other in said
        if one is not other
        for pair in pairs(one, other, problem.test_classes)
    ]
    random = np.random.default_rng(0)
    figures: dict[str, float] = {"runs": runs, "most_questions": MOST}
    every: list[Pair] = []
    for kind, found in (("", kin), ("strangers_", strangers)):
        for gain in GAINS:
            chosen = nearest(found, gain / 100)
            every += chosen
            measured = _figures(chosen, runs, random)
            figures |= {f"{kind}gain_{gain}_{figure}": value for figure, value in measured.items()}
            progress.print(f"{kind}gain_{gain}: {measured}")
    null = [fight(every[run % len(every)], random, is_null=True) for run in range(runs)]
    return figures | {"null_promoted": float(np.mean([one.is_promoted for one in null]))}


def _said(problem: Problem, order: int, counts: Sequence[int]) -> list[Said]:
    """What heads with so many labels of an order say of the test rows."""
    vectors, classes = problem.orders[order]
    names = tuple(str(number) for number in range(len(problem.descriptions)))
    fitted, said = None, list[Said]()
    for number in track(counts, description="Fitting", console=progress):
        fitted = head.fit(names, problem.descriptions, vectors[:number], classes[:number], fitted)
        said.append(fitted.probabilities(problem.test_vectors).argmax(axis=1))
    return said


def pairs(champions: list[Said], challengers: list[Said], truth: head.Classes) -> Iterator[Pair]:
    """Each head of the one beside each of the other that is more often right. All arrays: (rows,)."""
    for champion in champions:
        for challenger in challengers:
            right = (challenger == truth).astype(np.int64) - (champion == truth)
            if right.sum() > 0:
                yield Pair(right, champion != challenger)


def nearest(found: list[Pair], gain: float) -> list[Pair]:
    """The PAIRS whose gain, a share, is nearest to the one asked for."""
    return sorted(found, key=lambda pair: abs(pair.gain - gain))[:PAIRS]


def _figures(chosen: list[Pair], runs: int, random: np.random.Generator) -> dict[str, float]:
    """Means over the pairs, and medians over all runs, in which a run that does not promote takes for ever."""
    ended = [fight(chosen[run % len(chosen)], random) for run in range(runs)]
    promoted = np.array([one.is_promoted for one in ended])
    tested = [mcnemar(chosen[run % len(chosen)], random) for run in range(runs)]
    share = float(promoted.mean())
    return {
        "true": float(np.mean([pair.gain for pair in chosen])),
        "disagree": float(np.mean([pair.disagree.mean() for pair in chosen])),
        "challenger_right": float(
            np.mean([(pair.right > 0).sum() / (pair.right != 0).sum() for pair in chosen])
        ),
        "promoted": share,
        "labels": float(np.median(np.where(promoted, [one.labels for one in ended], np.inf))),
        "messages": float(np.median(np.where(promoted, [one.messages for one in ended], np.inf))),
        "mcnemar": float(np.mean([p <= LEVEL for p in tested])),
        "mcnemar_two_sided": float(np.mean([2 * p <= LEVEL for p in tested])),
        "ahead": share - float(np.mean([p <= LEVEL for p in tested])),
    }


def fight(pair: Pair, random: np.random.Generator, is_null: bool = False) -> Ended:
    """One duel over a stream of test rows, decided after each answer.

    is_null: swap the roles at random for each message, so that neither is better.
    """
    stream = random.integers(len(pair.right), size=STREAM)
    asked_at = np.flatnonzero(pair.disagree[stream])[:MOST]
    answers = pair.right[stream[asked_at]]
    if is_null:
        answers = answers * random.choice([-1, 1], size=len(answers))
    won, lost = np.cumsum(answers > 0), np.cumsum(answers < 0)
    for asked, at in enumerate(asked_at, start=1):
        decision = _decide(int(won[asked - 1]), int(lost[asked - 1]), asked)
        if decision is not Decision.GO_ON:
            return Ended(decision is Decision.PROMOTE, asked, int(at) + 1)
    return Ended(False, len(asked_at), STREAM)


@functools.cache
def _decide(won: int, lost: int, asked: int) -> Decision:
    return duel.decide(won, lost, asked, MOST).decision


def mcnemar(pair: Pair, random: np.random.Generator) -> float:
    """The exact test's p that a challenger no better does so well on MOST random test rows (McNemar, 1947).

    One-sided, as a duel's promotion is: the two-sided test, which is used more often, takes twice that.
    """
    from scipy.stats import binom

    right = pair.right[random.integers(len(pair.right), size=MOST)]
    won, lost = int((right > 0).sum()), int((right < 0).sum())
    return float(binom.sf(won - 1, won + lost, 0.5))


if __name__ == "__main__":
    sys.exit(main())
