"""None of these: the likeness below which no label fits a message, so that few messages that have a label are missed.

Likeness is `Head.likeness`. `docs/decisions/0038-none-of-these.md` has the figures behind the choices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.encoders.encoder import Vectors
from learning.heads.head import Head, Ranked

# Fewer random responses promise nothing: at a share of 5 % one of 20 may be missed.
PROMISE_MIN = 20
FOLDS = 5

RANKED_MAX = 10

Likeness = NDArray[np.float32]


@dataclass(frozen=True)
class HeldOutJudgement:
    """What a head that did not learn from a message says of it: how well any label fits, and the likeliest ones."""

    likeness: float
    ranked: Ranked


def floor(true: NDArray[np.floating], share: float) -> float | None:
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
) -> dict[str, HeldOutJudgement]:
    """What a head that did not learn from it says of each of these messages.

    labelled: the label of every message that the head in service learned from; vectors: those of some of them,
    (dimensions,) each; fit: makes a head of labelled messages. What a head learned from fits it far better than what
    comes next: a floor made of that would call a quarter to three quarters of the true messages none.
    """
    ids = sorted(vectors)  # ids are random, so folds are too
    found: dict[str, HeldOutJudgement] = {}
    for fold in range(min(FOLDS, len(ids))):
        left_out = ids[fold::FOLDS]
        without = set(left_out)
        fitted = fit({one: label for one, label in labelled.items() if one not in without})
        read = np.stack([vectors[one] for one in left_out])
        found |= zip(left_out, judged_by(fitted, read), strict=True)
    return found


def likeness_of(judged: Mapping[str, HeldOutJudgement]) -> Likeness:
    """The likeness of each: (messages,)."""
    return np.array([one.likeness for one in judged.values()], dtype=np.float32)


def judged_by(fitted: Head, vectors: Vectors) -> list[HeldOutJudgement]:
    """What a head says of messages, (messages, dimensions), that it did not learn from."""
    likeness, rankings = fitted.likeness(vectors), fitted.ranked(vectors, RANKED_MAX)
    return [HeldOutJudgement(float(one), ranked) for one, ranked in zip(likeness, rankings, strict=True)]
