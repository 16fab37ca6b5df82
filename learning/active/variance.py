"""Which labels would tell most about the other messages: a Gaussian process over the encoder's vectors.

Choosing what takes most variance away is sequential transductive experimental design (Yu, Bi & Tresp, 2006) and goes
back to Cohn, Ghahramani & Jordan (1996). Weighing the variance by the head's doubt is ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.encoders.encoder import Vectors

# A label tells about messages as near as this (the scale of 1 - cosine), and is doubtful itself (noise's variance).
WIDTH = 0.4
NOISE = 0.2


def most_telling(vectors: Vectors, labelled: Vectors, doubt: Vectors, n: int) -> NDArray[np.int64]:
    """The `n` of `vectors` whose labels take most variance away, weighted by `doubt`; each is the best next one.

    vectors: (rows, dimensions); labelled: (labelled, dimensions); all of length 1. doubt: (rows,), between 0 and 1.
    """
    covariances = _covariances(vectors, labelled)
    variance = covariances.diagonal().copy()
    taken = np.square(covariances) @ doubt  # by each row, if it were next; brought up to date below
    told = np.empty((0, len(doubt)), dtype=np.float32)  # a row for each choice: what it tells about all
    chosen: list[int] = []
    while len(chosen) < n:
        gain = doubt * taken / (doubt * variance + NOISE)
        gain[chosen] = -np.inf
        best = int(gain.argmax())
        one = (covariances[best] - told[:, best] @ told) / np.sqrt(variance[best] + NOISE)
        weighted = doubt * one
        taken += one * (one * (one @ weighted) - 2 * (covariances @ weighted - (told @ weighted) @ told))
        variance = np.maximum(variance - np.square(one), 0)
        told = np.vstack([told, one])
        chosen.append(best)
    return np.array(chosen, dtype=np.int64)


def _covariances(vectors: Vectors, labelled: Vectors) -> Vectors:
    """What is still unknown about `vectors` once `labelled` are known, (vectors, vectors)."""
    from scipy.linalg import solve_triangular

    between = _kernel(vectors, labelled)  # (vectors, labelled)
    noisy = _kernel(labelled, labelled) + NOISE * np.eye(len(labelled), dtype=np.float32)
    told = solve_triangular(np.linalg.cholesky(noisy), between.T, lower=True) if len(labelled) else between.T
    covariances: Vectors = _kernel(vectors, vectors) - told.T @ told
    return covariances


def _kernel(some: Vectors, others: Vectors) -> Vectors:
    kernel: Vectors = np.exp((some @ others.T - 1) / WIDTH)
    return kernel
