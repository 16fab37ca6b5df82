"""small-text's query strategies over the same vectors and the same head as ours: the baseline of label savings."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from learning.active.query_strategies import Indices
from learning.encoders.encoder import Vectors
from learning.heads.head import Classes, Head

NAMES = (
    "RandomSampling",
    "BreakingTies",
    "LeastConfidence",
    "PredictionEntropy",
    "EmbeddingKMeans",
    "LightweightCoreset",
)
# It measures all distances anew for each row that it picks: minutes a seed.
SLOW_NAMES = ("GreedyCoreset",)


@dataclass(frozen=True)
class Replayed:
    """Where a replay stands. `vectors`: (rows, dimensions); `labelled`: rows with `classes`; the rest has no label."""

    vectors: Vectors
    labelled: Indices
    classes: Classes
    head: Head

    @property
    def unlabelled(self) -> Indices:
        return np.setdiff1d(np.arange(len(self.vectors)), self.labelled)


class Classifier:
    """As much of small-text's classifier as its query strategies ask for."""

    def __init__(self, head: Head) -> None:
        self._head = head

    def predict_proba(self, vectors: Vectors) -> Vectors:
        """(rows, labels) for (rows, dimensions)."""
        return self._head.probabilities(vectors)

    def embed(self, vectors: Vectors, return_proba: bool = False, pbar: object = None) -> Any:  # noqa: ARG002
        """The vectors are there already."""
        return (vectors, self.predict_proba(vectors)) if return_proba else vectors


def small_text(name: str) -> Callable[[Replayed, int, int], Indices]:
    """small-text's strategy of that name: picks `n` rows without a label.

    GreedyCoreset cannot begin from nothing, so its first batch is random.
    """
    from small_text import query_strategies

    with warnings.catch_warnings(action="ignore"):  # GreedyCoreset tells of its history
        strategy = getattr(query_strategies, name)()

    def choose(now: Replayed, n: int, seed: int) -> Indices:
        np.random.seed(seed % 2**32)  # small-text and scikit-learn's KMeans draw from this one
        if name == "GreedyCoreset" and not len(now.labelled):
            return np.random.choice(now.unlabelled, n, replace=False)
        rows: Indices = strategy.query(
            Classifier(now.head), now.vectors, now.unlabelled, now.labelled, now.classes, n=n
        )
        return rows

    return choose
