"""The watch: is a model that was promoted corrected more often than the one before it?

It may be looked at after every message; `learning/evaluation/duel.py` has the e-process and its sources.
"""

from __future__ import annotations

from dataclasses import dataclass

from learning.evaluation.duel import NEEDED, evidence, spoken
from learning.evaluation.estimate import accuracy

# What the prior takes a worse model to be: its rate, in limits, and how sure that is (Beta's first parameter). Median
# of messages until a rate is found that is 1.5 or 2 times the limit: 517 and 135 at a limit of 5 %, 197 and 50 at
# 12 %. With a uniform prior it is more than 600 and 221, 284 and 67, for most of that lies where few models ever are.
# A model that is wrong in half of its messages is found after 7 to 9, or 3 to 7 with a uniform prior.
WORSE = 2.0
SURENESS = 4.0


@dataclass(frozen=True)
class Rate:
    """How many of `seen` messages were corrected."""

    corrected: int
    seen: int


@dataclass(frozen=True)
class WatchStanding:
    """Whether a model is to be rolled back. evidence: NEEDED or more decides; reason: in words, without the model."""

    is_worse: bool
    evidence: float
    reason: str


def judge_soon(lately: Rate, settled: Rate, before: Rate, tolerance: float) -> WatchStanding:
    """Whether a model is worse, as soon as that is certain; the clearer of two judgements.

    lately: all of its messages, where silence speaks for the model although a correction may still come; settled: those
    that people had time to correct, which a rush of new messages does not dilute. Both show at most the evidence that
    the same messages show in the end, so a good model is rolled back no more often than if everyone had waited.
    """
    found = (judge(now, before, tolerance) for now in (lately, settled))
    return max(found, key=lambda one: one.evidence)


def judge(now: Rate, before: Rate, tolerance: float) -> WatchStanding:
    """Whether the rate of corrections is above that of the model before, and by more than is tolerated.

    tolerance: a share of messages, 0 or more. The model before is taken at the upper end of what its messages leave
    possible (Jeffreys' interval, 97.5 %), so that luck of its own rolls nobody back.
    """
    known = accuracy(before.corrected, before.seen)  # Jeffreys' interval serves any share
    limit = known.high + tolerance if known else 1.0
    if not now.seen:
        return WatchStanding(False, 1.0, "was not seen yet")
    if limit >= 1:
        return WatchStanding(
            False, 1.0, f"{_often(now)}; of the one before too little is known to compare them"
        )
    found = evidence(now.corrected, now.seen - now.corrected, limit, _prior(limit))
    reason = (
        f"{_often(now)}, the one before in {before.corrected:,} of {before.seen:,}; up to {limit:.1%} would be "
        f"tolerated ({spoken(found)})"
    )
    return WatchStanding(found >= NEEDED, found, reason)


def _prior(limit: float) -> tuple[float, float]:
    """Beta's parameters, with the mean WORSE limits, or half way to 1 where that is nearer."""
    mean = min(WORSE * limit, (1 + limit) / 2)
    return SURENESS, SURENESS * (1 - mean) / mean


def _often(rate: Rate) -> str:
    return f"is corrected in {rate.corrected:,} of {rate.seen:,} messages ({rate.corrected / rate.seen:.1%})"
