"""How far reviewers agree with each other, where several of them answered the same message on their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlmodel import Session

from learning.evaluation import estimate
from learning.evaluation.estimate import Interval
from storage.feedback import responses
from storage.tables.feedback import Panel

# Of fewer messages the coefficient says nothing.
MIN_FOR_ALPHA = 10


@dataclass(frozen=True)
class Agreement:
    """On how many of the messages that several reviewers answered all of them agreed, and what share that is.

    `alpha`: Krippendorff's (1 is full agreement, 0 what chance would do); None for fewer than MIN_FOR_ALPHA messages,
    and if everybody chose one and the same label, which can't be told from chance.
    """

    messages: int
    agreed: int
    share: Interval
    alpha: float | None


def read(session: Session, team_id: str, panels: Collection[Panel]) -> Agreement | None:
    """How far a team's reviewers agree; None if no message was answered by several."""
    found = responses.panels(session, team_id, panels)
    return measure([list(said.values()) for said in found.values()])


def measure(answered: Collection[Collection[str | None]]) -> Agreement | None:
    """What these answers come to: for each message the labels that reviewers chose, at least two; None: discarded."""
    agreed = sum(len(set(labels)) == 1 for labels in answered)
    share = estimate.accuracy(agreed, len(answered))
    if share is None:
        return None
    coefficient = alpha(answered) if len(answered) >= MIN_FOR_ALPHA else None
    return Agreement(len(answered), agreed, share, coefficient)


def alpha(answered: Iterable[Collection[str | None]]) -> float | None:
    """Krippendorff's alpha for nominal data (Krippendorff, 2011); None if only one label was ever chosen.

    A message may have any number of answers from two on, by any of the reviewers.
    """
    observed = 0.0
    every: Counter[str | None] = Counter()
    for labels in answered:
        counts = Counter(labels)
        observed += _unlike_pairs(counts) / (counts.total() - 1)
        every += counts
    by_chance = _unlike_pairs(every) / (every.total() - 1) if every.total() > 1 else 0.0
    return 1 - observed / by_chance if by_chance else None


def _unlike_pairs(counts: Counter[str | None]) -> int:
    return counts.total() ** 2 - sum(number**2 for number in counts.values())
