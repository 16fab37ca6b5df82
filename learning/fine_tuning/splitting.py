"""The validation split: stratified, and never with nearly the same text on both sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.heads.head import Classes

# With fewer examples a validation split tells too little, and costs too much of what there is to learn from.
EXAMPLES_LEAST = 1_000


def validation(
    classes: Classes, groups: NDArray[np.int64] | None, share: float, seed: int
) -> NDArray[np.bool_]:
    """Which examples to validate on: about a `share` of each class with more than one group, none of few examples.

    classes, groups: (examples,).
    """
    held = np.zeros(len(classes), dtype=bool)
    if len(classes) < EXAMPLES_LEAST or not share:
        return held
    together = np.arange(len(classes)) if groups is None else groups
    random = np.random.default_rng(seed)
    taken, owed = 0, 0.0
    for label in np.unique(classes):
        own = random.permutation(np.unique(together[classes == label]))
        owed += share * int((classes == label).sum())
        for group in own[:-1]:  # one group of each class is always learned from
            if taken >= owed:
                break
            members = (together == group) & ~held
            held |= members
            taken += int(members.sum())
    return held
