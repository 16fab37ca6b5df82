"""Clusters of vectors of length 1 by cosine: k-means on a sample, quick enough for a hundred thousand vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.encoders.encoder import Vectors

SAMPLE = 10_000
ITERATIONS = 12
BLOCK = 8_192
SAME = 1e-6  # by so little copies may differ, because of rounding


def cluster(vectors: Vectors, number: int, seed: int) -> Vectors:
    """Up to `number` centres of length 1, (centres, dimensions), by spherical k-means (Dhillon & Modha, 2001).

    It begins at k-means++ places (Arthur & Vassilvitskii, 2007) and looks at SAMPLE vectors at most.
    """
    random = np.random.default_rng(seed)
    sample = vectors
    if len(vectors) > SAMPLE:
        sample = vectors[np.sort(random.choice(len(vectors), SAMPLE, replace=False))]
    centres = _spread(sample, min(number, len(sample)), random)
    for _ in range(ITERATIONS):
        of = nearest_centre(sample, centres)
        moved = _means(sample, of, centres)
        if np.allclose(moved, centres, atol=1e-4):
            break
        centres = moved
    return centres


def nearest_centre(vectors: Vectors, centres: Vectors) -> NDArray[np.int64]:
    """For each vector the row of the centre that is most similar to it."""
    blocks = [vectors[start : start + BLOCK] @ centres.T for start in range(0, len(vectors), BLOCK)]
    return np.concatenate([np.argmax(one, axis=1) for one in blocks] or [np.empty(0, dtype=np.int64)])


def _spread(vectors: Vectors, number: int, random: np.random.Generator) -> Vectors:
    """Places that are likely to be far from each other."""
    chosen = [int(random.integers(len(vectors)))]
    distance = np.maximum(1 - vectors @ vectors[chosen[0]], 0)
    while len(chosen) < number:
        distance = np.where(distance > SAME, distance, 0)
        if not distance.any():  # nothing but copies is left
            break
        chosen.append(int(random.choice(len(vectors), p=distance / distance.sum())))
        distance = np.minimum(distance, np.maximum(1 - vectors @ vectors[chosen[-1]], 0))
    return vectors[chosen]


def _means(vectors: Vectors, of: NDArray[np.int64], centres: Vectors) -> Vectors:
    sums = np.zeros_like(centres)
    np.add.at(sums, of, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    means: Vectors = np.where(lengths > 1e-9, sums / np.maximum(lengths, 1e-9), centres).astype(np.float32)
    return means
