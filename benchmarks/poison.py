"""What one hostile person's corrections cost: Banking77, 10, 30 and 50 % of all corrections theirs, each a wrong label.

A team of PEOPLE corrects messages; now and then two say something of the same one, a few mistakes among it, and
reviewers judge a share of what was corrected. The hostile person moves each label to one other, half of the time on
messages that others corrected, with the last word. The head that serves is then fitted to what each rule makes of it:
the last word, the majority, Dawid and Skene's estimate (crowd-kit), and ours. All rules know the reviewers' judgements.
A rule's loss is counted from the best that any rule reaches without the hostile person.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rich.progress import track

from benchmarks.data import MissingDataError, Row, rows
from benchmarks.report import NO_DATA, Bound, conclude, progress, refuse
from benchmarks.scores import score
from learning import head
from learning.encoder import Vectors, load_encoder
from learning.head import Classes
from learning.refit import description
from learning.trust import CYCLE_S, admit
from storage.answers import Verdict
from storage.corrections import Spoken
from storage.resolution import Evidence
from storage.tables import Label, LabelSource, Word

SHARES = (10, 30, 50)  # per cent of all corrections
SEEDS = 3
PEOPLE = 10
WEEKS = 8
LABELS_A_CLASS = 16  # half of which honest people correct; of the others only the hostile one says something
SEEN_TWICE = 0.25
MISTAKEN = 0.05
REVIEWED = 0.1
TRUST_AT_LEAST, UNCONTESTED_MOST = 0.6, 30  # as settings have them
MAX_TOKENS = 64
HOSTILE = "hostile"
BOUNDS = (Bound("loss_30_ours", at_most=0.01),)

Rule = Callable[[Sequence[Evidence]], dict[str, str]]


@dataclass(frozen=True)
class Problem:
    """Names of labels, vectors of their texts, and messages. vectors: (messages, dimensions); classes: (messages,)."""

    labels: tuple[str, ...]
    descriptions: Vectors
    vectors: Vectors
    classes: Classes
    test_vectors: Vectors
    test_classes: Classes


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.poison", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, every tenth test row: a smoke test")
    options = parser.parse_args(arguments)
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    seeds = 1 if options.quick else SEEDS
    problem = prepare(train, test[::10] if options.quick else test)
    return conclude("poison", measure(problem, seeds), BOUNDS)


def prepare(train: list[Row], test: list[Row]) -> Problem:
    """Encode the labels' texts, LABELS_A_CLASS training rows of each label, and the test rows."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    encoder = load_encoder(None, MAX_TOKENS, threads=os.cpu_count() or 1)
    labels = tuple(sorted({row.label for row in train}))
    row_of = {label: number for number, label in enumerate(labels)}
    known = [row for row in test if row.label in row_of]
    taken: dict[str, list[Row]] = {}
    for row in train:
        taken.setdefault(row.label, []).append(row)
    chosen = [row for label in labels for row in taken[label][:LABELS_A_CLASS]]
    texts = [description(Label(team_id="", name=name, source=LabelSource.FILE)) for name in labels]
    return Problem(
        labels,
        encoder.encode(texts).vectors,
        encoder.encode([row.text for row in chosen]).vectors,
        np.array([row_of[row.label] for row in chosen], dtype=np.int64),
        encoder.encode([row.text for row in known]).vectors,
        np.array([row_of[row.label] for row in known], dtype=np.int64),
    )


def measure(problem: Problem, seeds: int) -> dict[str, float]:
    """Mean accuracies over the seeds, of each rule at each share; losses beside them."""
    found: dict[str, list[float]] = {}
    for seed in track(range(seeds), description="Seeds", console=progress):
        for share in (0, *SHARES):
            evidence = corrected(problem.classes, problem.labels, share / 100, seed)
            for name, rule in RULES.items():
                found.setdefault(f"{share}_{name}", []).append(_accuracy(problem, rule(evidence)))
    accuracy = {figure: float(np.mean(each)) for figure, each in found.items()}
    best = max(accuracy[f"0_{name}"] for name in RULES)
    losses = {f"loss_{figure}": best - value for figure, value in accuracy.items()}
    named = {f"accuracy_{figure}": value for figure, value in accuracy.items()}
    return {"seeds": seeds, "test_rows": len(problem.test_classes), **named, **losses}


