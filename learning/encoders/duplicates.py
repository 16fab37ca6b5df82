"""Texts that say nearly the same: they must not be on both sides of a split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from learning.encoders.encoder import Vectors

AT_LEAST = 0.95
BLOCK = 256


def groups_of(texts: Sequence[str], vectors: Vectors) -> NDArray[np.int64]:
    """A number for each text, the same for texts that say nearly the same, also over others between them.

    vectors: (texts, dimensions), rows of length 1 (or 0: alike to none). Alike are texts of the same words, and those
    whose cosine is AT_LEAST. In memory a block of BLOCK rows at a time.
    """
    first: dict[str, int] = {}
    same = [first.setdefault(" ".join(text.casefold().split()), row) for row, text in enumerate(texts)]
    numbers: NDArray[np.int64] = np.array(same, dtype=np.int64)
    for start in range(0, len(texts), BLOCK):
        row, column = np.nonzero(vectors[start : start + BLOCK] @ vectors.T >= AT_LEAST)
        one, other = numbers[row + start], numbers[column]
        apart = one != other  # copies of one text are together already: of many no pairs are kept
        if apart.any():
            numbers = _merged(numbers, one[apart], other[apart])
    return numbers


def _merged(
    numbers: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The numbers after each pair of them became one."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    size = len(numbers)
    alike = coo_matrix((np.ones(len(one), dtype=bool), (one, other)), shape=(size, size))
    components: NDArray[np.int64] = connected_components(alike, directed=False)[1].astype(np.int64)
    return components[numbers]
