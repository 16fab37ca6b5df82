"""The adapter: a projection of centred embeddings in which messages of one label lie closer together.

Trained by a supervised contrastive loss (Khosla et al., 2020) in a few steps from the identity: more steps learn the
examples by heart. It takes a tenth of a second, and the same examples give the same adapter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.encoders.encoder import Vectors

# Fewer say too little; what a few broad labels have in common is no reason to draw their messages together.
MIN_EXAMPLES, MIN_LABELS = 50, 20
# Of more a sample is learned from, as many of each label as there are: each step compares all with all.
MAX_EXAMPLES = 800
STEPS = 8
RATE = 1e-3
TEMPERATURE = 0.1
# Adam's (Kingma & Ba, 2015).
FIRST, SECOND, SMALL = 0.9, 0.999, 1e-8

Classes = NDArray[np.int64]


def learn(vectors: Vectors, classes: Classes) -> Vectors:
    """(dimensions, dimensions), for `vectors @ projection`.

    vectors: (examples, dimensions), centred; classes: (examples,).
    """
    chosen = sample(classes)
    vectors, classes = vectors[chosen], classes[chosen]
    is_same = classes[:, None] == classes
    np.fill_diagonal(is_same, False)
    number = is_same.sum(axis=1)
    share = is_same / np.maximum(number, 1)[:, None] / max(int((number > 0).sum()), 1)
    projection = np.eye(vectors.shape[1], dtype=np.float32)
    first, second = np.zeros_like(projection), np.zeros_like(projection)
    for step in range(1, STEPS + 1):
        gradient = _gradient(vectors, projection, share.astype(np.float32))
        first += (1 - FIRST) * (gradient - first)
        second += (1 - SECOND) * (np.square(gradient) - second)
        towards = first / (1 - FIRST**step) / (np.sqrt(second / (1 - SECOND**step)) + SMALL)
        projection -= RATE * towards
    return projection


def adapted(vectors: Vectors, projection: Vectors | None) -> Vectors:
    """Centred embeddings, (rows, dimensions), projected and of length 1 again; themselves if there is no projection."""
    if projection is None:
        return vectors
    projected = vectors @ projection
    lengths = np.sqrt(np.einsum("ij,ij->i", projected, projected))
    projected *= (1.0 / np.maximum(lengths, SMALL)).astype(np.float32)[:, None]
    return projected


def _gradient(vectors: Vectors, projection: Vectors, share: Vectors) -> Vectors:
    """Of the loss: (dimensions, dimensions). share: (rows, rows), how much each row should look like each other."""
    projected = vectors @ projection
    lengths = np.sqrt(np.einsum("ij,ij->i", projected, projected)).clip(SMALL)[:, None]
    unit = projected / lengths
    logits = unit @ unit.T / TEMPERATURE
    np.fill_diagonal(logits, -np.inf)
    likelihood = np.exp(logits - logits.max(axis=1, keepdims=True))
    likelihood *= share.sum(axis=1, keepdims=True) / likelihood.sum(axis=1, keepdims=True)
    pull = (likelihood - share) / TEMPERATURE
    of_unit = (pull + pull.T) @ unit
    of_projected = (of_unit - unit * (of_unit * unit).sum(axis=1, keepdims=True)) / lengths
    gradient: Vectors = (vectors.T @ of_projected).astype(np.float32)
    return gradient


def sample(classes: Classes) -> Classes:
    """Rows to learn from, in order: of labels with many examples only so many that all together are few enough."""
    if len(classes) <= MAX_EXAMPLES:
        return np.arange(len(classes))
    shuffled = np.random.default_rng(0).permutation(len(classes))
    order = np.argsort(classes[shuffled], kind="stable")
    sorted_classes = classes[shuffled][order]
    rank = np.arange(len(classes)) - np.searchsorted(sorted_classes, sorted_classes)  # within its label
    chosen = shuffled[order[np.argsort(rank, kind="stable")[:MAX_EXAMPLES]]]
    return np.sort(chosen)