def corrected(classes: Classes, labels: Sequence[str], share: float, seed: int) -> list[Evidence]:
    """What people said of messages, and reviewers of some; a `share` of the words is the hostile person's.

    classes: (messages,), rows of `labels`. What honest people say depends on the seed alone.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(classes))
    honest, others = order[: len(order) // 2], order[len(order) // 2 :]
    said = {int(at): list(_honest(int(classes[at]), len(labels), random)) for at in honest}
    words = sum(len(each) for each in said.values())
    wrong = (np.arange(len(labels)) + random.integers(1, len(labels))) % len(labels)
    wanted = round(share / (1 - share) * words)
    for number, at in enumerate(_aims(honest, others, wanted)):
        said.setdefault(at, []).append(
            (HOSTILE, int(wrong[classes[at]]), (number / wanted) * WEEKS * CYCLE_S)
        )
    judged = {int(at) for at in order[random.random(len(order)) < REVIEWED]}
    return [
        _evidence(at, spoken, int(classes[at]) if at in judged else None, labels)
        for at, spoken in said.items()
    ]


def _honest(label: int, labels: int, random: np.random.Generator) -> Iterator[tuple[str, int, float]]:
    """Who says which label when, of one message."""
    number = 1 + int(random.random() < SEEN_TWICE)
    for person in random.choice(PEOPLE, number, replace=False):
        said = int(random.integers(labels)) if random.random() < MISTAKEN else label
        yield f"person {person}", said, float(random.random() * WEEKS * CYCLE_S)


def _aims(honest: Classes, others: Classes, wanted: int) -> list[int]:
    """The messages on which the hostile person has a say: by turns one that others corrected, and one they did not."""
    turns = [int(at) for pair in zip(honest, others, strict=False) for at in pair]
    return turns[:wanted]


def _evidence(
    at: int, said: list[tuple[str, int, float]], verdict: int | None, labels: Sequence[str]
) -> Evidence:
    last = said[-1:] if said[-1][0] == HOSTILE else []
    others = sorted(said[: len(said) - len(last)], key=lambda word: word[2])
    latest = max((word[2] for word in others), default=0.0)
    words = tuple(
        Spoken(
            str(at),
            user_id,
            labels[label],
            Word.CHANGED,
            created_at=max(moment, latest) if user_id == HOSTILE else moment,
        )
        for user_id, label, moment in [*others, *last]
    )
    return Evidence(str(at), words, None if verdict is None else Verdict(labels[verdict], False, 1))


def last_word(evidence: Sequence[Evidence]) -> dict[str, str]:
    """The label that was said last."""
    return {one.message_id: one.words[-1].label_id for one in evidence} | _judged(evidence)


def majority(evidence: Sequence[Evidence]) -> dict[str, str]:
    """The label that most people said; one of them by chance where they are level."""
    from crowdkit.aggregation import MajorityVote

    np.random.seed(0)  # crowd-kit draws from it
    return dict(MajorityVote().fit_predict(_table(evidence))) | _judged(evidence)


def dawid_skene(evidence: Sequence[Evidence]) -> dict[str, str]:
    """The likeliest label where each person has a table of confusions (Dawid and Skene, 1979), reviewers one more."""
    from crowdkit.aggregation import DawidSkene

    judged = _judged(evidence)
    reviewers = pd.DataFrame({"task": list(judged), "worker": "reviewers", "label": list(judged.values())})
    table = pd.concat([_table(evidence), reviewers], ignore_index=True)
    return dict(DawidSkene(n_iter=100).fit_predict(table)) | judged


def ours(evidence: Sequence[Evidence]) -> dict[str, str]:
    """What `learning.trust` admits."""
    found = admit(evidence, TRUST_AT_LEAST, UNCONTESTED_MOST).admitted
    return {message_id: label for message_id, (label, _) in found.items()}


RULES: dict[str, Rule] = {
    "last_word": last_word,
    "majority": majority,
    "dawid_skene": dawid_skene,
    "ours": ours,
}


def _judged(evidence: Sequence[Evidence]) -> dict[str, str]:
    return {one.message_id: one.verdict.label_id for one in evidence if one.verdict and one.verdict.label_id}


def _table(evidence: Sequence[Evidence]) -> pd.DataFrame:
    """As crowd-kit reads it: a row for each word."""
    said = [(one.message_id, word.user_id, word.label_id) for one in evidence for word in one.words]
    return pd.DataFrame(said, columns=["task", "worker", "label"])


def _accuracy(problem: Problem, resolved: dict[str, str]) -> float:
    """Of the head that serves, fitted to these labels of messages."""
    row_of = {label: number for number, label in enumerate(problem.labels)}
    at = np.array([int(message_id) for message_id in resolved], dtype=np.int64)
    classes = np.array([row_of[label] for label in resolved.values()], dtype=np.int64)
    fitted = head.fit(problem.labels, problem.descriptions, problem.vectors[at], classes, None)
    return score(fitted.probabilities(problem.test_vectors), problem.test_classes).accuracy


if __name__ == "__main__":
    sys.exit(main())
