"""Offering: how many of the likeliest labels a question offers, so that the right one is seldom missing.

Split conformal prediction sets, by the probability of each label (Sadinle et al., 2019), within what a card shows.
`docs/decisions/0038-none-of-these.md` has the figures behind the choices.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from learning.heads.head import Ranked
from learning.heads.none_of_these import PROMISE_MIN, floor

# So many while nothing can be promised yet.
OFFERED = 3
OFFERED_MIN = 2
# More buttons take longer to read than the list of all labels.
OFFERED_MAX = 5


def margin(ranked: Ranked) -> float:
    """How far the likeliest label is ahead of the next, 0 to 1 (Scheffer et al., 2001)."""
    return ranked[0][1] - ranked[1][1] if len(ranked) > 1 else 1.0


def offered(ranked: Ranked, at: float) -> int:
    """How many of the likeliest labels to offer: those that are at least `at` likely, within what a card shows."""
    likely = sum(probability >= at for _, probability in ranked[:OFFERED_MAX])
    return min(max(likely, OFFERED_MIN), len(ranked))


def highest(ranked: Ranked, right: str) -> float:
    """The highest `at` with which the right label is offered: 1 if it always is, 0 if it never is."""
    place = next((place for place, (label_id, _) in enumerate(ranked) if label_id == right), OFFERED_MAX)
    if place < OFFERED_MIN:
        return 1.0
    return ranked[place][1] if place < OFFERED_MAX else 0.0


def likely_enough(questions: Iterable[tuple[Ranked, str]], share: float) -> tuple[float | None, int]:
    """How likely a label must be to be offered, so that the right one is missing from at most `share` of such
    questions; and how many questions that was made of. None if they are too few to promise anything, 0 if not even
    OFFERED_MAX labels keep the promise.

    questions: what a head that did not learn from a message says of it, and its right label. As for `floor`, the next
    question is equally likely to take each place among these: its right label is missing only if it is under the k-th
    lowest.
    """
    found = np.array([highest(ranked, right) for ranked, right in questions], dtype=np.float64)
    return (floor(found, share) if len(found) >= PROMISE_MIN else None), len(found)
