"""Suspicion: is a burst of corrections one that an honest user would give?

Being quick proves nothing. What is compared is what the corrections say with what a model thinks that learned from
nobody but reviewers, imports, the labels' own texts and users who are trusted: `docs/decisions/0022-trust.md`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.encoders.encoder import Vectors
from learning.heads.head import Classes
from storage.feedback.corrections import Latest

# Looked at is what one user said of so many messages, at least and at most: within a week, unless they are trusted, and
# within some minutes, also if they are: somebody else may be using the account.
WINDOW_S = 7 * 86_400.0
QUICK_S = 600.0
LEAST, MOST = 15, 60
# And again after so many more corrections, and so much more.
AGAIN_AFTER, AGAIN_FACTOR = 5, 1.25
# Somebody honest is taken to be right in so many cases, somebody hostile at most in so many.
HONEST, HOSTILE = 0.95, 0.35
# A burst is held back if it is so many times likelier from the second than from the first.
FLAGGED_FROM = 20.0
# How often anything may happen that the model finds impossible.
SURPRISE = 0.1
# A model that is less sure of its answers than this, on average, accuses nobody: it knows too little.
SURE = 0.45


@dataclass(frozen=True)
class Likelihoods:
    """Of each correction of a burst, how likely it is if it is right, and if it is wrong, up to a common factor.

    Both: (corrections,).
    """

    right: NDArray[np.float64]
    wrong: NDArray[np.float64]


def is_telling(confidence: float) -> bool:
    """Does a model that is so sure of its answers, on average, know enough to accuse anybody?"""
    return SURE <= confidence < 1.0


def likelihoods(probabilities: Vectors, said: Classes, shown: Classes, confidence: float) -> Likelihoods:
    """What a model thinks of corrections.

    probabilities: (corrections, labels), labels >= 2, what the model thinks of the messages; said, shown:
    (corrections,), what the user said of each and what the bot had said, -1 if that is no label in use; confidence:
    how often the bot's answers to messages that nobody chose are right, as the model has it.

    Whoever confirms an answer does so, if honest, where it is right, and else where it is wrong; whoever changes it
    does so where it is wrong, and else anywhere. How often somebody confirms shows nothing: many speak up only against
    mistakes.
    """
    own = probabilities[np.arange(len(said)), said].astype(np.float64)
    is_confirmed = said == shown
    error = 1.0 - confidence
    right = np.where(is_confirmed, own / confidence, own / error)
    wrong = np.where(is_confirmed, (1.0 - own) / error, 1.0 / (probabilities.shape[1] - 1))
    return Likelihoods((1.0 - SURPRISE) * right + SURPRISE * wrong, wrong)


def is_hostile(found: Likelihoods) -> bool:
    """Is a burst FLAGGED_FROM times likelier from somebody who is mostly wrong than from somebody honest?"""
    honest = HONEST * found.right + (1.0 - HONEST) * found.wrong
    hostile = HOSTILE * found.right + (1.0 - HOSTILE) * found.wrong
    return float(np.log(hostile / honest).sum()) >= math.log(FLAGGED_FROM)


def share_right(found: Likelihoods, rounds: int = 60) -> float:
    """The likeliest share of right corrections in a burst, by expectation maximization."""
    share = 0.5
    for _round in range(rounds):
        of_right = share * found.right
        share = float((of_right / (of_right + (1.0 - share) * found.wrong)).mean())
    return share


@dataclass(frozen=True)
class Lately:
    """What one user said lately, oldest first."""

    words: list[Latest]

    @property
    def number(self) -> int:
        """Of how many messages they spoke."""
        return len({word.message_id for word in self.words})

    @property
    def is_enough(self) -> bool:
        return self.number >= LEAST

    @property
    def last(self) -> list[Latest]:
        """Their latest word on each of the MOST messages of which they spoke last."""
        latest = {word.message_id: word for word in self.words}
        return sorted(latest.values(), key=lambda word: word.created_at)[-MOST:]

    @property
    def quick(self) -> Lately:
        """Of this, what came within QUICK_S seconds up to their latest word."""
        since = self.words[-1].created_at - QUICK_S
        return Lately([word for word in self.words if word.created_at > since])


def lately(said: Iterable[Latest]) -> dict[str, Lately]:
    """By user, what they said lately, if it is enough to be looked at. said: oldest first."""
    by_user: dict[str, list[Latest]] = {}
    for word in said:
        by_user.setdefault(word.user_id, []).append(word)
    found = {user_id: Lately(words) for user_id, words in by_user.items()}
    return {user_id: one for user_id, one in found.items() if one.is_enough}
