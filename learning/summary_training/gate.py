"""The gate for summaries: champion against challenger on the held-out ones, with the reason in words.

Unlike classifiers the two do not go on side by side: two summaries of everything would be spam. What the holdout can't
tell leaves the champion in service, and operators may promote the challenger all the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from learning.evaluation.gate import CONFIDENCE, RESAMPLES, Difference, Judgement
from storage.tables.models import Decision

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class SummaryLimits:
    """What a challenger may not do, whatever it gains.

    margin: points of ROUGE-L that may be lost; unfounded: by how much the share of sentences may grow that the
    messages do not support; least: held-out summaries below which nothing is decided.
    """

    margin: float = 1.0
    unfounded: float = 0.1
    least: int = 8


@dataclass(frozen=True)
class SummaryContender:
    """What one of the two made of the held-out conversations.

    rouge: (summaries,) ROUGE-L against what people settled, 0 to 100; unfounded: share of sentences that were marked;
    seconds: for one summary, on average.
    """

    rouge: Scores
    unfounded: float
    seconds: float


def judge(
    champion: SummaryContender, challenger: SummaryContender, limits: SummaryLimits, seed: int
) -> Judgement:
    """Refuse or promote. The interval is the paired bootstrap's (Efron & Tibshirani, 1993)."""
    number = len(challenger.rouge)
    if number < limits.least:
        reason = (
            f"{number} settled summaries are held out and {limits.least} are needed to tell which of the two is "
            "better, so the one in service stays"
        )
        return Judgement(Decision.REFUSE, reason, {"summaries": number})
    found = _difference(champion.rouge, challenger.rouge, seed)
    figures = {
        "summaries": number,
        "rouge_l": asdict(found),
        "unfounded": [champion.unfounded, challenger.unfounded],
        "seconds": [champion.seconds, challenger.seconds],
    }
    between = f"{found.low:+.1f} to {found.high:+.1f}"
    if challenger.unfounded - champion.unfounded > limits.unfounded:
        reason = (
            f"{challenger.unfounded:.0%} of its sentences are not supported by the messages, of the champion's "
            f"{champion.unfounded:.0%}"
        )
        return Judgement(Decision.REFUSE, reason, figures)
    if found.high < -limits.margin:
        return Judgement(Decision.REFUSE, f"ROUGE-L falls by {-found.value:.1f} points ({between})", figures)
    if found.low > 0:
        reason = f"ROUGE-L rises by {found.value:.1f} points on {number} held-out summaries ({between})"
        return Judgement(Decision.PROMOTE, reason, figures)
    reason = (
        f"{number} held-out summaries can't tell: ROUGE-L moves by {found.value:+.1f} points ({between}), so the one "
        "in service stays"
    )
    return Judgement(Decision.REFUSE, reason, figures)


def _difference(champion: Scores, challenger: Scores, seed: int) -> Difference:
    gained = challenger - champion
    random = np.random.default_rng(seed)
    resampled = random.choice(gained, size=(RESAMPLES, len(gained))).mean(axis=1)
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Difference(float(gained.mean()), float(low), float(high))
