"""The report on a run's data: how much there is of what, and what looks wrong. It names messages and quotes none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.data.examples import Example, LabelTarget
from learning.encoders.encoder import Vectors
from learning.evaluation.metrics import languages_of
from learning.heads.centring import centred, mean_of
from learning.heads.head import Classes

NEIGHBOURS = 5
# As far below the median as this many median deviations: rarer than one in ten thousand, were they normal.
OUTLYING = 4.0
FOLDS = 5
# More than people look at between two runs.
SUSPECTS_MOST = 1_000
BLOCK = 1_024


@dataclass(frozen=True)
class Suspect:
    """An example whose label looks wrong: what it has, and what the others suggest."""

    id: str
    label_id: str
    suggested: str
    confidence: float


@dataclass(frozen=True)
class Examination:
    """`lengths`: words, as shortest, median, 95 % and longest. `duplicates`: groups of ids that say nearly the same;
    `conflicts`: those of them whose labels differ; `outliers`: ids of texts like no other.
    """

    examples: int
    counts: dict[str, int]
    lengths: tuple[float, float, float, float]
    languages: dict[str, int]
    duplicates: list[list[str]]
    conflicts: list[list[str]]
    outliers: list[str]
    suspects: list[Suspect]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def examine(
    examples: Sequence[Example],
    groups: Sequence[int],
    vectors: Vectors,
    targets: Sequence[LabelTarget],
    seed: int,
) -> Examination:
    """What there is to say of the examples.

    groups: (examples,), the same number for texts that say nearly the same; vectors: (examples, dimensions), rows of
    length 1.
    """
    one_of_each = np.unique(groups, return_index=True)[
        1
    ]  # what is said again and again is not what all share
    vectors = centred(vectors, mean_of(vectors[one_of_each]))
    row = {target.id: number for number, target in enumerate(targets)}
    classes = np.array([row[example.label_id] for example in examples], dtype=np.int64)
    counts = Counter(example.label_id for example in examples)
    words = [len(example.text.split()) for example in examples]
    alike = _alike(examples, groups)
    return Examination(
        examples=len(examples),
        counts={target.name: counts[target.id] for target in targets},
        lengths=tuple(float(value) for value in np.quantile(words, [0, 0.5, 0.95, 1])),  # type: ignore[arg-type]
        languages=dict(Counter(languages_of([example.text for example in examples])).most_common()),
        duplicates=[[one.id for one in group] for group in alike],
        conflicts=[[one.id for one in group] for group in alike if len({one.label_id for one in group}) > 1],
        outliers=[examples[at].id for at in _outliers(vectors, groups)],
        suspects=[
            Suspect(examples[at].id, examples[at].label_id, targets[other].id, sure)
            for at, other, sure in suspects(vectors, classes, seed)
        ],
    )


def _alike(examples: Sequence[Example], groups: Sequence[int]) -> list[list[Example]]:
    found: dict[int, list[Example]] = defaultdict(list)
    for example, group in zip(examples, groups, strict=True):
        found[group].append(example)
    return [group for group in found.values() if len(group) > 1]


def _outliers(vectors: Vectors, groups: Sequence[int]) -> list[int]:
    """Rows whose mean cosine to their nearest neighbours is far below the others' (by median and its deviation).

    One of each group tells what is usual: else, where most are copies, all that is no copy would lie far out.
    """
    if len(vectors) <= 2 * NEIGHBOURS:
        return []
    near = np.concatenate(
        [
            np.sort(vectors[start : start + BLOCK] @ vectors.T, axis=1)[:, -NEIGHBOURS - 1 : -1].mean(axis=1)
            for start in range(0, len(vectors), BLOCK)
        ]
    )
    usual = near[np.unique(groups, return_index=True)[1]]
    deviation = 1.4826 * float(np.median(np.abs(usual - np.median(usual))))
    return [int(at) for at in np.flatnonzero(near < np.median(usual) - OUTLYING * max(deviation, 1e-6))]


def suspects(vectors: Vectors, classes: Classes, seed: int) -> Iterator[tuple[int, int, float]]:
    """Row, suggested class and its probability, most suspicious first (confident learning: Northcutt et al., 2021)."""
    labels, counts = np.unique(classes, return_counts=True)
    usable = np.flatnonzero(np.isin(classes, labels[counts >= FOLDS]))
    kept = np.unique(classes[usable])
    if len(kept) < 2:
        return
    from cleanlab.filter import find_label_issues

    own = np.searchsorted(kept, classes[usable])
    probabilities = _out_of_sample(vectors[usable], own, seed)
    found = find_label_issues(own, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    for at in list(found)[:SUSPECTS_MOST]:
        other = int(probabilities[at].argmax())
        yield int(usable[at]), int(kept[other]), float(probabilities[at, other])


def _out_of_sample(vectors: Vectors, classes: Classes, seed: int) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    model = LogisticRegression(C=10.0, max_iter=300)
    found: NDArray[np.float64] = cross_val_predict(model, vectors, classes, cv=folds, method="predict_proba")
    return found
