"""How often the model is right, in a reader's words: for the Home, `/corrigible status` and the digest."""

from __future__ import annotations

from bot.language.catalogues import _, many
from learning.evaluation import estimate
from learning.evaluation.accuracy import Accuracy

CONFIDENCE = f"{estimate.CONFIDENCE:.0%}"


def interval(one: Accuracy) -> str:
    """Return the share with its interval."""
    share = one.share
    return _("{share} ({confidence} interval: {low} to {high})").format(
        share=f"{share.value:.0%}", confidence=CONFIDENCE, low=f"{share.low:.0%}", high=f"{share.high:.0%}"
    )


def basis(one: Accuracy) -> str:
    """Return what the share rests on."""
    return many(
        "{number} message picked at random and reviewed",
        "{number} messages picked at random and reviewed",
        one.messages,
    )


def told(one: Accuracy | None) -> str:
    """Return a line about the accuracy now."""
    if one is None:
        return _("Too early to tell how accurate I am: reviewers settled no message picked at random yet.")
    return _("{share} of my answers are right, by {messages}.").format(
        share=interval(one), messages=basis(one)
    )
