"""None of these: the likeness below which no label fits a message, so that few messages that have a label are missed.

Likeness is `Head.likeness`. `docs/decisions/0038-none-of-these.md` has the figures behind the choices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from learning.encoder import Vectors
from learning.head import Head

# Fewer random responses promise nothing: at a share of 5 % one of 20 may be missed.
PROMISE_MIN = 20
FOLDS = 5

Likeness = NDArray[np.float32]


def floor(true: Likeness, share: float) -> float | None:
    """The floor under which at most `share` of messages like these fall; None if there are too few to say.

    true: (messages,), of messages that have a label, drawn at random. Split conformal prediction (Vovk et al., 2005):
    the next message is equally likely to take each place among these n, so that it falls under the k-th lowest with a
    probability of at most k / (n + 1).
    """
    rank = math.floor(share * (len(true) + 1))
    return float(np.sort(true)[rank - 1]) if rank else None


def held_out(
    labelled: Mapping[str, str],
    vectors: Mapping[str, Vectors],
    fit: Callable[[Mapping[str, str]], Head],
) -> Likeness:
    """The likeness of each of these messages under a head that did not learn from it: (messages,).

    labelled: the label of every message that the head in service learned from; vectors: those of some of them,
    (dimensions,) each; fit: makes a head of labelled messages. What a head learned from fits it far better than what
    comes next: a floor made of that would call a quarter to three quarters of the true messages none.
    """
    ids = sorted(vectors)  # ids are random, so folds are too
    found = np.zeros(len(ids), dtype=np.float32)
    for fold in range(min(FOLDS, len(ids))):
        left_out = ids[fold::FOLDS]
        without = set(left_out)
        fitted = fit({one: label for one, label in labelled.items() if one not in without})
        found[fold::FOLDS] = fitted.likeness(np.stack([vectors[one] for one in left_out]))
    return found
